import { type Lab, NotSeen } from "../../core/drill.ts";
import type { Container, ExecResult } from "../../core/engine.ts";
import { EngineError } from "../../core/engine.ts";
import type { OwnServer } from "../../core/server.ts";
import { variable } from "../../stack/query.ts";
import type { BackupRun, BackupWay, RestoreRun } from "../../stack/query-backup-ways.ts";
import { shownEnvFile } from "../../stack/query-env-examples.ts";
import type { ComposeProject } from "../../stack/stack.ts";
import type { DrillStack } from "../drill.ts";
import { containerOf } from "../targets.ts";

/** A backup as it can be started in a lab, again and again. */
export interface BackupRunner {
  /** @throws NotSeen when the lab cannot run it: then it says nothing. */
  run(how?: RunHow): Promise<BackupResult>;
  restore(restore: RestoreRun, file: string): Promise<ExecResult>;
  /** Where it writes to. */
  place(): Promise<Container>;
  /** What it was given so that it can run. */
  readonly notes: readonly string[];
  /** The project's directory there; undefined in a service. */
  readonly tree?: string;
}

export interface RunHow {
  readonly environment?: Readonly<Record<string, string>>;
  /** Something was taken away from it, so that any complaint is an answer. */
  readonly disturbed?: boolean;
}

export interface BackupResult {
  readonly code: number;
  readonly words: string;
  readonly ms: number;
  readonly written: readonly WrittenFile[];
}

export interface WrittenFile {
  readonly path: string;
  readonly content: Uint8Array;
}

const longestMs = 180_000;
/** How long a service may take to make the backup that it makes at its start. */
const startMs = 60_000;

export function serviceRunner(lab: Lab, run: Exclude<BackupRun, { where: "server" }>): BackupRunner {
  const { engine } = lab;
  const place = () => containerOf(lab, run.service.name);
  return {
    place,
    notes: [],
    async run({ environment = {}, disturbed = false } = {}) {
      const before = await filesIn(lab, await place());
      const since = engine.now();
      const ended =
        run.where === "service"
          ? await engine.exec(await place(), run.argv, { timeoutMs: longestMs, environment })
          : await startOver(lab, run.service.name, before);
      const ms = engine.now() - since;
      return result(lab, await place(), { ...ended, ms }, { before, disturbed });
    },
    async restore({ argv, latest }, file) {
      const name = latest ? [] : [file];
      return engine.exec(await place(), [...argv, ...name], { timeoutMs: longestMs });
    },
  };
}

export async function serverRunner(
  lab: Lab,
  { stack, project }: DrillStack,
  { runs, name }: BackupWay,
  server: OwnServer,
): Promise<BackupRunner> {
  if (runs.where !== "server") throw new Error(`${name} does not run on the server`);
  const { script } = runs;
  const given: Record<string, string> = {};
  const notes: string[] = [];
  const dotenv = `${server.tree}/${project.directory === "" ? "" : `${project.directory}/`}.env`;
  const own = Buffer.from((await server.read(dotenv)) ?? []).toString("utf8");
  for (const file of script?.sourced ?? []) {
    const path = file.value;
    if (path === undefined || path.startsWith("/") || (await server.read(`${server.tree}/${path}`))) continue;
    // Git does not keep it; on the server it has the project's own variables.
    const shown = (shownEnvFile(stack, path)?.entries ?? []).map(
      ({ name: key, value }) => `${key.value}='${value.value.replaceAll("'", "")}'\n`,
    );
    if (own === "" && shown.length === 0) continue;
    await server.write(`${server.tree}/${path}`, shown.join("") + own);
    notes.push(`${path}, made up: git does not keep it`);
  }
  for (const read of script?.reads ?? []) {
    if ((read.default !== undefined && read.default.text !== "") || given[read.name] !== undefined) continue;
    const found = valueIn(project, read.name, own);
    if (found === undefined) continue;
    given[read.name] = atServer(found.value, project.services);
    notes.push(`${read.name}, as ${found.service} has it`);
  }
  const place = async () => server.container;
  return {
    ...{ place, tree: server.tree },
    notes,
    async run({ environment = {}, disturbed = false } = {}) {
      const roots = [server.tree];
      const before = await filesIn(lab, server.container, roots);
      const refusedBefore = server.refused.length;
      const ended = await server.run(runs.argv, {
        timeoutMs: longestMs,
        environment: { ...given, ...environment },
      });
      const refused = server.refused.slice(refusedBefore);
      return result(lab, server.container, ended, { before, disturbed, refused, roots });
    },
    async restore({ argv, latest, answer }, file) {
      const words = [...argv, ...(latest ? [] : [file])];
      const asked = 'a="$1"; shift; for i in 1 2 3; do echo "$a"; done | "$@"';
      return server.run(["bash", "-c", asked, "bash", answer, ...words], {
        timeoutMs: longestMs,
        environment: given,
      });
    },
  };
}

/** The value that a service is given under a name, with what the project's .env has for its variables. */
function valueIn(
  project: ComposeProject,
  name: string,
  dotenv: string,
): { readonly value: string; readonly service: string } | undefined {
  for (const service of project.services) {
    const value = variable(service, name)?.value;
    if (!value) continue;
    const missing = (key: string) => new RegExp(`^${key}=['"]?(.*?)['"]?$`, "m").exec(dotenv)?.[1] ?? "";
    const text = value.text ?? value.raw.replace(/\$\{?(\w+)[^}]*\}?/g, (_, key: string) => missing(key));
    if (text !== "") return { value: text, service: service.name };
  }
  return undefined;
}

/** An address as the server has it: a service with a published port is reached through that. */
export function atServer(value: string, services: ComposeProject["services"]): string {
  let here = value;
  for (const { name, ports } of services)
    for (const { target, published } of ports)
      if (target !== undefined && published !== undefined)
        here = here.replace(
          new RegExp(`(@|//)${name.replace(/[.]/g, "\\.")}(:${target})?(?=[/?]|$)`),
          `$1localhost:${published}`,
        );
  return here;
}

/** Starts a service again and waits until it has written something and writes no more. */
async function startOver(
  lab: Lab,
  service: string,
  before: ReadonlyMap<string, string>,
): Promise<ExecResult> {
  const { engine } = lab;
  await engine.stop(await containerOf(lab, service), { graceMs: 2_000 });
  await engine.start(await containerOf(lab, service));
  let last = "";
  for (const limit = engine.now() + startMs; engine.now() < limit; ) {
    await engine.sleep(2_000);
    const container = await containerOf(lab, service);
    if (container.state !== "running" && container.restartPolicy === "no")
      return { code: container.exitCode, stdout: "", stderr: await engine.logs(container, { tail: 5 }) };
    if (container.state !== "running") continue;
    const now = JSON.stringify(newer(before, await filesIn(lab, container)));
    if (now !== "[]" && now === last) return { code: 0, stdout: "", stderr: "" };
    last = now;
  }
  throw new NotSeen(
    `it wrote nothing within ${startMs / 1000} s of its start: the drill cannot tell when it does`,
  );
}

interface ResultHow {
  readonly before: ReadonlyMap<string, string>;
  readonly disturbed: boolean;
  readonly refused?: readonly string[];
  readonly roots?: readonly string[];
}

async function result(
  lab: Lab,
  container: Container,
  { code, stdout, stderr, ms }: ExecResult & { readonly ms: number },
  { before, disturbed, refused = [], roots = [] }: ResultHow,
): Promise<BackupResult> {
  const words = lastWords(stderr, stdout);
  const why = refused[0] ?? (disturbed ? undefined : notOfTheLab(code, `${stderr}\n${stdout}`));
  if (why !== undefined) throw new NotSeen(`the lab cannot run it: ${why}`);
  const written: WrittenFile[] = [];
  for (const path of newer(before, await filesIn(lab, container, roots)).slice(0, mostFiles)) {
    const content = await lab.engine.copyOut(container, path).catch(error => {
      // A file may be gone before it is read.
      if (error instanceof EngineError) return undefined;
      throw error;
    });
    if (content) written.push({ path, content });
  }
  return { code, words, ms, written };
}

/** What a real server may have and a lab has not: it says nothing about the backup. */
export function notOfTheLab(code: number, words: string): string | undefined {
  const line = (pattern: RegExp) =>
    words
      .split("\n")
      .find(one => pattern.test(one))
      ?.trim();
  if (code === 126 || code === 127) return line(/not found|No such file|ermission denied/) ?? `code ${code}`;
  const version = line(/server version mismatch/);
  if (version !== undefined) return `the pg_dump of this machine is of another version (${version})`;
  // Names of services are known to containers only, and a lab has no way out.
  return line(/could not translate host name|Could not resolve host|Temporary failure in name resolution/);
}

export function lastWords(stderr: string, stdout: string): string {
  const lines = `${stdout}\n${stderr}`
    .split("\n")
    .map(plain)
    .filter(line => line !== "");
  const telling = lines.findLast(line =>
    /error|fatal|fail|no such|denied|refused|cannot|not set|not found|skip/i.test(line),
  );
  return (telling ?? lines.at(-1) ?? "nothing").slice(0, 200);
}

function plain(line: string): string {
  // Colours of a terminal.
  return line.replace(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g"), "").trim();
}

const mostFiles = 200;

/** Every file below the root and the mounts, with what changes when it is written; programs are left out. */
async function filesIn(
  lab: Lab,
  container: Container,
  roots: readonly string[] = [],
): Promise<Map<string, string>> {
  const mounts = (lab.model.services[container.service]?.volumes ?? []).map(({ target }) => target);
  const skip = ["/proc", "/sys", "/dev", "/usr", "/lib", "/lib64", "/lab", "/var/lib/postgresql", "/etc"];
  const prune = skip.flatMap((path, index) => [...(index > 0 ? ["-o"] : []), "-path", path]);
  const find = ["find", "/", ...mounts.filter(path => !skip.includes(path)), ...roots, "-xdev"];
  const argv = [
    ...find,
    "(",
    ...prune,
    ")",
    "-prune",
    "-o",
    "-type",
    "f",
    "-exec",
    "stat",
    "-c",
    "%s %Y %i %n",
    "{}",
    "+",
  ];
  const { stdout } = await lab.engine.exec(container, argv, { timeoutMs: 60_000, user: "0" });
  const files = new Map<string, string>();
  for (const line of stdout.split("\n")) {
    const [, stamp, path] = /^(\d+ \d+ \d+) (\/.+)$/.exec(line) ?? [];
    if (stamp !== undefined && path !== undefined) files.set(path, stamp);
  }
  return files;
}

function newer(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...after].filter(([path, stamp]) => before.get(path) !== stamp).map(([path]) => path);
}
