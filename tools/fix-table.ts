import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { judgesHere } from "../src/cli/fix-judges.ts";
import { projectFiles } from "../src/cli/project-files.ts";
import { link } from "../src/stack/link.ts";
import { openWorkspace } from "../src/workspace/workspace.ts";

/**
 * What fixing does to whole repositories, which are not part of this project: `npm run fix-table -- NAME=DIR... [--why]`.
 * At each level: copy, `fix --write`, audit again, ask Compose and nginx, look for lost comments, fix again. Prints the
 * Markdown table of docs/fixes.md; `--why` adds what was refused.
 */
const bin = fileURLToPath(new URL("../dist/shipworthy.js", import.meta.url));
const levels = ["safe", "needs-testing", "big-change"] as const;

interface Finding {
  readonly rule: string;
  readonly subject: string;
  readonly severity: string;
  readonly message: string;
  readonly fix?: { readonly title: string; readonly grade: string };
}

interface Fixes {
  readonly changes: readonly {
    readonly finding: Finding;
    readonly diffs: readonly { readonly file: string; readonly created: boolean }[];
    readonly leaves: readonly Finding[];
  }[];
  readonly refused: readonly { readonly finding: Finding; readonly reasons: readonly string[] }[];
  readonly held: readonly { readonly finding: Finding; readonly reasons: readonly string[] }[];
  readonly waiting: readonly Finding[];
  readonly regraded: readonly { readonly file: string; readonly was: string; readonly is: string }[];
}

const words = process.argv.slice(2);
const why = words.includes("--why");
const pairs = words
  .filter(word => !word.startsWith("--"))
  .map(word => word.split("=", 2) as [string, string]);
if (pairs.length === 0 || pairs.some(pair => pair.length < 2)) {
  console.error("usage: npm run fix-table -- NAME=DIR... [--why]");
  process.exit(2);
}

const notes: string[] = [];
const rows: string[][] = [];
for (const [name, directory] of pairs)
  for (const level of levels) rows.push([name, level, ...(await fixOnce(name, resolve(directory), level))]);
const head = [
  "System",
  "Level",
  "Fixes",
  "Refused",
  "Findings",
  "New",
  "Left",
  "Compose",
  "nginx",
  "Comments lost",
  "Again",
];
for (const row of [head, head.map(() => "---"), ...rows]) console.log(`| ${row.join(" | ")} |`);
if (why) console.log(`\n${notes.join("\n")}`);
process.exitCode = rows.some(row => [row[5], ...row.slice(7)].some(cell => /^[1-9]|refuse|left/.test(cell!)))
  ? 1
  : 0;

/** The cells of one row. */
async function fixOnce(name: string, original: string, level: string): Promise<string[]> {
  const scratch = mkdtempSync(join(tmpdir(), "fix-table-"));
  const copy = join(scratch, basename(original));
  try {
    cpSync(original, copy, {
      recursive: true,
      filter: path => basename(path) !== "node_modules",
      verbatimSymlinks: true,
    });
    const before = auditOf(copy);
    const judgedBefore = await judge(copy);
    const fixes = JSON.parse(run("fix", copy, `--${level}`, "--write", "--allow-dirty", "--json")) as Fixes;
    const after = auditOf(copy);
    const judged = await judge(copy);
    const again = JSON.parse(run("fix", copy, `--${level}`, "--json")) as Fixes;
    // A file that one fix creates may be changed by the next one.
    const touched = fixes.changes.flatMap(({ diffs }) =>
      diffs.map(({ file }) => file).filter(file => existsSync(join(original, file))),
    );
    const created = fixes.changes.flatMap(({ diffs }) =>
      diffs.map(({ file }) => file).filter(file => !existsSync(join(original, file))),
    );
    const lost = lostComments(
      [...new Set(touched)].map(file => [join(original, file), join(copy, file)]),
      [...new Set(created)].map(file => join(copy, file)),
    );
    const left = fixes.changes.flatMap(change => change.leaves.map(nameOf));
    const fresh = missing(newFindings(before, after), left);
    for (const each of left) notes.push(`${name} ${level}: LEFT ${each}`);
    note(name, level, fixes, fresh, lost, again);
    return [
      String(fixes.changes.length),
      String(fixes.refused.length + fixes.held.length),
      `${before.length} → ${after.length}`,
      String(fresh.length),
      String(left.length),
      verdict("docker compose config", judgedBefore, judged),
      verdict("nginx -t", judgedBefore, judged),
      String(lost.length),
      again.changes.length === 0 ? "nothing" : `${again.changes.length} left`,
    ];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function note(
  name: string,
  level: string,
  fixes: Fixes,
  fresh: readonly string[],
  lost: readonly string[],
  again: Fixes,
): void {
  for (const { finding, reasons } of [...fixes.refused, ...fixes.held])
    notes.push(
      `${name} ${level}: refused ${finding.rule} (${finding.subject}): ${finding.fix?.title}`,
      ...reasons.map(reason => `    ${reason}`),
    );
  for (const { rule, subject } of fixes.waiting) notes.push(`${name} ${level}: waiting ${rule} (${subject})`);
  for (const { file, was, is } of fixes.regraded)
    notes.push(`${name} ${level}: REGRADED ${file}: ${was}, ${is} for the next audit`);
  for (const key of fresh) notes.push(`${name} ${level}: NEW ${key}`);
  for (const comment of lost) notes.push(`${name} ${level}: LOST ${comment}`);
  for (const { finding } of again.changes)
    notes.push(`${name} ${level}: AGAIN ${finding.rule} (${finding.subject})`);
}

function run(...args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [bin, ...args], {
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  if (status === 2 || stdout === "") throw new Error(`${args.join(" ")}: ${stderr}`);
  return stdout;
}

function auditOf(directory: string): Finding[] {
  const report = JSON.parse(run("audit", directory, "--format", "json", "--fail-on", "never")) as {
    findings: Finding[];
  };
  return report.findings;
}

/** Findings of a rule and subject that had none before, or a lighter one. */
function newFindings(before: readonly Finding[], after: readonly Finding[]): string[] {
  const left = [...before];
  const take = (is: (was: Finding) => boolean): boolean => {
    const at = left.findIndex(is);
    if (at !== -1) left.splice(at, 1);
    return at !== -1;
  };
  const isAbout =
    ({ rule, subject }: Finding) =>
    (was: Finding) =>
      was.rule === rule && was.subject === subject;
  return after
    .filter(each => !take(was => isAbout(each)(was) && was.severity === each.severity))
    .filter(each => !take(was => isAbout(each)(was) && weight(was) > weight(each)))
    .map(nameOf);
}

function nameOf({ rule, subject, severity }: Finding): string {
  return `${rule} | ${subject} | ${severity}`;
}

function weight({ severity }: Finding): number {
  return ["low", "medium", "high", "critical"].indexOf(severity);
}

/** Those of `wanted` that are not in `list`, counted. */
function missing(wanted: readonly string[], list: readonly string[]): string[] {
  const left = [...list];
  return wanted.filter(item => {
    const at = left.indexOf(item);
    if (at !== -1) left.splice(at, 1);
    return at === -1;
  });
}

interface Judged {
  readonly program: string;
  /** What was refused, and why. */
  readonly refusals: ReadonlyMap<string, string>;
}

async function judge(directory: string): Promise<Judged[]> {
  const stack = await link(projectFiles(openWorkspace(directory)).files);
  const results: Judged[] = [];
  for (const each of judgesHere())
    results.push({
      program: each.name,
      refusals: await each.refusals({ stack, findings: [], failed: [] }, new Map()),
    });
  return results;
}

function verdict(program: string, before: readonly Judged[], after: readonly Judged[]): string {
  const is = after.find(each => each.program === program)?.refusals;
  if (!is) return "not here";
  const was = before.find(each => each.program === program)?.refusals;
  const fresh = [...is].filter(([about]) => !was?.has(about));
  for (const [about, reason] of fresh) notes.push(`    ${program} refuses ${about}: ${reason}`);
  return fresh.length > 0
    ? `refuses ${fresh.length}`
    : is.size > 0
      ? `as before (${is.size} refused)`
      : "accepts";
}

/** Comments of the files before that stand neither in the same file now nor in one that a fix made. */
function lostComments(
  files: readonly (readonly [before: string, after: string])[],
  made: readonly string[],
): string[] {
  const comments = (path: string): string[] =>
    readFileSync(path, "utf8")
      .split(/\r?\n/)
      .flatMap(line => /(?:^|\s)(?:#|\/\/)\s?(.*)$/.exec(line)?.[1] ?? []);
  const gone = files.flatMap(([before, after]) => missing(comments(before), comments(after)));
  return missing(gone, made.flatMap(comments));
}
