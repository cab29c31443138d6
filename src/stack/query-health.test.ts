import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PageFile } from "../pages/page.ts";
import { pageFiles } from "../pages/page-files.ts";
import { link } from "./link.ts";
import { httpProbe, probeOf, toolInContainer } from "./query-health.ts";
import { listening } from "./query-listen.ts";
import { packageScript, runningCommand } from "./query-process.ts";

const file = (path: string, text: string): PageFile => ({
  path,
  text,
  ignored: false,
  untracked: false,
  directory: false,
});

async function serviceOf(lines: string, others: readonly PageFile[] = []) {
  const text = `services:\n  web:\n    image: ghcr.io/example/web:1\n${lines.replace(/^/gm, "    ")}\n`;
  const stack = await link(pageFiles([file("compose.yml", text), ...others]));
  return { stack, service: stack.services[0]! };
}

const probing = async (test: string) => (await serviceOf(`healthcheck:\n  test: ${test}`)).service;

describe("what a health check runs", () => {
  it.each([
    ['["CMD", "curl", "-f", "http://x/"]', [["curl"]]],
    ["curl -f http://x/ || exit 1", [["curl"]]],
    ['["CMD-SHELL", "curl -f a || wget a"]', [["curl"], ["wget"]]],
    ['["CMD", "sh", "-c", "redis-cli ping | grep PONG"]', [["redis-cli", "grep"]]],
    ["pg_isready -U $${USER} && psql -c x", [["pg_isready", "psql"]]],
  ])("%s", async (test, names) => {
    const alternatives = probeOf(await probing(test));
    expect(alternatives?.map(commands => commands.map(command => command.words[0]))).toEqual(names);
  });

  it.each(["if a; then b; fi", "[ -f /tmp/x ]", "a; b", '["NONE"]'])("does not judge %s", async test => {
    expect(probeOf(await probing(test))).toBeUndefined();
  });
});

describe("HTTP requests of a health check", () => {
  it.each([
    ["curl -fsS http://localhost:8000/health?x=1 || exit 1", "curl", 8000, "/health", true],
    ["curl http://127.0.0.1/", "curl", 80, "/", false],
    ["curl -s -o /dev/null -f localhost:3000", "curl", 3000, "/", true],
    ["wget -q --spider http://web:8080/up", "wget", 8080, "/up", true],
    [
      `["CMD", "python", "-c", "import urllib.request as r; r.urlopen('http://localhost:9/a')"]`,
      "code",
      9,
      "/a",
      true,
    ],
  ])("%s", async (test, client, port, path, failsOnError) => {
    expect(httpProbe(await probing(test))).toMatchObject({ client, port, path, failsOnError });
  });

  it.each([
    "curl -f http://example.org/",
    "curl -f -H 'Host: a.example' http://localhost/",
    "curl -f http://localhost:$${PORT}/",
    "curl -s http://localhost/ | grep ok",
    "curl -f http://localhost/a && curl -f http://localhost/b",
    `["CMD", "node", "-e", "fetch('http://localhost:' + process.env.PORT)"]`,
  ])("does not judge %s", async test => {
    expect(httpProbe(await probing(test))).toBeUndefined();
  });

  it("never throws", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async text => {
        httpProbe(await probing(JSON.stringify(text)));
      }),
      { numRuns: 60 },
    );
  });
});

describe("ports that a command listens on", () => {
  it.each([
    ["gunicorn -b 0.0.0.0:9000 shop.wsgi", [9000]],
    ["gunicorn --bind=:9001 shop.wsgi", [9001]],
    ["gunicorn shop.wsgi", undefined],
    ["uvicorn shop:app", [8000]],
    ["uvicorn shop:app --port 81", [81]],
    ["uvicorn shop:app --uds /run/x.sock", undefined],
    ["python manage.py runserver 0.0.0.0:7000", [7000]],
    ["python -m flask run", [5000]],
    ["next start -p 4000", [4000]],
    ["next start", [3000]],
    ["node server.js", undefined],
  ])("%s", async (command, ports) => {
    const { stack, service } = await serviceOf(`command: ${command}`);
    expect(listening(stack, service)?.ports).toEqual(ports);
  });

  it("takes the port from the environment, and nothing from an unknown one", async () => {
    const set = await serviceOf("command: next start\nenvironment:\n  PORT: 8080");
    expect(listening(set.stack, set.service)?.ports).toEqual([8080]);
    const unset = await serviceOf("command: next start\nenvironment:\n  PORT: $PORT");
    expect(listening(unset.stack, unset.service)).toBeUndefined();
  });
});

describe("package scripts", () => {
  it.each([
    [["npm", "start"], "start"],
    [["npm", "run", "dev"], "dev"],
    [["yarn", "dev"], "dev"],
    [["npm", "ci"], undefined],
    [["npm", "--prefix", "x", "start"], undefined],
    [["node", "run"], undefined],
  ])("%j", (words, name) => expect(packageScript(words)).toBe(name));

  it("are followed to what they run", async () => {
    const manifest = {
      scripts: { start: "npm run live", live: "NODE_ENV=x next start" },
      dependencies: { next: "16.0.0" },
    };
    const { service } = await serviceOf("build: .\ncommand: npm start", [
      file("Dockerfile", "FROM node:22-alpine\nWORKDIR /code\nCOPY . .\n"),
      file("package.json", JSON.stringify(manifest)),
    ]);
    expect(runningCommand(service)?.words).toEqual(["next", "start"]);
  });
});

it("a tool of a mounted directory of programs is not known", async () => {
  const { service } = await serviceOf("volumes:\n  - ./bin:/usr/local/bin");
  expect(toolInContainer(service, "curl")).toEqual({ has: "unknown" });
});
