/**
 * How many of the defects that a reader found by eye each program finds, and how much it prints for that.
 *
 *   npm run bench:recall -- --truth-dir DIR --systems DIR [--prefix NAME=DIR]... [--json]
 *
 * --truth-dir  one NAME.json per system: what is true there. The maps are test/corpus/NAME.map.json
 * --systems    the systems, each in the directory NAME
 * --prefix     for truth about several repositories (`backend:path`): where below --systems each of them lies
 *
 * The peers are installed into bench/.cache (not in git), each runs with its default settings.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { RunFinding } from "../tools/recall-match.ts";
import { readMap, readTruth } from "../tools/recall-truth.ts";
import { jsonPeers, relocated } from "./peer-findings.ts";
import type { Peer } from "./peers.ts";
import { installed } from "./peers.ts";
import { recallTable, type System, scored } from "./recall-table.ts";
import { surfaceOf } from "./trees.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const cli = join(root, "dist", "shipworthy.js");
const own = "shipworthy";

interface Repository {
  /** Before its paths in the truth; empty for a system of one repository. */
  readonly name: string;
  readonly directory: string;
}

const readJson = (file: string): unknown => JSON.parse(readFileSync(file, "utf8"));

function answerOf([program, ...options]: readonly [string, ...string[]], cwd: string): unknown {
  const run = spawnSync(program, options, { cwd, encoding: "utf8", maxBuffer: 1 << 28, timeout: 300_000 });
  try {
    return JSON.parse(run.stdout);
  } catch {
    const said = (run.stderr ?? "").trim().split("\n").at(-1) ?? "";
    throw new Error(`${program} printed no JSON (exit ${run.status}): ${said.slice(0, 200)}`);
  }
}

/** What a peer prints about the repositories; undefined when there was nothing for it to read, or it failed. */
function printedBy(peer: Peer, repositories: readonly Repository[]): readonly RunFinding[] | undefined {
  const format = jsonPeers.get(peer.name);
  const found: RunFinding[] = [];
  let hasRead = false;
  for (const { name, directory } of repositories) {
    const argv = peer.argv(surfaceOf(directory));
    if (!format || !argv) continue;
    try {
      const answer = answerOf([...argv, ...format.options], directory);
      found.push(...relocated(format.read(answer), directory, name));
      hasRead = true;
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  return hasRead ? found : undefined;
}

function audited(repositories: readonly Repository[]): readonly RunFinding[] {
  return repositories.flatMap(({ name, directory }) => {
    const options = ["audit", directory, "--format", "json", "--fail-on", "never"];
    const report = answerOf([process.execPath, cli, ...options], directory) as {
      readonly findings: readonly RunFinding[];
    };
    return relocated(report.findings, directory, name);
  });
}

function main(): void {
  const { values } = parseArgs({
    options: {
      "truth-dir": { type: "string" },
      systems: { type: "string" },
      prefix: { type: "string", multiple: true, default: [] },
      json: { type: "boolean", default: false },
    },
  });
  const [truths, home] = [values["truth-dir"], values.systems];
  if (truths === undefined || home === undefined)
    throw new Error("usage: npm run bench:recall -- --truth-dir DIR --systems DIR [--prefix NAME=DIR]...");
  const build = spawnSync("npm", ["run", "--silent", "build"], { cwd: root, encoding: "utf8" });
  if (build.status !== 0) throw new Error(`npm run build failed: ${build.stderr.trim()}`);
  const { there, absent } = installed(join(root, "bench", ".cache"), true);
  const peers = there.filter(peer => jsonPeers.has(peer.name));
  const prefixes = values.prefix.map(one => {
    const [name = "", ...path] = one.split("=");
    return { name, directory: resolve(home, path.join("=")) };
  });

  const systems = readdirSync(truths).flatMap((file): System[] => {
    const name = /^(.+?)(?:\.truth)?\.json$/.exec(file)?.[1];
    const mapFile = join(root, "test", "corpus", `${name}.map.json`);
    if (name === undefined || !existsSync(mapFile)) return [];
    const items = readTruth(readJson(join(truths, file)));
    const named = prefixes.filter(prefix =>
      items.some(item => item.evidence.some(place => place.startsWith(`${prefix.name}:`))),
    );
    const repositories = named.length > 0 ? named : [{ name: "", directory: resolve(home, name) }];
    if (repositories.some(one => !existsSync(one.directory))) {
      process.stderr.write(`left out: ${name}, its directory is not there\n`);
      return [];
    }
    const printed = new Map<string, readonly RunFinding[] | undefined>([[own, audited(repositories)]]);
    for (const peer of peers) printed.set(peer.name, printedBy(peer, repositories));
    return [{ items, map: readMap(readJson(mapFile)), printed }];
  });

  const comparison = scored(
    own,
    peers.map(peer => peer.name),
    systems,
  );
  const versions = peers.map(peer => `${peer.name} ${peer.version}`).join(", ");
  const left = [
    ...absent.map(one => `${one.name} (${one.why})`),
    ...there.filter(peer => !jsonPeers.has(peer.name)).map(peer => `${peer.name} (its JSON is not read)`),
  ];
  process.stdout.write(
    values.json
      ? `${JSON.stringify(comparison, null, 2)}\n`
      : `${recallTable(comparison)}\nVersions: ${versions}.\n${left.length > 0 ? `Not measured: ${left.join(", ")}.\n` : ""}`,
  );
}

try {
  main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
