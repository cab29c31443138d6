import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { auditProject } from "../src/cli/audit-project.ts";
import type { DrillReport, DrillRun } from "../src/core/drill.ts";
import { openWorkspace } from "../src/workspace/workspace.ts";
import { type Planted, planted } from "../test/planted/harbour.ts";

/**
 * Holds a drill of examples/harbour against the defects that are planted there:
 * `shipworthy drill examples/harbour --report REPORT; npm run planted -- REPORT`. Prints Markdown; ends with 1 when a
 * defect was not refuted by its drill, in words that name it.
 */
const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("npm run planted -- REPORT");
const run = JSON.parse(readFileSync(path, "utf8")) as DrillRun;
const root = fileURLToPath(new URL("../examples/harbour", import.meta.url));
const { findings } = await auditProject(openWorkspace(root), { show: { confidence: "likely" } });

const rows = planted.map(one => ({ one, found: findingOf(one), verdict: verdictOf(one) }));
const minutes = [...run.reports, ...run.images].reduce((sum, { ms }) => sum + ms, 0) / 60_000;
console.log(`${run.reports.length} verdicts, ${minutes.toFixed(1)} min.\n`);
console.log("| finding | | promise | drill | what it saw |\n|---|---|---|---|---|");
for (const { one, found, verdict } of rows.filter(({ one }) => one.drill !== undefined))
  console.log(
    `| ${one.rule} | ${found?.severity ?? "not found"} | ${found?.claim ?? ""} | ${one.drill} | ${verdict} |`,
  );
console.log("\n| only read in the files | | because |\n|---|---|---|");
for (const { one, found } of rows.filter(({ one }) => one.paper !== undefined))
  console.log(`| ${one.rule} | ${found?.severity ?? "not found"} | ${one.paper} |`);
const open = rows.filter(({ one, verdict }) => one.drill !== undefined && !verdict.startsWith("refuted"));
if (open.length > 0) {
  console.error(`not refuted: ${open.map(({ one }) => one.rule).join(", ")}`);
  process.exitCode = 1;
}

function findingOf({ rule, subject }: Planted) {
  return findings.find(one => one.rule === rule && (subject === undefined || one.subject === subject));
}

function verdictOf({ drill, of, words }: Planted): string {
  const reports = run.reports.filter(
    report => report.drill === drill && (of === undefined || report.subject.includes(of)),
  );
  const told = reports.find(report => report.outcome === "refuted" && words!.test(report.because));
  if (told) return `refuted: ${cell(lineWith(told, words!))}`;
  return reports.map(({ outcome, because }) => `${outcome}: ${cell(because)}`).join("; ") || "it was not run";
}

/** The line of a verdict that names the defect. */
function lineWith({ because }: DrillReport, words: RegExp): string {
  const lines = because.split("\n");
  const own = lines.find(line => words.test(line));
  if (own !== undefined) return own.trim();
  // It stands over several lines: from the first that begins it.
  const at = because.search(words);
  return because.slice(at).split("\n").slice(0, 3).join(" ").trim();
}

function cell(text: string): string {
  const plain = text.replace(/\s+/g, " ").replaceAll("|", "\\|");
  return plain.length > 240 ? `${plain.slice(0, 240)}…` : plain;
}
