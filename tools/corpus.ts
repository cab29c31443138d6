import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { auditProject } from "../src/cli/audit-project.ts";
import type { Report } from "../src/core/report.ts";
import { openWorkspace } from "../src/workspace/workspace.ts";

/**
 * Golden reports of real repositories, which are not part of this project: `npm run corpus -- NAME=DIR... [--write]`.
 * Compares each report with test/corpus/NAME.txt and shows what changed, so that a rule's effect is read as a diff.
 */
const golden = fileURLToPath(new URL("../test/corpus", import.meta.url));

const arguments_ = process.argv.slice(2);
const write = arguments_.includes("--write");
const pairs = arguments_
  .filter(argument => !argument.startsWith("--"))
  .map(argument => argument.split("=", 2));
if (pairs.length === 0 || pairs.some(pair => pair.length < 2)) {
  console.error("usage: npm run corpus -- NAME=DIR... [--write]");
  process.exit(2);
}

let changed = 0;
for (const [name, directory] of pairs as [string, string][]) {
  const text = render(await auditProject(openWorkspace(resolve(directory))));
  const file = join(golden, `${name}.txt`);
  const before = existsSync(file) ? readFileSync(file, "utf8") : "";
  if (write) writeFileSync(file, text);
  const lines = difference(before, text);
  changed += lines.length;
  console.log(
    `${name}: ${lines.length === 0 ? "as before" : `${lines.length} lines differ${write ? ", written" : ""}`}`,
  );
  if (!write) for (const line of lines) console.log(`  ${line}`);
}
process.exitCode = changed > 0 && !write ? 1 : 0;

/** Our words and places only: no line of the audited files. */
function render(report: Report): string {
  const lines: string[] = [];
  for (const stack of report.stacks)
    lines.push(`stack ${stack.files.join(" + ")}: ${stack.grade}, ${stack.because}`);
  for (const finding of report.findings) {
    const confidence = finding.confidence === "certain" ? "" : ` (${finding.confidence})`;
    lines.push("", `${finding.severity}${confidence} ${finding.rule}`, `  ${finding.message}`);
    for (const place of finding.evidence)
      lines.push(`  ${place.file}:${place.line}:${place.column} ${place.shows}`);
    if (finding.fix) lines.push(`  fix (${finding.fix.grade}): ${finding.fix.title}`);
  }
  lines.push("");
  for (const gap of report.gaps)
    lines.push(`gap ${gap.place ? `${gap.place.file}:${gap.place.line} ` : ""}${gap.about}: ${gap.why}`);
  return `${lines.join("\n").trimEnd()}\n`;
}

/** Lines that only one side has; good enough to read, since findings are in a fixed order. */
function difference(before: string, after: string): string[] {
  const old = new Set(before.split("\n"));
  const fresh = new Set(after.split("\n"));
  return [
    ...before
      .split("\n")
      .filter(line => line && !fresh.has(line))
      .map(line => `- ${line}`),
    ...after
      .split("\n")
      .filter(line => line && !old.has(line))
      .map(line => `+ ${line}`),
  ];
}
