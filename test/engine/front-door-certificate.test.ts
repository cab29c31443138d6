import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ask,
  endGroup,
  freePort,
  type Lab,
  makePair,
  nginxBinary,
  served,
  site,
  startFrontDoor,
  until,
} from "./front-door-lab.ts";

const present = [
  [nginxBinary, "-v"],
  ["certbot", "--version"],
  ["pebble", "-h"],
].every(([program, option]) => spawnSync(program!, [option!]).error === undefined);
const required = process.env["SHIPWORTHY_ENGINE"] === "required";
if (!present && !required)
  console.warn("skipped: nginx, certbot or pebble is missing (tools/engine.sh oracles)");

/** Pebble is an authority for tests: it speaks the same protocol and asks for the challenge over HTTP as the real one does. */
describe.skipIf(!present && !required)("the front door, with certbot and an authority", () => {
  let lab: Lab;
  let authority: ChildProcess;
  let address: string;

  beforeAll(async () => {
    lab = await startFrontDoor({ folder: "front-door", routes: [{ path: "/", service: "web", port: 1 }] });
    lab.names.set(site, "127.0.0.1").set(`www.${site}`, "127.0.0.1");
    const [port, management] = [await freePort(), await freePort()];
    address = `https://localhost:${port}/dir`;
    makePair(join(lab.folder, "authority"), "/CN=localhost", "DNS:localhost");
    const pebble = {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: join(lab.folder, "authority/fullchain.pem"),
      privateKey: join(lab.folder, "authority/privkey.pem"),
      httpPort: lab.http,
      tlsPort: lab.https,
    };
    const config = join(lab.folder, "pebble.json");
    writeFileSync(config, JSON.stringify({ pebble }));
    authority = spawn("pebble", ["-config", config, "-dnsserver", `127.0.0.1:${lab.dns}`], {
      env: { ...process.env, PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "0" },
      stdio: "ignore",
      detached: true,
    });
    await until(
      () => spawnSync("bash", ["-c", `</dev/tcp/127.0.0.1/${port}`], { stdio: "ignore" }).status === 0,
    );
  });
  afterAll(async () => {
    if (authority) await endGroup(authority);
    await lab?.stop();
  });

  /** Runs the renewal script until it has asked once. */
  async function renew(domains: string): Promise<void> {
    const wrapper = join(lab.folder, "bin/certbot");
    const folders = ["config", "work", "logs"].map(
      name => `--${name}-dir ${lab.folder}/le${name === "config" ? "" : `/${name}`}`,
    );
    const certbot = spawnSync("sh", ["-c", "command -v certbot"], { encoding: "utf8" }).stdout.trim();
    writeFileSync(wrapper, `#!/bin/sh\nexec ${certbot} "$@" ${folders.join(" ")}\n`, { mode: 0o755 });
    const script = join(lab.folder, "renew.sh");
    writeFileSync(script, lab.text("certbot/renew.sh"));
    const child = spawn("sh", [script], {
      env: {
        ...process.env,
        PATH: `${lab.folder}/bin:${process.env["PATH"]}`,
        SITE_DOMAIN: domains,
        ACME_EMAIL: `ops@${site}`,
        ACME_SERVER: address,
        REQUESTS_CA_BUNDLE: join(lab.folder, "authority/fullchain.pem"),
      },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", chunk => (said += chunk));
    const asked = join(lab.folder, "asked");
    const from = spawnSync("stat", ["-c", "%Y.%y", asked], { encoding: "utf8" }).stdout;
    try {
      await until(
        () =>
          existsSync(asked) &&
          spawnSync("stat", ["-c", "%Y.%y", asked], { encoding: "utf8" }).stdout !== from,
        60_000,
      );
    } catch {
      throw new Error(said);
    } finally {
      await endGroup(child);
    }
  }

  it("goes from the placeholder to a certificate, keeps it, and takes another one, without a restart", async () => {
    expect((await served(lab))?.issuer).toBe("placeholder");
    await renew(site);
    let first: Awaited<ReturnType<typeof served>>;
    await until(async () => {
      first = await served(lab);
      return /Pebble/.test(first?.issuer ?? "");
    });

    // Not due, and nothing has changed: the same pair stays.
    const link = readlinkSync(join(lab.folder, "tls/current"));
    await renew(site);
    expect(readlinkSync(join(lab.folder, "tls/current"))).toBe(link);
    expect((await served(lab))?.serial).toBe(first?.serial);

    // Another name asks for another certificate.
    await renew(`${site} www.${site}`);
    await until(async () => (await served(lab))?.serial !== first?.serial);
    expect((await served(lab))?.issuer).toMatch(/Pebble/);
    expect((await ask(lab, "/")).status).toBe(502);
  });
});
