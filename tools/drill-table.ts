import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { DrillRun, Outcome } from "../src/core/drill.ts";
import { groupDrills, type Verdict } from "../src/reporters/drill-groups.ts";
import { link } from "../src/stack/link.ts";
import { openWorkspace } from "../src/workspace/workspace.ts";
import { commit, pairsOf, run, shipworthy, standIn, withoutDeployment } from "./whole-repository.ts";

/**
 * What the drills say of whole repositories as they are committed, and after `fix --big-change`:
 * `npm run drill-table -- [--keep DIR] NAME=DIR...`. Prints Markdown: a table of claims before and after, and what
 * decided; `--keep` leaves the runs and the fixed tree in DIR/NAME, and `--show NAME=DIR/NAME...` prints such a table
 * again. `NAME=DIR,OTHER=DIR2` lays OTHER beside NAME, for a project that is built from `../OTHER`. `--init` takes the
 * files of the deployment away first, and drills what `init` and then `fix --big-change` write; `--claim ID` (repeatable)
 * drills these claims alone. Needs an engine and minutes; images that it does not have are asked of tools/stand-ins.sh.
 */
const words = process.argv.slice(2);
const keep = words[0] === "--keep" ? resolve(words.splice(0, 2)[1] ?? ".") : undefined;
const again = words[0] === "--show" && words.shift() !== undefined;
const isInit = words[0] === "--init" && words.shift() !== undefined;
const claims: string[] = [];
while (words[0] === "--claim") claims.push(...words.splice(0, 2));
const usage = "npm run drill-table -- [--keep DIR | --show] [--init] [--claim ID]... NAME=DIR[,OTHER=DIR]...";
const jobs = words.map(word => pairsOf(word.split(","), usage));
if (jobs.length === 0) pairsOf([], usage);

const none = "–";

const shown: Readonly<Record<Exclude<Outcome, "not-applicable">, string>> = {
  refuted: "**refuted**",
  inconclusive: "undecided",
  proved: "proved",
};

for (const [[name, directory], ...beside] of jobs as [[string, string], ...[string, string][]][]) {
  if (again) {
    show(name, kept(join(directory, "before.json")), kept(join(directory, "after.json")));
    continue;
  }
  const home = mkdtempSync(join(tmpdir(), "shipworthy-drills-"));
  // The folder's name is the project's name, and it stands in messages.
  const copy = join(home, name);
  try {
    cpSync(resolve(directory), copy, { recursive: true });
    for (const [other, from] of beside) cpSync(resolve(from), join(home, other), { recursive: true });
    commit(copy);
    if (isInit) {
      withoutDeployment(copy);
      commit(copy);
      const made = run("node", [shipworthy, "init", "--write", "--name", name, copy]);
      console.log(`## ${name}\n\n\`\`\`text\n${made.text.trim().replaceAll(copy, name)}\n\`\`\`\n`);
      commit(copy);
    }
    asUser(copy);
    const before = isInit ? undefined : await drilled(name, copy, join(home, "before.json"));
    const fix = run("node", [shipworthy, "fix", "--big-change", "--write", "--no-color", copy]);
    const after = await drilled(name, copy, join(home, "after.json"));
    if (keep !== undefined) keepAll(join(keep, name), home, fix.text);
    show(name, before, after);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/**
 * A checkout on a server belongs to its first user, and programs in containers that run as that number write into it.
 * Git trusts what its own user's directory holds, so the directory itself and `.git` stay.
 */
function asUser(copy: string): void {
  run("find", [
    copy,
    "-mindepth",
    "1",
    "-name",
    ".git",
    "-prune",
    "-o",
    "-exec",
    "chown",
    "-h",
    "1000:1000",
    "{}",
    "+",
  ]);
  chmodSync(copy, 0o777);
}

interface Drilled {
  /** The last words instead, where there is none. */
  readonly run: DrillRun | string;
  readonly minutes: number;
}

function kept(file: string): Drilled {
  const run = JSON.parse(readFileSync(file, "utf8")) as DrillRun;
  return { run, minutes: Number(readFileSync(`${file}.minutes`, "utf8")) };
}

async function drilled(name: string, copy: string, file: string): Promise<Drilled> {
  for (const image of await imagesOf(copy)) standIn(image);
  console.error(`${name}: drilling`);
  const since = performance.now();
  const { text } = run("node", [shipworthy, "drill", copy, "--report", file, ...claims]);
  const minutes = (performance.now() - since) / 60_000;
  writeFileSync(`${file}.log`, text);
  writeFileSync(`${file}.minutes`, String(minutes));
  if (!existsSync(file)) return { run: cleaned(text.trim().split("\n").slice(-4).join("\n")), minutes };
  return { run: JSON.parse(cleaned(readFileSync(file, "utf8"))) as DrillRun, minutes };

  function cleaned(words: string): string {
    return words.replaceAll(copy, ".");
  }
}

function keepAll(to: string, home: string, fixed: string): void {
  mkdirSync(to, { recursive: true });
  cpSync(home, to, { recursive: true, filter: path => !/\/(\.git|node_modules)(\/|$)/.test(path) });
  writeFileSync(join(to, "fix.log"), fixed);
}

async function imagesOf(copy: string): Promise<Set<string>> {
  const stack = await link(openWorkspace(copy));
  const bases = stack.builds.flatMap(build =>
    (build.dockerfile?.stages ?? []).flatMap(({ from }) =>
      from.parent === undefined && from.resolved !== "scratch" ? [from.resolved] : [],
    ),
  );
  const used = stack.projects.flatMap(project =>
    project.services.flatMap(service => (service.build ? [] : [service.image?.text])),
  );
  return new Set([...bases, ...used].filter(image => image !== undefined));
}

function show(name: string, before: Drilled | undefined, after: Drilled): void {
  const runs = [
    ...(before ? [["As committed", before] as const] : []),
    [before ? "After the fix" : "After init and the fix", after] as const,
  ];
  if (before) console.log(`## ${name}\n`);
  for (const [when, { run: one, minutes }] of runs)
    console.log(
      typeof one === "string"
        ? `${when}, nothing could be drilled:\n\n\`\`\`text\n${one}\n\`\`\`\n`
        : `${when}: ${groupDrills(one).tally}, in ${minutes.toFixed(1)} min.\n`,
    );
  const heads = runs.map(([when]) => when.toLowerCase());
  console.log(`| claim | ${heads.join(" | ")} |\n| --- |${" --- |".repeat(heads.length)}`);
  const drilledClaims = new Set(runs.flatMap(([, { run: one }]) => reportsOf(one).map(({ claim }) => claim)));
  for (const claim of drilledClaims) {
    const cells = runs.map(([, { run: one }]) => cell(one, claim));
    if (cells.some(text => text !== none)) console.log(`| ${claim} | ${cells.join(" | ")} |`);
  }
  for (const [when, { run: one }] of runs) if (typeof one !== "string") reasons(when, one);
  console.log();
}

function cell(one: DrillRun | string, claim: string): string {
  const mine = reportsOf(one).filter(report => report.claim === claim);
  const parts = (["refuted", "inconclusive", "proved"] as const).flatMap(outcome => {
    const those = mine.filter(report => report.outcome === outcome).map(({ subject }) => subject);
    return those.length === 0 ? [] : [`${shown[outcome]} ${those.join(", ")}`];
  });
  return parts.join("; ") || none;
}

/** One line for each reason, with all that it decides. */
function reasons(when: string, one: DrillRun): void {
  const { causes, refuted, undecided } = groupDrills(one);
  const lines = [
    ...causes.map(
      ({ cause, verdicts }) =>
        `- ${cause.services.join(", ")}: ${short(cause.what)} Decides or blocks ${list(verdicts)}.`,
    ),
    ...refuted.map(each => `- refuted, ${list([each])}: ${short(each.because)}`),
    ...undecided.map(each => `- undecided, ${list([each])}: ${short(each.because)}`),
  ];
  if (lines.length > 0) console.log(`\n${when}:\n\n${lines.join("\n")}`);
}

function list(verdicts: readonly Verdict[]): string {
  return verdicts.map(({ drill, subjects }) => `${drill} (${subjects.join(", ")})`).join(", ");
}

/** The sentence, and the last of what a program said. */
function short(words: string): string {
  const lines = words.trim().split("\n");
  const last = lines.length > 1 ? ` … \`${lines.at(-1)!.trim().replaceAll("`", "'")}\`` : "";
  return `${lines[0]!}${last}`.slice(0, 400);
}

function reportsOf(one: DrillRun | string): DrillRun["reports"] {
  return typeof one === "string" ? [] : one.reports;
}
