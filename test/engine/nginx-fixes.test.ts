import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { applyEdits } from "../../src/core/edit.ts";
import { pageFiles } from "../../src/pages/page-files.ts";
import { resolvePerRequest } from "../../src/remedies/request-resolution.ts";
import { link } from "../../src/stack/link.ts";
import { endGroup, freePort, nameServer, nginxBinary, until, upstream } from "./front-door-lab.ts";

const present = spawnSync(nginxBinary, ["-v"]).status === 0;
const required = process.env["SHIPWORTHY_ENGINE"] === "required";
if (!present && !required) console.warn("skipped: nginx is not installed (tools/engine.sh oracles)");

const site = `server {
  listen 80;
  proxy_set_header Host $host;
  location / { proxy_pass http://localhost:3000; }
  location /bare/ { proxy_pass http://localhost:3000/; }
  location /deep/v-1.0/ { proxy_pass http://localhost:3000/api/; }
  location ^~ /same/ { proxy_pass http://localhost:3000/same/; }
  location /glued { proxy_pass http://localhost:3000/other; }
  location ~ ^/expression/(a|b) { proxy_pass http://localhost:3000; }
}
`;
const paths = ["/", "/bare/", "/deep/v-1.0/", "/same/", "/glued", "/expression/a"].flatMap(prefix =>
  ["", "x", "a%20b?c=d%20e", "a%2Fb", "caf%C3%A9/%25", "a//b", "../x", "x?y=1&z=/bare/", "%3Fq"].map(
    rest => prefix + rest,
  ),
);

describe.skipIf(!present && !required)("addresses that become variables, with nginx", () => {
  const folder = mkdtempSync(join(tmpdir(), "nginx-fixes-"));
  chmodSync(folder, 0o755);
  let server: Server;
  let port: number;
  let dns: Awaited<ReturnType<typeof nameServer>>;

  beforeAll(async () => {
    ({ server, port } = await upstream((asked, response) =>
      response.end(`${asked.url} ${asked.headers.host}`),
    ));
    dns = await nameServer(new Map([["localhost", "127.0.0.1"]]));
  });
  afterAll(() => {
    server.close();
    dns.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What the application is asked for, request by request, under one configuration. */
  async function seen(text: string): Promise<string[]> {
    const listen = await freePort();
    const http = text
      .replace("listen 80;", `listen 127.0.0.1:${listen};`)
      .replaceAll(":3000", `:${port}`)
      .replace("resolver 127.0.0.11", `resolver 127.0.0.1:${dns.port}`);
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    rmSync(join(folder, "pid"), { force: true });
    writeFileSync(
      join(folder, "nginx.conf"),
      `pid ${folder}/pid; error_log ${folder}/error.log; events {}
http { access_log off; ${temporary.map(name => `${name}_temp_path ${folder}/${name};`).join(" ")} ${http} }`,
    );
    const child = spawn(nginxBinary, ["-p", folder, "-c", join(folder, "nginx.conf"), "-g", "daemon off;"], {
      stdio: "ignore",
      detached: true,
    });
    await until(() => existsSync(join(folder, "pid")));
    const answers: string[] = [];
    for (const path of paths)
      answers.push(
        await new Promise<string>((resolve, reject) => {
          const call = request({
            host: "127.0.0.1",
            port: listen,
            path,
            headers: { Host: "quay.example" },
            agent: false,
          });
          call.on("response", response => {
            let body = "";
            response.on("data", chunk => (body += chunk));
            response.on("end", () => resolve(`${path} -> ${response.statusCode} ${body}`));
          });
          call.on("error", reject);
          call.end();
        }),
      );
    await endGroup(child);
    return answers;
  }

  it("asks the application for the same paths as before", async () => {
    const compose = `services:
  edge:
    image: nginx:1.27
    volumes: ["./site.conf:/etc/nginx/conf.d/default.conf:ro"]
  localhost:
    image: example.org/web:1
`;
    const file = (path: string, text: string) => ({
      path,
      text,
      ignored: false,
      untracked: false,
      directory: false,
    });
    const stack = await link(pageFiles([file("compose.yml", compose), file("site.conf", site)]));
    const edits = resolvePerRequest(stack, stack.proxies[0]!);
    const after = applyEdits(site, edits ?? []);
    expect(after.match(/set \$to_localhost/g)).toHaveLength(6);
    const [before, now] = [await seen(site), await seen(after)];
    expect(now).toEqual(before);
    expect(new Set(now.map(line => line.split(" ")[2]))).toContain("200");
  });
});
