import { unusedAcceptance } from "../audit/settle.ts";
import { type Finding, severities } from "../core/finding.ts";
import type { Problem } from "../core/problem.ts";
import type { Examination } from "./examine.ts";

/** What a fix has to make fewer: a rule may find several defects of one subject in one file. */
export function causeOf(finding: Finding): string {
  return [finding.rule, finding.subject, finding.evidence[0].at.file].join("\0");
}

export function countCauses(findings: readonly Finding[]): Map<string, number> {
  return countBy(findings, causeOf);
}

/**
 * Findings that were not there before, by rule, subject and severity: one whose lines only moved is none, one that
 * weighs more is new, one that weighs less is not. A finding that now tells of more places has become worse, unless
 * others have become one with it: defects of the same weight in variants of a stack are told together.
 */
export function newFindings(before: readonly Finding[], after: readonly Finding[]): Finding[] {
  const sameWords = countBy(before, wordsOf);
  // An acceptance that nothing needs any longer is no harm.
  const changed = after.filter(finding => countsAsNew(finding) && !takeOne(sameWords, wordsOf(finding)));
  const left = before.filter(finding => takeOne(sameWords, wordsOf(finding)));
  return changed.filter(finding => {
    const known = whatItWas(left, finding);
    for (const each of known) left.splice(left.indexOf(each), 1);
    return known.length === 0;
  });
}

/** The findings that this one was, one or several; none where it is new or has become worse. */
function whatItWas(before: readonly Finding[], finding: Finding): readonly Finding[] {
  const alike = before.filter(other => isAsBad(other, finding));
  const covers = (other: Finding): boolean =>
    other.severity !== finding.severity || other.evidence.length >= finding.evidence.length;
  const one = alike.find(other => other.severity === finding.severity && covers(other)) ?? alike.find(covers);
  if (one) return [one];
  const places = alike.reduce((sum, other) => sum + other.evidence.length, 0);
  return places >= finding.evidence.length ? alike : [];
}

/** What the audit does not tell unless it is asked, such as a policy that a mended project may still take up, is none. */
function countsAsNew({ rule, confidence }: Finding): boolean {
  return rule !== unusedAcceptance && confidence !== "possible";
}

/** The same rule has said as much of this subject, or worse, perhaps together with others. */
function isAsBad(before: Finding, after: Finding): boolean {
  return (
    before.rule === after.rule &&
    names(after).every(each => names(before).includes(each)) &&
    severities.indexOf(before.severity) <= severities.indexOf(after.severity)
  );
}

/** One finding may tell of several projects or files; a fix may mend some of them. */
function names({ subject }: Finding): string[] {
  return subject.split(" ");
}

function wordsOf({ rule, subject, severity, message }: Finding): string {
  return [rule, subject, severity, message].join("\0");
}

function takeOne(counts: Map<string, number>, key: string): boolean {
  const left = counts.get(key) ?? 0;
  counts.set(key, left - 1);
  return left > 0;
}

/** What could be read before and cannot be read now. Places move, so problems are told by file and words. */
export function newProblems(before: Examination, after: Examination): Problem[] {
  const known = countBy(before.stack.problems, problemKey);
  return after.stack.problems.filter(problem => !takeOne(known, problemKey(problem)));
}

function problemKey({ at, message }: Problem): string {
  return `${at.file}\0${message}`;
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
