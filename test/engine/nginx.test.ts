import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { parseNginx } from "../../src/formats/nginx.ts";
import { standaloneNginx } from "../../src/stack/proxy/effective.ts";
import { headersAt, proxyHeadersAt } from "../../src/stack/proxy/inherit.ts";
import { type Route, route } from "../../src/stack/proxy/route.ts";

const binary =
  ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"].find(path => existsSync(path)) ?? "nginx";
const present = spawnSync(binary, ["-v"]).status === 0;
const required = process.env["SHIPWORTHY_ENGINE"] === "required";
if (!present && !required)
  console.warn(
    "skipped: nginx is not installed (Debian package nginx), its configuration is not compared with it",
  );

const folder = mkdtempSync(join(tmpdir(), "nginx-oracle-"));
chmodSync(folder, 0o755);
mkdirSync(join(folder, "logs"));
const socket = join(folder, "web.sock");
let running: ChildProcess | undefined;

afterEach(() => stop());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(text: string): string {
  const path = join(folder, "nginx.conf");
  writeFileSync(path, text);
  return path;
}

function test(text: string): string | undefined {
  const { status, stderr } = spawnSync(binary, ["-t", "-p", folder, "-c", write(text), "-e", "stderr"], {
    encoding: "utf8",
  });
  return status === 0 ? undefined : stderr;
}

const wrap = (http: string, servers: string): string => `
daemon off; master_process off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/logs/error.log;
events { worker_connections 64; }
http { access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s; ${http} ${servers} }`;

/** Ready once the pid is written: nginx listens before that. */
async function start(text: string): Promise<void> {
  rmSync(socket, { force: true });
  rmSync(join(folder, "pid"), { force: true });
  running = spawn(binary, ["-p", folder, "-c", write(text), "-e", join(folder, "logs/start.log")], {
    stdio: "ignore",
  });
  for (let i = 0; i < 500 && !existsSync(join(folder, "pid")); i++)
    await new Promise(done => setTimeout(done, 10));
}

async function stop(): Promise<void> {
  const child = running;
  running = undefined;
  if (!child) return;
  const ended = new Promise(done => child.once("exit", done));
  child.kill("SIGTERM");
  await ended;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

function get(path: string, host = "a.example"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath: socket, path, headers: { Host: host, Connection: "close" } },
      response => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", chunk => (body += chunk));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      },
    );
    call.on("error", reject);
    call.end();
  });
}

/** What nginx would answer by our reading; every location of the generated files answers with its own number. */
function predict({ outcome }: Route): string {
  if (outcome.kind === "redirect301slash") return `301 ${outcome.to}`;
  if (outcome.kind === "proxy") return `proxy ${outcome.upstream?.name.value} ${outcome.uri}`;
  if (outcome.kind === "return") return `return ${outcome.to}`;
  return outcome.kind;
}

function observe({ status, headers, body }: Answer): string {
  if (status === 301) return `301 ${new URL(String(headers["location"]), "http://x").pathname}`;
  return status === 404 ? "static" : body;
}

describe.skipIf(!present && !required)("nginx", () => {
  it("reads words as nginx does", async () => {
    const char = fc.constantFrom(..."ab\\\"'{};# \t\n}()$".split(""));
    const word = fc.array(char, { minLength: 1, maxLength: 8 }).map(chars => chars.join(""));
    const words = fc.sample(word, { numRuns: 400, seed: 11 });
    const accepted: { text: string; value: string }[] = [];
    for (const text of words) {
      const line = `location = /w { return 200 ${text}; }`;
      const { model, problems } = parseNginx({ path: "nginx.conf", text: line });
      const answer = model.directives[0]?.block?.[0];
      // Only what we take for one clean word; variables are another matter.
      if (
        problems.length > 0 ||
        answer?.args.length !== 2 ||
        model.directives.length !== 1 ||
        text.includes("$")
      )
        continue;
      if (answer.block || model.directives[0]?.block?.length !== 1) continue;
      accepted.push({ text, value: answer.args[1]!.value });
    }
    expect(accepted.length).toBeGreaterThan(40);
    const locations = accepted.map(({ text }, i) => `location = /${i} { return 200 ${text}; }`).join("\n");
    const config = wrap("", `server { listen unix:${socket}; ${locations} }`);
    expect(test(config)).toBeUndefined();
    await start(config);
    for (const [i, { value }] of accepted.entries()) expect((await get(`/${i}`)).body).toBe(value);
  });

  it("accepts what nginx accepts", () => {
    const part = fc.constantFrom(
      "server_tokens off;",
      "\n",
      " ",
      "server {",
      "}",
      "location /a {",
      "return 200 'a;b';",
      "# c }\n",
      'add_header A "b}";',
      "server_tokens off",
      "'",
      ";",
      "root /r",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 10 }), parts => {
        const text = wrap("", `server { ${parts.join(" ")} }`);
        const error = test(text);
        const { problems } = parseNginx({ path: "nginx.conf", text });
        // Directives in the wrong place or repeated are no matter of syntax.
        if (error === undefined) expect(problems).toEqual([]);
        else if (/unexpected|unterminated|is not terminated/.test(error)) expect(problems).not.toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it("chooses locations as nginx does", { timeout: 300_000 }, async () => {
    const path = fc.constantFrom("/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "/a/b.php", "/b", "/b/a");
    const regex = fc.constantFrom("b$", "^/a", "\\.php$", "^/(a|b)/", "A");
    const modified = fc.oneof(
      fc.record({ modifier: fc.constantFrom("", "", "=", "^~"), path }),
      fc.record({ modifier: fc.constantFrom("~", "~*"), path: regex }),
    );
    const body = fc.constantFrom(
      "return",
      "return",
      "proxy",
      "proxy-uri",
      "try",
      "rewrite-break",
      "rewrite-last",
    );
    const server = fc.uniqueArray(fc.tuple(modified, body), {
      maxLength: 6,
      selector: ([location]) => location.modifier.replace("^~", "") + location.path,
    });
    const samples = fc.sample(server, { numRuns: 60, seed: 5 });
    const questions = ["/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "/a/b.php", "/b", "/b/a", "/b/", "/c"];
    for (const locations of samples) {
      const lines = locations.map(([{ modifier, path: where }, kind], i) => {
        const named = modifier.startsWith("~");
        if (kind === "proxy" || (kind === "proxy-uri" && named))
          return `location ${modifier} ${where} { proxy_pass http://up${i}; }`;
        if (kind === "proxy-uri") return `location ${modifier} ${where} { proxy_pass http://up${i}/n/; }`;
        if (kind === "try")
          return `location ${modifier} ${where} { root ${folder}/none; try_files $uri @late; }`;
        if (kind === "rewrite-break")
          return `location ${modifier} ${where} { rewrite ^/(.)(.*)$ /$1-$2 break; proxy_pass http://up${i}; }`;
        if (kind === "rewrite-last")
          return `location ${modifier} ${where} { rewrite ^/a(.*)$ /b$1 last; return 200 "return late-${i}"; }`;
        return `location ${modifier} ${where} { return 200 "return ${i}"; }`;
      });
      const upstreams = locations
        .map((_, i) => `upstream up${i} { server unix:${folder}/up.sock; }`)
        .join("\n");
      const back = `server { listen unix:${folder}/up.sock; return 200 "proxy $http_x_up $request_uri"; }`;
      const text = wrap(
        `proxy_set_header X-Up $proxy_host; ${upstreams} ${back}`,
        `server { listen unix:${socket}; listen 127.0.0.1:8089; root ${folder}/none; ${lines.join("\n")} location @late { return 200 "return late"; } }`,
      );
      expect(test(text), text).toBeUndefined();
      rmSync(join(folder, "up.sock"), { force: true });
      await start(text);
      const effective = standaloneNginx({ path: "nginx.conf", text });
      for (const question of questions) {
        const ours = predict(route(effective, { port: 8089, host: "a.example", path: question })).replace(
          /^return return/,
          "return",
        );
        expect(`${question} -> ${ours}`, lines.join("\n")).toBe(
          `${question} -> ${observe(await get(question))}`,
        );
      }
      await stop();
    }
  });

  it("hands headers down as nginx does", async () => {
    const header = fc.constantFrom("A", "B", "C", "Host");
    const list = fc.uniqueArray(header, { maxLength: 2 });
    const samples = fc.sample(fc.tuple(list, list, list, list, list, list), { numRuns: 30, seed: 3 });
    for (const [http, server, location, httpProxy, serverProxy, locationProxy] of samples) {
      const add = (level: string, names: string[]) =>
        names
          .filter(name => name !== "Host")
          .map(name => `add_header ${name} ${level};`)
          .join(" ");
      const set = (level: string, names: string[]) =>
        names.map(name => `proxy_set_header ${name} ${level};`).join(" ");
      // A header of its own keeps those of the http level out of what the server behind answers.
      const back = `server { listen unix:${folder}/up.sock; add_header X-Back b; return 200 "$http_host $http_a $http_b $http_c"; }`;
      const text = wrap(
        `upstream up { server unix:${folder}/up.sock; } ${add("http", http)} ${set("http", httpProxy)}`,
        `server { listen unix:${socket}; listen 127.0.0.1:8089; ${add("server", server)} ${set("server", serverProxy)}
         location / { ${add("location", location)} ${set("location", locationProxy)} proxy_pass http://up; } }
         ${back}`,
      );
      expect(test(text), text).toBeUndefined();
      rmSync(join(folder, "up.sock"), { force: true });
      await start(text);
      const answer = await get("/");
      const { location: place } = route(standaloneNginx({ path: "nginx.conf", text }), {
        port: 8089,
        host: "a.example",
        path: "/",
      });
      const ours = Object.fromEntries(
        headersAt(place!).headers.map(({ name, value }) => [name.toLowerCase(), value]),
      );
      const seen = Object.fromEntries(
        ["a", "b", "c"].flatMap(name => (answer.headers[name] ? [[name, answer.headers[name]]] : [])),
      );
      expect(seen, text).toEqual(ours);
      const passed = proxyHeadersAt(place!);
      const host = passed.get("host") === "$proxy_host" ? "up" : passed.get("host");
      expect(answer.body, text).toBe(
        [host, ...["A", "B", "C"].map(name => passed.get(name) ?? "")].join(" "),
      );
      await stop();
    }
  });
});
