import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, describe, expect, it } from "vitest";
import { parsePage } from "../../src/pages/page.ts";
import { fixedOf } from "../check-page.ts";
import { endGroup, freePort, makePair, nginxBinary, until } from "./front-door-lab.ts";

const present = spawnSync(nginxBinary, ["-v"]).status === 0;
const required = process.env["SHIPWORTHY_ENGINE"] === "required";
if (!present && !required) console.warn("skipped: nginx is not installed (tools/engine.sh oracles)");

/** The files that the fix on the rule's page writes, with the container's paths put into a folder. */
describe.skipIf(!present && !required)("the start with a placeholder, with nginx", () => {
  const folder = mkdtempSync(join(tmpdir(), "placeholder-"));
  let running: ChildProcess | undefined;
  afterAll(async () => {
    if (running) await endGroup(running);
    rmSync(folder, { recursive: true, force: true });
  });

  it("serves the placeholder, then the first certificate, then its renewal", async () => {
    chmodSync(folder, 0o755);
    const page = readFileSync(
      new URL("../../src/rules/proxy/certificate-bootstrap.md", import.meta.url),
      "utf8",
    );
    const [section] = parsePage(page).sections;
    const fixed = fixedOf(section!);
    const [http, https] = [await freePort(), await freePort()];
    for (const name of ["bin", "opt/placeholder", "etc"]) mkdirSync(join(folder, name), { recursive: true });
    const local = (text: string) =>
      text
        .replaceAll("/opt/placeholder", join(folder, "opt/placeholder"))
        .replaceAll("/etc/nginx/live", join(folder, "etc/nginx/live"))
        .replaceAll("/etc/letsencrypt", join(folder, "etc/letsencrypt"))
        .replace("sleep 60", "sleep 0.2")
        .replace("/docker-entrypoint.sh nginx", "nginx")
        .replace("listen 80;", `listen 127.0.0.1:${http};`)
        .replace("listen 443 ssl;", `listen 127.0.0.1:${https} ssl;`);
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    writeFileSync(
      join(folder, "nginx.conf"),
      `pid ${folder}/pid; error_log ${folder}/error.log; events {}
http { access_log off; ${temporary.map(name => `${name}_temp_path ${folder}/${name};`).join(" ")} ${local(fixed["site.conf"]!)} }`,
    );
    const wrapper = `#!/bin/sh\nexec ${nginxBinary} -p ${folder} -c ${folder}/nginx.conf "$@"\n`;
    writeFileSync(join(folder, "bin/nginx"), wrapper, { mode: 0o755 });
    for (const name of ["start", "placeholder"])
      writeFileSync(join(folder, `${name}.sh`), local(fixed[`certificate-start/${name}.sh`]!));
    const env = { ...process.env, PATH: `${folder}/bin:${process.env["PATH"]}` };

    // Started together, as Compose does: nginx waits for the pair.
    running = spawn("sh", [join(folder, "start.sh")], { env, stdio: "ignore", detached: true });
    await new Promise(done => setTimeout(done, 300));
    expect(existsSync(join(folder, "pid"))).toBe(false);
    const made = () => spawnSync("sh", [join(folder, "placeholder.sh")], { env, encoding: "utf8" }).status;
    expect(made()).toBe(0);
    const issuer = () =>
      new Promise<string | undefined>(resolve => {
        const socket = connect({ host: "127.0.0.1", port: https, rejectUnauthorized: false }, () => {
          resolve(String(socket.getPeerCertificate().issuer.CN));
          socket.destroy();
        });
        socket.on("error", () => resolve(undefined));
      });
    await until(async () => (await issuer()) === "placeholder");
    const key = readFileSync(join(folder, "opt/placeholder/privkey.pem"), "utf8");
    expect(made()).toBe(0);
    expect(readFileSync(join(folder, "opt/placeholder/privkey.pem"), "utf8")).toBe(key);

    const live = join(folder, "etc/letsencrypt/live/shop.example.org");
    makePair(live, "/CN=first");
    await until(async () => (await issuer()) === "first");
    makePair(live, "/CN=renewed");
    await until(async () => (await issuer()) === "renewed");
  });
});
