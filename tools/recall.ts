/**
 * Compares an audit with what a reader found by eye.
 *
 *   npm run recall -- DIR [--truth FILE] [--map FILE] [--report FILE] [--prefix NAME=PATH]... [--json] [--at-least N]
 *
 * --truth     what is true there; test/corpus/NAME.truth.json when left out (NAME: the directory's)
 * --map       which rules show which item; the file beside it ending in .map.json, or test/corpus/NAME.map.json
 * --report    a JSON report that is at hand instead of a run; NAME=FILE puts `NAME:` before its paths
 * --prefix    for truth about several repositories (`backend:path`). With DIR, paths under PATH in it are renamed;
 *             without DIR, each PATH is audited by itself
 * --at-least  exit 1 when less than N per cent of the missed defects is found, when a judged trap or a finding of the
 *             review that is none is reported, or when a strength that is not there counts as held
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { claims as ourClaims } from "../src/claims/claims.ts";
import type { RunClaim, RunFinding } from "./recall-match.ts";
import { compare, shares } from "./recall-match.ts";
import { percentage, printed } from "./recall-print.ts";
import { readMap, readTruth } from "./recall-truth.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

interface Report {
  readonly findings: readonly RunFinding[];
  readonly claims?: readonly RunClaim[];
  readonly accepted?: readonly { readonly finding?: RunFinding }[];
}

/** What was said about the system, of one repository or of several. */
interface Said {
  readonly findings: readonly RunFinding[];
  readonly claims: readonly RunClaim[];
}

const readJson = (file: string): unknown => JSON.parse(readFileSync(file, "utf8"));

/** Everything that the audit has to say about a directory, accepted findings too. */
function audited(directory: string): Report {
  const options = ["--format", "json", "--severity", "low", "--confidence", "possible", "--fail-on", "never"];
  const cli = join(root, "dist", "shipworthy.js");
  if (!existsSync(cli)) throw new Error("dist/shipworthy.js is not there: npm run build");
  const run = spawnSync(process.execPath, [cli, "audit", directory, ...options], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  // 3: something could not be examined; what could be is in the report.
  if (run.status !== 0 && run.status !== 3)
    throw new Error(`the audit of ${directory} ended with ${run.status}: ${run.stderr}`);
  return JSON.parse(run.stdout) as Report;
}

function saidIn(report: Report, rename: (file: string) => string): Said {
  const accepted = (report.accepted ?? []).flatMap(one => (one.finding ? [one.finding] : []));
  const findings = [...report.findings, ...accepted].map(finding => ({
    ...finding,
    evidence: finding.evidence.map(at => ({ ...at, file: rename(at.file) })),
  }));
  return { findings, claims: report.claims ?? [] };
}

function together(all: readonly Said[]): Said {
  return { findings: all.flatMap(one => one.findings), claims: all.flatMap(one => one.claims) };
}

/** `NAME=PATH` as its two halves; a path alone has no name. */
function named(argument: string): { name: string; path: string } {
  const at = argument.indexOf("=");
  return at < 0
    ? { name: "", path: argument }
    : { name: argument.slice(0, at), path: argument.slice(at + 1) };
}

const under = (name: string) => (file: string) => (name === "" ? file : `${name}:${file}`);

function collected(
  directory: string | undefined,
  prefixes: readonly string[],
  reports: readonly string[],
): Said {
  const given = prefixes.map(named);
  const renamed = (file: string): string => {
    const prefix = given.find(({ path }) => file.startsWith(`${path.replace(/\/+$/, "")}/`));
    return prefix === undefined
      ? file
      : `${prefix.name}:${file.slice(prefix.path.replace(/\/+$/, "").length + 1)}`;
  };
  if (reports.length > 0) {
    return together(
      reports
        .map(named)
        .map(({ name, path }) => saidIn(readJson(path) as Report, name === "" ? renamed : under(name))),
    );
  }
  if (directory !== undefined) return saidIn(audited(directory), renamed);
  return together(given.map(({ name, path }) => saidIn(audited(path), under(name))));
}

function firstThere(...files: readonly (string | undefined)[]): string | undefined {
  return files.find(file => file !== undefined && existsSync(file));
}

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      truth: { type: "string" },
      map: { type: "string" },
      report: { type: "string", multiple: true, default: [] },
      prefix: { type: "string", multiple: true, default: [] },
      json: { type: "boolean", default: false },
      "at-least": { type: "string" },
    },
  });
  const directory = positionals[0];
  if (directory === undefined && values.prefix.length === 0 && values.report.length === 0) {
    throw new Error(
      "usage: npm run recall -- DIR [--truth FILE] [--map FILE] [--report FILE] [--prefix NAME=PATH] [--json]",
    );
  }
  const name = directory === undefined ? "" : basename(resolve(directory));
  const truthFile = values.truth ?? firstThere(join(root, "test", "corpus", `${name}.truth.json`));
  if (truthFile === undefined) throw new Error(`no truth is known for "${name}": --truth FILE`);
  const system = basename(truthFile).replace(/(\.truth)?\.json$/, "");
  const mapFile =
    values.map ??
    firstThere(
      join(dirname(truthFile), `${system}.map.json`),
      join(root, "test", "corpus", `${system}.map.json`),
    );
  const map = mapFile === undefined ? undefined : readMap(readJson(mapFile));

  const said = collected(directory, values.prefix, values.report);
  const recall = compare(readTruth(readJson(truthFile)), said.findings, map, said.claims);
  const all = shares(recall.missed, () => "all")[0] ?? { found: 0, all: 0 };
  process.stdout.write(values.json ? `${JSON.stringify(recall, null, 2)}\n` : printed(recall, ourClaims));

  if (values["at-least"] === undefined) return 0;
  const enough = percentage(all.found, all.all) >= Number(values["at-least"]);
  const praisesToo = recall.praise.some(one => one.verdict === "held");
  return enough && !praisesToo && !recall.wrong.some(one => one.judged) ? 0 : 1;
}

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
