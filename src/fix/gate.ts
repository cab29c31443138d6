import { type Finding, severities } from "../core/finding.ts";
import type { Fix } from "../core/fix.ts";
import { causeOf, countCauses, newFindings, newProblems } from "./compare.ts";
import type { Examination } from "./examine.ts";
import { lostDoors, openings } from "./exposure.ts";
import { untracedReaders } from "./readers.ts";
import { routeChanges } from "./routes.ts";

/** A finding with the fix that its rule offers. */
export interface Candidate {
  readonly finding: Finding;
  readonly fix: Fix;
}

/**
 * Why these fixes must not be made, as sentences; nothing when they may. `before` is the state without the last of
 * them, `start` the one that their findings were found in, `made` all fixes since then.
 */
export function objections(
  start: Examination,
  before: Examination,
  after: Examination,
  made: readonly Candidate[],
): string[] {
  return [
    ...unreadable(before, after),
    ...unmended(start, after, made),
    ...newFindings(before.findings, after.findings)
      .filter(finding => !isRevealed(finding, made))
      .map(finding => `it brings a new finding, ${finding.rule} (${finding.severity}): ${finding.message}`),
    ...exposed(before, after, made),
    ...untracedReaders(before.stack, after.stack, editedFiles(made)),
  ];
}

function isRevealed(finding: Finding, made: readonly Candidate[]): boolean {
  return made.some(each => leaves(each, finding));
}

/** Lighter than what is mended, of a rule that the fix names: what stays of a defect whose gravest part is gone. */
export function leaves({ finding: mended, fix }: Candidate, finding: Finding): boolean {
  return (
    fix.grade !== "safe" &&
    fix.reveals?.includes(finding.rule) === true &&
    severities.indexOf(finding.severity) > severities.indexOf(mended.severity)
  );
}

function unreadable(before: Examination, after: Examination): string[] {
  const broken = newProblems(before, after).map(
    ({ at, message }) => `${at.file} can no longer be read: ${message}`,
  );
  const known = new Set(before.failed.map(gap => gap.about));
  const failed = after.failed.filter(gap => !known.has(gap.about));
  const gone = [...before.stack.kinds].filter(
    // Another context has another ignore file; what it then keeps out or lets in is judged by the rules.
    ([path, kind]) => !after.stack.kinds.has(path) && !["code", "runbook", "dockerignore"].includes(kind),
  );
  return [
    ...broken,
    ...failed.map(gap => `${gap.about} cannot examine the result`),
    ...gone.map(([path]) => `${path} is no longer seen as part of the deployment`),
  ];
}

/** Each finding must be gone; several of one subject in one file are counted. One that is mended in part tells of less. */
function unmended(start: Examination, after: Examination, made: readonly Candidate[]): string[] {
  const had = countCauses(start.findings);
  const has = countCauses(after.findings);
  const isPartial = ({ fix }: Candidate): boolean => fix.partial === true && fix.grade !== "safe";
  const mended = countCauses(made.filter(each => !isPartial(each)).map(({ finding }) => finding));
  const asBad = made
    .filter(isPartial)
    .filter(({ finding }) => placesOf(after, finding) >= placesOf(start, finding))
    .map(({ finding }) => `the finding is still there: ${finding.message}`);
  const whole = [...mended].flatMap(([cause, number]) => {
    const expected = Math.max(0, (had.get(cause) ?? 0) - number);
    if ((has.get(cause) ?? 0) <= expected) return [];
    const { finding } = made.find(each => causeOf(each.finding) === cause)!;
    return [`the finding is still there: ${finding.message}`];
  });
  return [...asBad, ...whole];
}

/** How many places the rule tells of for this subject. */
function placesOf({ findings }: Examination, { rule, subject }: Finding): number {
  return findings
    .filter(each => each.rule === rule && each.subject === subject)
    .reduce((sum, { evidence }) => sum + evidence.length, 0);
}

function exposed(before: Examination, after: Examination, made: readonly Candidate[]): string[] {
  const allowed = new Set(made.flatMap(({ fix }) => (fix.grade === "safe" ? [] : (fix.opens ?? []))));
  const known = openings(before.stack);
  const fresh = [...openings(after.stack)].flatMap(([key, opening]) => (known.has(key) ? [] : [opening]));
  const { opened, lost } = routeChanges(before.stack, after.stack);
  return [
    ...[...fresh, ...opened]
      .filter(({ what }) => !allowed.has(what))
      .map(({ says }) => `it opens something: ${says}`),
    ...lost.map(({ says }) => `it closes something: ${says}`),
    ...lostDoors(before.stack, after.stack).map(says => `it closes something: ${says}`),
  ];
}

export function editedFiles(made: readonly Candidate[]): Set<string> {
  return new Set(made.flatMap(({ fix }) => fix.edits.map(edit => edit.at.file)));
}
