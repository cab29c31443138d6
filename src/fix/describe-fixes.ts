import { problemGap, prose, reportFinding, reportGap } from "../audit/excerpt.ts";
import { maskSecrets } from "../audit/mask.ts";
import type { Finding } from "../core/finding.ts";
import type { FixableFinding, FixReport, ReportedDiff } from "../core/fix-report.ts";
import type { Gap } from "../core/problem.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { Stack } from "../stack/stack.ts";
import { applyFixes } from "./apply.ts";
import { textOf } from "./attempt.ts";
import { newFindings } from "./compare.ts";
import { candidatesOf, type FixOptions, type FixOutcome, grades, type MadeFix, type Refusal } from "./fix.ts";
import { leaves } from "./gate.ts";
import { hunksOf, type TextChange } from "./patch.ts";

/** What a reader sees of the fixes, secrets masked. */
export function describeFixes(
  files: ProjectFiles,
  outcome: FixOutcome,
  options: FixOptions & { readonly version: string; readonly gaps?: readonly Gap[] },
): FixReport {
  const { start, end, made, refused, held, waiting } = outcome;
  const { stack, findings, failed } = end.examination;
  const shown = findings.filter(finding => finding.confidence !== "possible");
  const beyond = candidatesOf(shown, { ...options, level: "big-change" });
  const level = grades.indexOf(options.level);
  const left = leftBy(outcome);
  return {
    root: files.root,
    at: options.now.toISOString(),
    version: options.version,
    level: options.level,
    changes: made.map(fix => ({
      finding: fixable(fix.on.examination.stack, fix.finding),
      diffs: diffsOf(files, fix),
      leaves: left.flatMap(each => (each.of === fix ? [reportFinding(stack, each.finding)] : [])),
    })),
    refused: refused.map(reportRefusal),
    held: held.map(reportRefusal),
    waiting: waiting.map(finding => fixable(stack, finding)),
    unfixable: shown.filter(finding => !finding.fix?.()).map(finding => reportFinding(stack, finding)),
    higher: grades
      .slice(level + 1)
      .map(grade => ({ grade, fixes: beyond.filter(({ fix }) => fix.grade === grade).length }))
      .filter(({ fixes }) => fixes > 0),
    findingsBefore: start.examination.findings.filter(finding => finding.confidence !== "possible").length,
    findingsAfter: shown.length,
    regraded: outcome.regraded,
    askedPrograms: (options.judges ?? []).map(judge => judge.name),
    gaps: [...(options.gaps ?? []), ...stack.problems.map(problemGap), ...failed].map(gap =>
      reportGap(stack, gap),
    ),
  };
}

/** What the audit tells after the fixes and did not tell before, each with the fix that it is left by. */
function leftBy({
  start,
  end,
  made,
}: FixOutcome): { readonly finding: Finding; readonly of: MadeFix | undefined }[] {
  return newFindings(start.examination.findings, end.examination.findings).map(finding => {
    const candidates = made.filter(each => leaves(each, finding));
    const touches = ({ fix }: MadeFix): boolean =>
      fix.edits.some(({ at }) => at.file === finding.evidence[0].at.file);
    return { finding, of: candidates.find(touches) ?? candidates[0] };
  });
}

function reportRefusal({ on, finding, reasons }: Refusal): FixReport["refused"][number] {
  const { stack } = on.examination;
  return { finding: fixable(stack, finding), reasons: reasons.map(reason => prose(stack, reason)) };
}

function fixable(stack: Stack, finding: Finding): FixableFinding {
  return reportFinding(stack, finding) as FixableFinding;
}

/** This fix alone, on the texts that it was made for. */
function diffsOf(files: ProjectFiles, { on, fix }: MadeFix): ReportedDiff[] {
  const before = (file: string): string | undefined => textOf(files, on.texts, file);
  const { changed } = applyFixes(before, [fix]);
  return [...changed].map(([file, after]) => {
    const change: TextChange = { file, before: before(file), after };
    return {
      file,
      created: change.before === undefined,
      executable: fix.executable?.includes(file) ?? false,
      lines: hunksOf(masked(on.examination.stack, change)).flatMap(({ head, lines }) => [head, ...lines]),
    };
  });
}

/** Lines stay lines, so that the hunks are those of the file. */
function masked(stack: Stack, change: TextChange): TextChange {
  const mask = (text: string): string => {
    let inKey = false;
    const lines = text.split("\n").map(line => {
      if (line.includes("-----END")) inKey = false;
      const shown = inKey ? "‹masked›" : maskSecrets(line, stack.secrets);
      if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(line)) inKey = !line.includes("-----END");
      return shown;
    });
    return lines.join("\n");
  };
  const { before, after } = change;
  return {
    ...change,
    before: before === undefined ? undefined : mask(before),
    after: after === undefined ? undefined : mask(after),
  };
}

/** Every file as it was and as it is to be. */
export function changesOf(files: ProjectFiles, { end, made }: FixOutcome): TextChange[] {
  const programs = new Set(made.flatMap(({ fix }) => fix.executable ?? []));
  return [...end.texts].flatMap(([file, after]) => {
    const before = textOf(files, new Map(), file);
    if (before === after) return [];
    return [
      { file, before, after, ...(before === undefined && programs.has(file) ? { executable: true } : {}) },
    ];
  });
}
