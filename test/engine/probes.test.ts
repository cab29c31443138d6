import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pageFiles } from "../../src/pages/page-files.ts";
import { anyCommand, getCommand } from "../../src/remedies/app-probe.ts";
import { healthcheckLines, type Probe, probeFor } from "../../src/remedies/probe.ts";
import { link } from "../../src/stack/link.ts";
import type { Service } from "../../src/stack/stack.ts";

/** Health checks that fixes write, in containers: each turns healthy, unhealthy while its server is stopped, and healthy again. */

const local = spawnSync("docker", ["images", "--format", "{{.Repository}}:{{.Tag}}"], { encoding: "utf8" });
const images = (local.stdout ?? "").split("\n");
const imageOf = (name: RegExp): string | undefined => images.find(image => name.test(image));

const asked = (words: string[] | undefined): Probe | undefined =>
  words && { form: "exec", words, asks: "", interval: 1, timeout: 2, retries: 2, startPeriod: 30 };

interface Case {
  readonly image: string | undefined;
  readonly more: readonly string[];
  readonly probe?: (service: Service) => Probe | undefined;
}

const serve =
  "import http.server as h; t = h.ThreadingHTTPServer; t(('', 8000), h.SimpleHTTPRequestHandler).serve_forever()";
const refuse =
  "require('http').createServer((q, r) => { r.statusCode = q.headers.host === 'shop.example' ? 404 : 500; r.end(); }).listen(3000)";

const cases: Readonly<Record<string, Case>> = {
  postgres: {
    image: imageOf(/^postgres:(?!.*alpine)/),
    more: ['environment: { POSTGRES_USER: shop, POSTGRES_DB: orders, POSTGRES_PASSWORD: "it is long" }'],
  },
  redis: { image: imageOf(/^redis:/), more: ["command: redis-server --requirepass guarded --port 6380"] },
  python: {
    image: imageOf(/^python:.*slim/),
    more: [`command: ["python", "-c", "${serve}"]`],
    probe: service => asked(getCommand(service, 8000, "/etc/hostname")),
  },
  node: {
    image: imageOf(/^node:.*slim/),
    more: [`command: ["node", "-e", "require('http').createServer((q, r) => r.end()).listen(3000)"]`],
    probe: service => asked(getCommand(service, 3000, "/ready")),
  },
  "node-any": {
    image: imageOf(/^node:.*slim/),
    more: [`command: ["node", "-e", "${refuse}"]`],
    probe: service => asked(anyCommand(service, 3000)),
  },
  "python-any": {
    image: imageOf(/^python:.*slim/),
    more: [`command: ["python", "-c", "${serve}"]`],
    probe: service => asked(anyCommand(service, 8000, "shop.example")),
  },
  nginx: {
    image: imageOf(/^nginx:(?!.*alpine)/),
    more: [],
    probe: service => asked(getCommand(service, 80, "/")),
  },
};
/** This one answers 500 to a name that is not allowed, and must stay unhealthy. */
const failing = "node-any";
const present = Object.entries(cases).filter(([, each]) => each.image !== undefined);
const required = process.env["SHIPWORTHY_ENGINE"] === "required";
if (present.length === 0 && !required) console.warn("skipped: the engine has none of the images");

describe.skipIf(present.length === 0 && !required)("health checks that fixes write", () => {
  const directory = mkdtempSync(join(tmpdir(), "probes-"));
  const project = `probes-${process.pid}`;
  const compose = (...args: string[]) =>
    execFileSync("docker", ["compose", "-p", project, "-f", join(directory, "compose.yml"), ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  const inspect = (name: string, format: string) =>
    execFileSync("docker", ["inspect", "-f", format, `${project}-${name}-1`], { encoding: "utf8" }).trim();

  /** A health check that ran a moment ago may have ended. */
  const signal = (ids: readonly number[], name: "SIGSTOP" | "SIGCONT") =>
    spawnSync("kill", ["-s", name.slice(3), ...ids.map(String)]);

  /** Waits until every service has the state. */
  async function until(state: string, names: readonly string[], seconds: number): Promise<string[]> {
    for (const end = Date.now() + seconds * 1000; ; await new Promise(done => setTimeout(done, 500))) {
      const left = names.filter(name => inspect(name, "{{.State.Health.Status}}") !== state);
      if (left.length === 0 || Date.now() > end) return left;
    }
  }

  // Slow on purpose: a machine that is busy takes seconds to start a program in a container.
  beforeAll(async () => {
    const services = present.map(([name, { image, more }]) =>
      [`  ${name}:`, `    image: ${image}`, ...more.map(line => `    ${line}`)].join("\n"),
    );
    const text = `services:\n${services.join("\n")}\n`;
    const file = { path: "compose.yml", text, ignored: false, untracked: false, directory: false };
    const stack = await link(pageFiles([file]));
    const whole = stack.services.map(service => {
      const probe = cases[service.name]!.probe?.(service) ?? probeFor(stack, service);
      if (!probe) throw new Error(`no health check for ${service.name}`);
      const lines = healthcheckLines({ ...probe, interval: 2, timeout: 15, retries: 2 });
      const own = services.find(each => each.startsWith(`  ${service.name}:\n`))!;
      return [own, ...lines.map(line => `    ${line}`)].join("\n");
    });
    writeFileSync(join(directory, "compose.yml"), `services:\n${whole.join("\n")}\n`);
    compose("up", "-d");
  });

  afterAll(() => {
    compose("down", "-v", "-t", "1");
    rmSync(directory, { recursive: true, force: true });
  });

  it("turn healthy, unhealthy while the program is stopped, and healthy again", async () => {
    const names = present.map(([name]) => name).filter(name => name !== failing);
    expect(await until("healthy", names, 180)).toEqual([]);
    // Workers serve on while their master is stopped.
    const processes = names.flatMap(name =>
      execFileSync("docker", ["top", `${project}-${name}-1`, "-eo", "pid"], { encoding: "utf8" })
        .split("\n")
        .slice(1)
        .flatMap(line => (line.trim() === "" ? [] : Number(line))),
    );
    signal(processes, "SIGSTOP");
    const unhealthy = await until("unhealthy", names, 180);
    signal(processes, "SIGCONT");
    expect(unhealthy).toEqual([]);
    expect(await until("healthy", names, 120)).toEqual([]);
  });

  it("fail on errors of the server, where any other answer counts", async () => {
    if (!cases[failing]!.image) return;
    expect(await until("unhealthy", [failing], 120)).toEqual([]);
  });
});
