import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { request } from "node:https";
import { type AddressInfo, createServer as createTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { type FrontDoorInput, frontDoor } from "../../src/remedies/front-door.ts";

export const nginxBinary =
  ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"].find(path => existsSync(path)) ?? "nginx";
export const site = "quay.example";

/** A free port of this machine; somebody else may take it before it is used, which a test run can bear. */
export function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createTcp().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Names and addresses as Docker's name server gives them; a name that is not here does not exist. */
export async function nameServer(names: Map<string, string>): Promise<{ port: number; close(): void }> {
  const socket: Socket = createSocket("udp4");
  socket.on("message", (query, from) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at]!; length > 0; length = query[at]!) {
      labels.push(query.toString("latin1", at + 1, at + 1 + length));
      at += 1 + length;
    }
    const question = query.subarray(12, at + 5);
    const address = names.get(labels.join(".").toLowerCase());
    const wantsAddress = query.readUInt16BE(at + 1) === 1;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(address === undefined ? 0x8183 : 0x8180, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(address !== undefined && wantsAddress ? 1 : 0, 6);
    const answer = Buffer.from([
      0xc0,
      12,
      0,
      1,
      0,
      1,
      0,
      0,
      0,
      1,
      0,
      4,
      ...(address ?? "").split(".").map(Number),
    ]);
    socket.send(
      Buffer.concat([header, question, ...(address && wantsAddress ? [answer] : [])]),
      from.port,
      from.address,
    );
  });
  await new Promise<void>(resolve => socket.bind(0, "127.0.0.1", resolve));
  return { port: socket.address().port, close: () => socket.close() };
}

export async function upstream(listener: RequestListener): Promise<{ server: Server; port: number }> {
  const server = createServer(listener);
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

export interface Lab {
  readonly folder: string;
  readonly http: number;
  readonly https: number;
  readonly names: Map<string, string>;
  readonly dns: number;
  /** Text of a generated file with the container's paths, ports and pauses replaced by those of this lab. */
  readonly text: (path: string) => string;
  stop(): Promise<void>;
}

/** Starts the generated files with the real nginx of this machine, by their own start script. */
export async function startFrontDoor(input: FrontDoorInput): Promise<Lab> {
  const folder = mkdtempSync(join(tmpdir(), "front-door-"));
  chmodSync(folder, 0o755);
  for (const name of ["bin", "logs", "tls", "acme", "snippets", "le"]) mkdirSync(join(folder, name));
  const names = new Map<string, string>();
  const dns = await nameServer(names);
  const [http, https] = [await freePort(), await freePort()];
  const files = new Map(
    frontDoor(input).files.map(file => [file.path.slice(input.folder.length + 1), file.text]),
  );
  const text = (path: string): string =>
    files
      .get(path)!
      .replaceAll("/etc/nginx/snippets", join(folder, "snippets"))
      .replaceAll("/etc/nginx/tls", join(folder, "tls"))
      .replaceAll("/etc/letsencrypt", join(folder, "le"))
      .replaceAll(/(?<![\w.])\/tls\b/g, join(folder, "tls"))
      .replaceAll("/var/www/acme", join(folder, "acme"))
      .replaceAll("/var/log/nginx", join(folder, "logs"))
      .replaceAll("/tmp/asked", join(folder, "asked"))
      .replaceAll("listen 80 ", `listen 127.0.0.1:${http} `)
      .replaceAll("listen 443 ", `listen 127.0.0.1:${https} `)
      .replace("resolver 127.0.0.11 ", `resolver 127.0.0.1:${dns.port} `)
      .replaceAll("${SITE_DOMAIN}", site)
      .replace("sleep 60", "sleep 0.2")
      .replace("/docker-entrypoint.sh nginx", "nginx");
  for (const name of ["snippets/proxy.conf", "snippets/headers.conf"])
    writeFileSync(join(folder, name), text(name));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(
    join(folder, "nginx.conf"),
    `worker_processes 1; pid ${folder}/pid; error_log ${folder}/logs/error.log;
events { worker_connections 1024; }
http { default_type application/octet-stream; ${temporary.map(name => `${name}_temp_path ${folder}/${name};`).join(" ")}
${text("templates/default.conf.template")} }\n`,
  );
  const wrapper = join(folder, "bin/nginx");
  writeFileSync(wrapper, `#!/bin/sh\nexec ${nginxBinary} -p ${folder} -c ${folder}/nginx.conf "$@"\n`, {
    mode: 0o755,
  });
  writeFileSync(join(folder, "start.sh"), text("entrypoint/start.sh"));
  const path = { ...process.env, PATH: `${folder}/bin:${process.env["PATH"]}` };
  // A group of its own: the watcher of the start script ends with it, as everything ends with a container.
  const child = spawn("sh", [join(folder, "start.sh")], {
    env: path,
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let said = "";
  child.stderr.on("data", chunk => (said += chunk));
  await until(() => existsSync(join(folder, "pid")) || child.exitCode !== null);
  if (child.exitCode !== null) throw new Error(`nginx did not start: ${said}`);
  return {
    folder,
    http,
    https,
    names,
    dns: dns.port,
    text,
    stop: async () => {
      await endGroup(child);
      dns.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Ends a process that leads its group, with all that it started. */
export async function endGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const ended = new Promise(done => child.once("exit", done));
  process.kill(-child.pid, "SIGTERM");
  await ended;
}

export async function until(holds: () => boolean | Promise<boolean>, milliseconds = 15_000): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error("what was waited for did not come");
    await new Promise(done => setTimeout(done, 50));
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** One request through TLS under the site's name. */
export function ask(
  lab: Lab,
  path: string,
  { method = "GET", headers = {}, body }: Ask = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: "127.0.0.1",
        port: lab.https,
        path,
        method,
        servername: site,
        rejectUnauthorized: false,
        agent: false,
        headers: { Host: site, ...headers },
      },
      response => {
        let text = "";
        response.setEncoding("latin1");
        response.on("data", chunk => (text += chunk));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
      },
    );
    call.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: "" });
    });
    call.on("error", reject);
    call.end(body);
  });
}

/** Serial number of the certificate that is served; undefined when the handshake is refused. */
export function served(
  lab: Lab,
  name: string = site,
): Promise<{ serial: string; issuer: string } | undefined> {
  return new Promise(resolve => {
    const socket = connect(
      { host: "127.0.0.1", port: lab.https, servername: name, rejectUnauthorized: false },
      () => {
        const { serialNumber, issuer } = socket.getPeerCertificate();
        socket.destroy();
        resolve({ serial: serialNumber, issuer: String(issuer.CN) });
      },
    );
    socket.on("error", () => resolve(undefined));
  });
}

/** Makes a self-signed pair in a folder. */
export function makePair(folder: string, subject: string, names?: string): void {
  mkdirSync(folder, { recursive: true });
  const options = ["-keyout", `${folder}/privkey.pem`, "-out", `${folder}/fullchain.pem`, "-subj", subject];
  const { status, stderr } = spawnSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "30",
      ...options,
    ].concat(names ? ["-addext", `subjectAltName=${names}`] : []),
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(stderr);
}

export function logged(lab: Lab): string {
  return readFileSync(join(lab.folder, "logs/access.log"), "utf8");
}
