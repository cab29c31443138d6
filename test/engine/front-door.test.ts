import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ask,
  type Lab,
  logged,
  makePair,
  nginxBinary,
  served,
  startFrontDoor,
  until,
  upstream,
} from "./front-door-lab.ts";

const present = spawnSync(nginxBinary, ["-v"]).status === 0;
const required = process.env["SHIPWORTHY_ENGINE"] === "required";
if (!present && !required) console.warn("skipped: nginx is not installed (tools/engine.sh oracles)");

const security = {
  "strict-transport-security": "max-age=31536000",
  "x-content-type-options": "nosniff",
  "x-frame-options": "SAMEORIGIN",
  "referrer-policy": "strict-origin-when-cross-origin",
};

describe.skipIf(!present && !required)("the front door, with nginx", () => {
  let lab: Lab;
  let server: Server;

  beforeAll(async () => {
    const app = await upstream((request, response) => {
      const { url = "", headers } = request;
      const seen = JSON.stringify({ url, headers });
      request.on("data", () => {});
      request.on("end", () => {
        if (url.startsWith("/framed")) response.setHeader("X-Frame-Options", "DENY");
        response.setHeader("Content-Type", "application/json");
        response.writeHead(url.startsWith("/missing") ? 404 : 200);
        response.end(seen.padEnd(2_000));
      });
    });
    app.server.on("upgrade", (_request, socket) => {
      socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    });
    server = app.server;
    const to = { service: "web", port: app.port };
    lab = await startFrontDoor({
      folder: "front-door",
      bodyBytes: 64 * 1024,
      routes: [
        { path: "/", ...to },
        { path: "/assets/", ...to, hashed: true },
        { path: "/live/", ...to, sockets: true },
        { path: "/login", exact: true, ...to, login: true },
        { path: "/late/", service: "late", port: app.port },
      ],
    });
    lab.names.set("web", "127.0.0.1");
  });
  afterAll(async () => {
    await lab?.stop();
    server?.close();
  });

  it("answers its probe and the certificate authority in plain HTTP, and leads everybody else to HTTPS", async () => {
    const plain = (path: string) => fetch(`http://127.0.0.1:${lab.http}${path}`, { redirect: "manual" });
    expect(await (await plain("/nginx-health")).text()).toBe("ok\n");
    const challenge = join(lab.folder, "acme/.well-known/acme-challenge");
    mkdirSync(challenge, { recursive: true });
    writeFileSync(join(challenge, "token"), "proof");
    expect(await (await plain("/.well-known/acme-challenge/token")).text()).toBe("proof");
    const moved = await plain("/berths?day=2");
    expect([moved.status, moved.headers.get("location")]).toEqual([301, "https://127.0.0.1/berths?day=2"]);
  });

  it("tells the application who asks, through what and under which name", async () => {
    const { body } = await ask(lab, "/berths?day=2", { headers: { "X-Forwarded-For": "6.6.6.6" } });
    const { url, headers } = JSON.parse(body);
    expect(url).toBe("/berths?day=2");
    expect(headers).toMatchObject({
      host: "quay.example",
      "x-forwarded-proto": "https",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-host": "quay.example",
    });
    expect(headers).not.toHaveProperty("upgrade");
  });

  it.each([
    ["a page", "/", 200],
    ["an asset", "/assets/app.4f2a.js", 200],
    ["a page that is not there", "/missing", 404],
    ["a service that is not there", "/late/", 502],
  ])("sends the security headers with %s", async (_what, path, status) => {
    const answer = await ask(lab, path);
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject(security);
    expect(answer.headers["server"]).toBe("nginx");
  });

  it("lets the application's own header stand alone", async () => {
    expect((await ask(lab, "/framed")).headers["x-frame-options"]).toBe("DENY");
  });

  it("lets browsers keep what carries a hash, and nothing else", async () => {
    expect((await ask(lab, "/assets/app.4f2a.js")).headers["cache-control"]).toBe(
      "public, max-age=31536000, immutable",
    );
    expect((await ask(lab, "/")).headers["cache-control"]).toBeUndefined();
  });

  it("compresses", async () => {
    const answer = await ask(lab, "/", { headers: { "Accept-Encoding": "gzip" } });
    expect(answer.headers["content-encoding"]).toBe("gzip");
    expect(answer.body.length).toBeLessThan(1_000);
  });

  it("lets a WebSocket through", async () => {
    const headers = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13" };
    expect((await ask(lab, "/live/tide", { headers })).status).toBe(101);
  });

  it("takes bodies up to the application's limit", async () => {
    const post = (bytes: number) => ask(lab, "/", { method: "POST", body: Buffer.alloc(bytes, "x") });
    expect((await post(64 * 1024)).status).toBe(200);
    const refused = await post(64 * 1024 + 1);
    expect(refused.status).toBe(413);
    expect(refused.headers).toMatchObject(security);
  });

  it("slows down who tries passwords, and not who reads", async () => {
    const statuses = [];
    for (let i = 0; i < 9; i++) statuses.push((await ask(lab, "/login", { method: "POST" })).status);
    expect(statuses.slice(0, 6)).toEqual([200, 200, 200, 200, 200, 200]);
    expect(statuses.slice(6)).toEqual([429, 429, 429]);
    const pages = await Promise.all(Array.from({ length: 40 }, () => ask(lab, "/")));
    expect(new Set(pages.map(page => page.status))).toEqual(new Set([200]));
    const flood = await Promise.all(Array.from({ length: 150 }, () => ask(lab, "/")));
    const limited = flood.filter(page => page.status === 429);
    expect(limited.length).toBeGreaterThan(20);
    expect(limited[0]!.headers).toMatchObject(security);
  });

  it("finds a service that comes later, without a reload", async () => {
    lab.names.set("late", "127.0.0.1");
    await until(async () => (await ask(lab, "/late/")).status === 200);
    lab.names.delete("late");
    await until(async () => (await ask(lab, "/late/")).status === 502);
  });

  it("answers to no other name", async () => {
    expect(await served(lab, "other.example")).toBeUndefined();
    expect((await served(lab))?.issuer).toBe("placeholder");
  });

  it("logs the path without its query", async () => {
    // A word that no request id (hexadecimal) and no port can hold by chance.
    await ask(lab, "/reset?token=porthole");
    await until(() => logged(lab).includes('"path":"/reset"'));
    const lines = logged(lab).trim().split("\n");
    expect(logged(lab)).not.toContain("porthole");
    expect(lines.map(line => JSON.parse(line)).at(-1)).toMatchObject({
      method: "GET",
      path: "/reset",
      status: 200,
    });
  });

  it("serves another certificate as soon as the link points at it", async () => {
    const before = await served(lab);
    makePair(join(lab.folder, "tls/20270101000000"), "/CN=renewed");
    symlinkSync("20270101000000", join(lab.folder, "tls/next"));
    renameSync(join(lab.folder, "tls/next"), join(lab.folder, "tls/current"));
    // One answer for both: the workers of before may take connections until they have ended.
    let after: Awaited<ReturnType<typeof served>>;
    await until(async () => {
      after = await served(lab);
      return after?.issuer === "renewed";
    });
    expect(after?.serial).not.toBe(before?.serial);
  });

  it("serves by the snippets that a release has brought", async () => {
    const file = join(lab.folder, "snippets/headers.conf");
    writeFileSync(file, `${readFileSync(file, "utf8")}add_header X-Release "2" always;\n`);
    await until(async () => (await ask(lab, "/")).headers["x-release"] === "2");
  });
});
