import type { Evidence, Finding } from "../core/finding.ts";
import type { Edit, Fix } from "../core/fix.ts";
import type { Gap, Problem } from "../core/problem.ts";
import { sourceOf } from "../core/project-files.ts";
import type {
  ReportedEdit,
  ReportedEvidence,
  ReportedFinding,
  ReportedFix,
  ReportedGap,
  ReportedPlace,
  Strength,
} from "../core/report.ts";
import { type Location, lineText, positionAt, type Source } from "../core/source.ts";
import type { Examined } from "./examined.ts";
import type { RuleOutcome } from "./find.ts";
import { maskSecrets } from "./mask.ts";

const longestExcerpt = 2_000;
const noSecrets: ReadonlySet<string> = new Set();

/** A place with lines, columns and its first line's text, secrets masked. A file that is absent has no excerpt. */
export function reportPlace(
  source: Source | undefined,
  at: Location,
  secrets: ReadonlySet<string> = noSecrets,
): ReportedPlace {
  if (!source) return { file: at.file, line: 1, column: 1, endLine: 1, endColumn: 1, excerpt: "" };
  const start = positionAt(source, at.span.start);
  const end = positionAt(source, at.span.end);
  return {
    file: at.file,
    line: start.line,
    column: start.column,
    endLine: end.line,
    endColumn: end.column,
    excerpt: maskSecrets(lineText(source, start.line).slice(0, longestExcerpt), secrets),
  };
}

export function reportEvidence(stack: Examined, evidence: Evidence): ReportedEvidence {
  const place = reportPlace(sourceOf(stack, evidence.at.file), evidence.at, stack.secrets);
  return { ...place, shows: maskSecrets(evidence.shows, stack.secrets ?? noSecrets, "prose") };
}

export function reportFix(stack: Examined, fix: Fix): ReportedFix {
  return {
    title: prose(stack, fix.title),
    grade: fix.grade,
    ...(fix.test ? { test: prose(stack, fix.test) } : {}),
    ...(fix.afterwards ? { afterwards: prose(stack, fix.afterwards) } : {}),
    edits: fix.edits.map(edit => reportEdit(stack, edit)),
  };
}

function reportEdit(stack: Examined, { at, text }: Edit): ReportedEdit {
  const source = sourceOf(stack, at.file);
  const secrets = stack.secrets ?? noSecrets;
  const edit = { ...reportPlace(source, at, secrets), text: maskSecrets(text, secrets) };
  if (!source || edit.line !== edit.endLine) return edit;
  const line = lineText(source, edit.line);
  const before = maskSecrets(line.slice(0, edit.column - 1), secrets);
  const after = maskSecrets(line.slice(edit.endColumn - 1), secrets);
  // A secret that reaches over an end of the edit would be cut, and what is left of it be read. What is replaced by
  // itself may be a word that only its key makes a secret, so it is not looked at alone.
  const isWhole =
    before.length + after.length <= edit.excerpt.length &&
    edit.excerpt.startsWith(before) &&
    edit.excerpt.endsWith(after);
  return isWhole && edit.excerpt !== line ? { ...edit, beside: [before, after] } : edit;
}

/** Without `withFix` the fix is not even built. */
export function reportFinding(stack: Examined, finding: Finding, withFix = true): ReportedFinding {
  const { rule, claim, severity, confidence, title, subject, message, why, fingerprint } = finding;
  const fix = withFix ? finding.fix?.() : undefined;
  const [primary, ...others] = finding.evidence;
  return {
    ...{ rule, claim, severity, confidence, title, why, fingerprint },
    subject: prose(stack, subject),
    message: prose(stack, message),
    evidence: [reportEvidence(stack, primary), ...others.map(item => reportEvidence(stack, item))],
    ...(fix ? { fix: reportFix(stack, fix) } : {}),
  };
}

export function problemGap({ at, message, hint }: Problem): Gap {
  return { about: at.file, why: hint ? `${message.replace(/\.$/, "")}. ${hint}` : message, at, fatal: true };
}

export function reportGap(stack: Examined, { about, why, at, fatal = false }: Gap): ReportedGap {
  const place = at ? { place: reportPlace(sourceOf(stack, at.file), at, stack.secrets) } : {};
  return { about: prose(stack, about), why: prose(stack, why), fatal, ...place };
}

/** Rules that looked at something and found all of it in order. */
export function strengths<S>(stack: Examined, outcomes: readonly RuleOutcome<S>[]): Strength[] {
  return outcomes
    .filter(({ findings, kept }) => findings.length === 0 && kept.length > 0)
    .map(({ rule: { id, claim, title }, kept }) => {
      return { rule: id, claim, title, kept: kept.map(item => reportEvidence(stack, item.kept)) };
    });
}

export function prose(stack: Examined, text: string): string {
  return maskSecrets(text, stack.secrets ?? noSecrets, "prose");
}
