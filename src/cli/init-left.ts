import type { ProjectFiles } from "../core/project-files.ts";
import type { ReportedFinding } from "../core/report.ts";
import { overlay } from "../fix/overlay.ts";
import type { TextChange } from "../fix/patch.ts";
import { count } from "../reporters/words.ts";
import { auditProject } from "./audit-project.ts";

/**
 * What the audit says of the project once these files are there, as lines: each finding that no fix mends, and how many
 * one does. Their causes are in the application's own files, which `init` does not change.
 */
export async function leftToDo(
  files: ProjectFiles,
  changes: readonly TextChange[],
  now: Date,
): Promise<string[]> {
  const texts = new Map(changes.map(({ file, after }) => [file, after ?? ""]));
  const report = await auditProject(overlay(files, texts), { now });
  const findings = report.findings.filter(({ confidence }) => confidence !== "possible");
  const own = findings.filter(finding => !finding.fix);
  const mended = findings.length - own.length;
  return [
    ...(own.length === 0 ? [] : ["Left for you:", ...own.map(line)]),
    ...(mended === 0
      ? []
      : [`${count(mended, "finding")} can be mended with: shipworthy fix --big-change --write`]),
  ];
}

function line({ severity, rule, evidence: [primary], message }: ReportedFinding): string {
  return `  ${severity.padEnd(8)}  ${rule}  ${primary.file}:${primary.line}\n            ${message}`;
}
