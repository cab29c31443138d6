import type { Evidence } from "../core/finding.ts";
import type { Fix } from "../core/fix.ts";
import type { ReportedEvidence, ReportedFix, ReportedPlace } from "../core/report.ts";
import { type Location, lineText, positionAt, type Source } from "../core/source.ts";
import type { Examined } from "./examined.ts";
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
  const place = reportPlace(stack.sources.get(evidence.at.file), evidence.at, stack.secrets);
  return { ...place, shows: maskSecrets(evidence.shows, stack.secrets ?? noSecrets, "prose") };
}

export function reportFix(stack: Examined, fix: Fix): ReportedFix {
  return {
    title: maskSecrets(fix.title, stack.secrets ?? noSecrets, "prose"),
    grade: fix.grade,
    edits: fix.edits.map(edit => ({
      ...reportPlace(stack.sources.get(edit.at.file), edit.at, stack.secrets),
      text: maskSecrets(edit.text, stack.secrets ?? noSecrets),
    })),
  };
}
