import type { Examined } from "../src/audit/examined.ts";
import { joinHabits } from "../src/audit/habits.ts";
import type { PlacedViolation, Severity, Violation } from "../src/core/finding.ts";
import type { ProjectFiles } from "../src/core/project-files.ts";
import { sourceOf } from "../src/core/project-files.ts";
import { isKept, type Rule } from "../src/core/rule.ts";
import { lineText, positionAt, type Source } from "../src/core/source.ts";
import { applyFixes } from "../src/fix/apply.ts";
import type { ExpectedEvidence, PageFile, PageSection } from "../src/pages/page.ts";
import { pageFiles } from "../src/pages/page-files.ts";

/** What the page test needs of a linked stack. */
export type Linked = Pick<Examined, "files" | "sources">;

export type Link<S> = (files: ProjectFiles) => S | Promise<S>;

/** One section, run with its rule alone, in a form that compares as text. */
export interface SectionResult {
  readonly expected: readonly string[];
  readonly reported: readonly string[];
  readonly severities: readonly Severity[];
  readonly fixed: Readonly<Record<string, string>>;
  readonly fixedAgain: Readonly<Record<string, string>>;
  /** Messages of violations that their own fix did not mend. */
  readonly unmended: readonly string[];
  readonly offersFix: boolean;
}

/** Runs a rule over a section's project, then over the project with its fixes, and over that once more. */
export async function runSection<S extends Linked>(
  rule: Rule<S>,
  section: PageSection,
  link: Link<S>,
): Promise<SectionResult> {
  const first = await check(rule, section.files, link);
  const places = first.violations.flatMap(violation =>
    violation.evidence.map(({ at, shows }) => placeOf(sourceOf(first.stack, at.file), at, shows)),
  );
  const matched = matchWords(section.expected, places);
  const fixed = fix(section.files, first);
  const after = withTexts(section.files, fixed);
  const second = await check(rule, after, link);
  const mended = first.violations.filter(violation => violation.fix?.()).map(violation => violation.message);
  return {
    expected: section.expected.map(written).sort(),
    reported: matched.map(written).sort(),
    severities: (rule.habit ? joinHabits(first.violations as PlacedViolation[]) : first.violations).map(
      violation => violation.severity ?? rule.severity,
    ),
    fixed,
    fixedAgain: { ...fixed, ...fix(after, second) },
    unmended: second.violations
      .map(violation => violation.message)
      .filter(message => mended.includes(message)),
    offersFix: mended.length > 0,
  };
}

interface Checked<S> {
  readonly stack: S;
  readonly violations: readonly Violation[];
}

async function check<S extends Linked>(
  rule: Rule<S>,
  files: readonly PageFile[],
  link: Link<S>,
): Promise<Checked<S>> {
  const stack = await link(pageFiles(files));
  return { stack, violations: [...rule.check(stack)].filter(outcome => !isKept(outcome)) as Violation[] };
}

function placeOf(
  source: Source | undefined,
  at: Violation["evidence"][0]["at"],
  words: string,
): ExpectedEvidence {
  if (!source)
    return {
      file: at.file,
      line: 0,
      column: 0,
      endColumn: 0,
      words: `${words} (the file does not exist)`,
    };
  const start = positionAt(source, at.span.start);
  const end = positionAt(source, at.span.end);
  const lineEnd = lineText(source, start.line).length + 1;
  const endColumn = end.line > start.line ? lineEnd : end.column;
  // An insertion point is drawn as one caret.
  return { file: at.file, ...start, endColumn: Math.max(endColumn, start.column + 1), words };
}

/** Carets may quote a part of what is shown, or nothing of it. */
function matchWords(
  expected: readonly ExpectedEvidence[],
  places: readonly ExpectedEvidence[],
): ExpectedEvidence[] {
  const open = [...expected];
  return places.map(place => {
    const index = open.findIndex(
      want =>
        written({ ...want, words: "" }) === written({ ...place, words: "" }) &&
        place.words.includes(want.words),
    );
    return index === -1 ? place : open.splice(index, 1)[0]!;
  });
}

function written({ file, line, column, endColumn, words }: ExpectedEvidence): string {
  return `${file}:${line}:${column}-${endColumn} ${words}`.trim();
}

function fix<S extends Linked>(
  files: readonly PageFile[],
  { violations }: Checked<S>,
): Record<string, string> {
  const fixes = violations.flatMap(violation => violation.fix?.() ?? []);
  const { changed } = applyFixes(file => files.find(({ path }) => path === file)?.text, fixes);
  return Object.fromEntries(changed);
}

function withTexts(files: readonly PageFile[], texts: Readonly<Record<string, string>>): PageFile[] {
  const kept = files.map(file =>
    texts[file.path] === undefined ? file : { ...file, text: texts[file.path]! },
  );
  const fresh = Object.keys(texts).filter(
    path => !files.some(file => file.path === path && file.text !== undefined),
  );
  const created = fresh.map(path => ({
    path,
    text: texts[path]!,
    ignored: false,
    untracked: false,
    directory: false,
  }));
  return [...kept.filter(file => !fresh.includes(file.path)), ...created];
}

/** Files that the page says the fixes leave behind. */
export function fixedOf(section: PageSection): Record<string, string> {
  return Object.fromEntries(
    section.files.flatMap(file => (file.fixed === undefined ? [] : [[file.path, file.fixed]])),
  );
}

/**
 * The texts after the fixes as the page shows them: a line `...` there stands for any lines, so that a page can show
 * what matters of a long file. A text that the page's pieces do not fit stays as it is, for the comparison to fail.
 */
export function asShown(
  fixed: Readonly<Record<string, string>>,
  shown: Readonly<Record<string, string>>,
): Record<string, string> {
  const fitting = Object.entries(fixed).map(([path, text]) => {
    const page = shown[path];
    return [path, page !== undefined && fits(text, page) ? page : text] as const;
  });
  return Object.fromEntries(fitting);
}

function fits(text: string, page: string): boolean {
  const pieces = `\n${page}`.split(/(?<=\n)[ \t]*\.\.\.\n/);
  if (pieces.length === 1) return text === page;
  const whole = `\n${text}`;
  let at = 0;
  for (const [index, piece] of pieces.entries()) {
    const last = index === pieces.length - 1;
    const found = last && piece !== "" ? whole.length - piece.length : whole.indexOf(piece, at);
    if (found < at || (index === 0 && found !== 0) || !whole.startsWith(piece, found)) return false;
    // A piece begins where a line begins.
    if (index > 0 && piece !== "" && whole[found - 1] !== "\n") return false;
    at = found + piece.length;
  }
  return true;
}
