import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { link } from "../../src/stack/link.ts";
import type { Service } from "../../src/stack/stack.ts";
import { openWorkspace } from "../../src/workspace/workspace.ts";
import { cases } from "./compose-cases.ts";

/** What both sides can say about a service, in one shape. */
interface View {
  readonly image: string | undefined;
  readonly build: string | undefined;
  readonly command: readonly string[] | undefined;
  readonly entrypoint: readonly string[] | undefined;
  readonly environment: Record<string, string>;
  readonly ports: readonly string[];
  readonly mounts: readonly string[];
  readonly dependsOn: readonly string[];
  readonly restart: string | undefined;
  readonly health: readonly string[] | undefined;
  readonly networks: readonly string[];
}

interface OracleDependency {
  readonly condition: string;
  readonly required: boolean;
}

/** The parts of the engine's JSON that are compared. */
interface OracleService {
  readonly image?: string;
  readonly build?: { readonly context?: string };
  readonly command?: string[] | null;
  readonly entrypoint?: string[] | null;
  readonly environment?: Record<string, string | null>;
  readonly ports?: { host_ip?: string; published?: string; target: number; protocol: string }[];
  readonly volumes?: { type: string; source?: string; target: string; read_only?: boolean }[];
  readonly tmpfs?: string[];
  readonly depends_on?: Record<string, OracleDependency>;
  readonly restart?: string;
  readonly healthcheck?: { readonly test?: string[]; readonly disable?: boolean };
  readonly networks?: Record<string, unknown>;
}

const root = mkdtempSync(join(tmpdir(), "compose-oracle-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function lay(name: string, files: Record<string, string>): string {
  const directory = join(root, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}

function composeConfig(directory: string, files: readonly string[]): Record<string, View> {
  const args = [
    "compose",
    ...files.flatMap(file => ["-f", file]),
    "--profile",
    "*",
    "config",
    "--format",
    "json",
  ];
  const output = execFileSync("docker", args, {
    cwd: directory,
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: directory },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // `config` prints a dollar as `$$`, so that its output can be read again.
  const services = (JSON.parse(output.replace(/\$\$/g, "$")) as { services: Record<string, OracleService> })
    .services;
  return Object.fromEntries(
    Object.entries(services).map(([name, service]) => [name, oracleView(service, directory)]),
  );
}
function oracleView(service: OracleService, directory: string): View {
  return {
    image: service.image,
    build: service.build?.context?.replace(`${directory}/`, "").replace(directory, "") ?? undefined,
    command: service.command ?? undefined,
    entrypoint: service.entrypoint ?? undefined,
    environment: Object.fromEntries(
      Object.entries(service.environment ?? {}).map(([key, value]) => [
        key,
        value === null ? "(host)" : String(value),
      ]),
    ),
    ports: (service.ports ?? [])
      .map(p => `${p.host_ip ?? ""}:${p.published ?? ""}:${p.target}/${p.protocol}`)
      .sort(),
    mounts: [
      ...(service.volumes ?? []).map(
        m =>
          `${m.type}:${(m.source ?? "").replace(`${directory}/`, "")}:${m.target}:${m.read_only ? "ro" : "rw"}`,
      ),
      ...(service.tmpfs ?? []).map(t => `tmpfs::${t.split(":")[0]}:rw`),
    ].sort(),
    dependsOn: Object.entries(service.depends_on ?? {})
      .map(([name, d]: [string, OracleDependency]) => `${name}:${d.condition}:${d.required}`)
      .sort(),
    restart: service.restart ?? undefined,
    health: service.healthcheck?.disable ? ["NONE"] : service.healthcheck?.test,
    networks: Object.keys(service.networks ?? {})
      .filter(name => name !== "default")
      .sort(),
  };
}

function ownView(service: Service): View {
  const words = (command: Service["command"]): string[] | undefined =>
    command?.words.map(word => word.value ?? "");
  const health = service.healthcheck?.command;
  return {
    image: service.image?.text,
    build: service.build?.context,
    command: words(service.command),
    entrypoint: words(service.entrypoint),
    environment: Object.fromEntries(
      service.environment
        .filter(v => v.from !== "image")
        .map(v => [v.name, v.value ? (v.value.text ?? "") : "(host)"]),
    ),
    ports: service.ports.map(p => `${p.hostIp ?? ""}:${p.published ?? ""}:${p.target}/${p.protocol}`).sort(),
    mounts: service.mounts
      .map(m => `${m.type}:${m.repositoryPath ?? m.source ?? ""}:${m.target}:${m.readOnly ? "ro" : "rw"}`)
      .sort(),
    dependsOn: service.dependsOn.map(d => `${d.service}:${d.condition}:${d.required}`).sort(),
    restart: service.restart?.text,
    health: service.healthcheck?.disabled
      ? ["NONE"]
      : health && [
          health.form === "shell" ? "CMD-SHELL" : "CMD",
          ...health.words.map(word => word.value ?? ""),
        ],
    networks: service.networks
      .map(network => network.value)
      .filter(name => name !== "default")
      .sort(),
  };
}

describe("our resolution equals `docker compose config`", () => {
  test.each(cases.map(one => [one.name, one] as const))("%s", async (name, one) => {
    const directory = lay(name.replace(/\W+/g, "-"), one.files);
    const stack = await link(openWorkspace(directory), { deployed: one.compose });
    const project = stack.projects.find(
      candidate =>
        candidate.files.join() === one.compose.join() ||
        candidate.files.slice(0, one.compose.length).join() === one.compose.join(),
    );
    expect(project, `a project of ${one.compose.join(" + ")}`).toBeDefined();
    const own = Object.fromEntries(project!.services.map(service => [service.name, ownView(service)]));
    expect(own).toEqual(composeConfig(directory, one.compose));
  });
});
