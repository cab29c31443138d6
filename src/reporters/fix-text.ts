import type { FixReport, ReportedChange, ReportedDiff, ReportedRefusal } from "../core/fix-report.ts";
import type { ReportedFinding } from "../core/report.ts";
import type { ReporterOptions } from "./reporter.ts";
import { type Style, styleFor } from "./style.ts";
import { count, printable, wrap } from "./words.ts";

/** What became of the fixes: shown, written, or put into a patch. */
export interface FixEnding {
  readonly written: boolean;
  /** The patch file that holds them. */
  readonly patch?: string;
  /** Commands that take the change back. */
  readonly undo: readonly string[];
}

type Options = Pick<ReporterOptions, "color" | "width">;

/** Each fix with its diff, what it is for and what to try; then what is refused and why, and what is left. */
export function fixText(report: FixReport, ending: FixEnding, { color, width }: Options): string {
  const style = styleFor(color);
  const blocks = [
    ...report.changes.map((change, index) =>
      changeBlock(change, style, width, twinOf(change, report.changes.slice(0, index))),
    ),
    refusals("Refused: the result would not have been better", report.refused, style, width),
    refusals("Not edited here", report.held, style, width),
    waiting(report, style),
    unfixable(report, style),
    gaps(report, style, width),
    afterwards(report, style, width),
    regraded(report, style, width),
    closing(report, ending, style),
  ];
  return `${blocks.filter(block => block !== "").join("\n\n")}\n`;
}

/** One fix with its diff, for a question. */
export function changeText(change: ReportedChange, { color, width }: Options): string {
  return changeBlock(change, styleFor(color), width);
}

/** The change before this one that is the same: one edit may mend several findings. */
function twinOf({ diffs }: ReportedChange, before: readonly ReportedChange[]): ReportedChange | undefined {
  const text = JSON.stringify(diffs);
  return before.find(each => JSON.stringify(each.diffs) === text);
}

function changeBlock(
  { finding, diffs, leaves }: ReportedChange,
  style: Style,
  width: number | undefined,
  twin?: ReportedChange,
): string {
  const { fix } = finding;
  return [
    `${style.bold(printable(fix.title))}  ${style.dim(`${fix.grade}, ${finding.rule}`)}`,
    wrap(printable(finding.message), width, "  "),
    wrap(`Why: ${printable(finding.why)}`, width, "  "),
    ...(fix.test ? [wrap(`Test: ${printable(fix.test)}`, width, "  ")] : []),
    ...(fix.afterwards ? [wrap(`By hand: ${printable(fix.afterwards)}`, width, "  ")] : []),
    ...leaves.map(each =>
      wrap(`Left: ${each.severity}, ${each.rule}: ${printable(each.message)}`, width, "  "),
    ),
    ...(twin
      ? [wrap(`The change is the one above, for ${twin.finding.rule}.`, width, "  ")]
      : diffs.map(diff => diffBlock(diff, style))),
  ].join("\n");
}

function diffBlock({ file, created, executable, lines }: ReportedDiff, style: Style): string {
  const name = printable(file);
  const mode = executable ? "  (new file, executable)" : "  (new file)";
  const head = [
    style.bold(`--- ${created ? "/dev/null" : `a/${name}`}`),
    style.bold(`+++ b/${name}${created ? mode : ""}`),
  ];
  const rest = created && lines.length > mostLines ? lines.length - shownLines : 0;
  return [
    ...head,
    ...lines.slice(0, lines.length - rest).map(line => diffLine(line, style)),
    ...(rest === 0 ? [] : [style.dim(`  ... and ${count(rest, "line")} more, all of them new`)]),
  ].join("\n");
}

/** A lock file of thousands of lines is made by a program for a program. */
const mostLines = 1_000;
const shownLines = 20;

function diffLine(line: string, style: Style): string {
  const shown = printable(line.replace(/\r$/, ""));
  if (line.startsWith("@@")) return style.dim(shown);
  if (line.startsWith("+")) return style.good(shown);
  return line.startsWith("-") ? style.bad(shown) : shown;
}

function refusals(
  title: string,
  list: readonly ReportedRefusal[],
  style: Style,
  width: number | undefined,
): string {
  if (list.length === 0) return "";
  const lines = list.flatMap(({ finding, reasons }) => [
    `  ${printable(finding.fix.title)}  ${style.dim(`${finding.fix.grade}, ${finding.rule}, ${printable(finding.subject)}`)}`,
    ...reasons.map(reason => wrap(printable(reason), width, "    ")),
  ]);
  return [style.bold(title), ...lines].join("\n");
}

function waiting({ waiting }: FixReport, style: Style): string {
  if (waiting.length === 0) return "";
  const lines = waiting.map(
    ({ fix, rule, subject }) => `  ${printable(fix.title)}  ${style.dim(`${rule}, ${printable(subject)}`)}`,
  );
  return [style.bold("Left for the next run, because they touch the same lines"), ...lines].join("\n");
}

/** The audit tells what each of them is about. */
function unfixable({ unfixable }: FixReport, style: Style): string {
  if (unfixable.length === 0) return "";
  const longest = Math.max(...unfixable.map(({ rule }) => rule.length));
  const lines = unfixable.map(
    finding => `  ${finding.severity.padEnd(8)}  ${finding.rule.padEnd(longest)}  ${placeOf(finding)}`,
  );
  return [style.bold(`No fix: ${count(unfixable.length, "finding")} to decide by hand`), ...lines].join("\n");
}

function placeOf({ evidence: [primary] }: ReportedFinding): string {
  return `${printable(primary.file)}:${primary.line}`;
}

function gaps({ gaps }: FixReport, style: Style, width: number | undefined): string {
  const fatal = gaps.filter(gap => gap.fatal);
  if (fatal.length === 0) return "";
  const lines = fatal.map(({ about, why, place }) => {
    const where = place ? `${place.file}:${place.line}` : about;
    return wrap(printable(`${where}: ${why}`), width, "  ");
  });
  return [style.bold("Could not be examined"), ...lines].join("\n");
}

function afterwards({ changes }: FixReport, style: Style, width: number | undefined): string {
  const steps = [...new Set(changes.flatMap(({ finding }) => finding.fix.afterwards ?? []))];
  if (steps.length === 0) return "";
  return [
    style.bold("Left to do by hand"),
    ...steps.map(step => wrap(`- ${printable(step)}`, width, "  ")),
  ].join("\n");
}

/** The gate keeps a project's grade; the next audit reads what is written now. */
function regraded({ regraded }: FixReport, style: Style, width: number | undefined): string {
  const [first] = regraded;
  if (!first) return "";
  const files = regraded.map(({ file }) => printable(file)).join(", ");
  const grades = `was ${first.was === "presumed" ? "only presumed to be a server's" : `taken for ${first.was}`}, and reads like one with these changes`;
  const more =
    first.heavier === 0 ? "" : `: ${count(first.heavier, "finding weighs", "findings weigh")} more there`;
  return [
    style.bold("What the next audit sees differently"),
    wrap(
      `${files} ${grades}${more}. Where that is wrong, name the files that a server runs under \`deployed\` in shipworthy.yml.`,
      width,
      "  ",
    ),
  ].join("\n");
}

function closing(report: FixReport, { written, patch, undo }: FixEnding, style: Style): string {
  const { changes, higher, findingsBefore, findingsAfter, level, askedPrograms } = report;
  const files = new Set(changes.flatMap(({ diffs }) => diffs.map(({ file }) => file))).size;
  const what = `${count(changes.length, "fix", "fixes")} in ${count(files, "file")}`;
  const findings = `${count(findingsBefore, "finding")} before, ${findingsAfter} after`;
  const lines: string[] = [];
  if (changes.length === 0)
    lines.push(style.bold(`Nothing to fix at the level ${level}: ${count(findingsAfter, "finding")}.`));
  else if (written) lines.push(style.good(`Written: ${what}; ${findings}.`));
  else lines.push(style.bold(`Not written: ${what}; ${findings}.`));
  if (changes.length > 0 && askedPrograms.length > 0)
    lines.push(`Accepted by ${askedPrograms.join(" and ")}.`);
  if (patch !== undefined) lines.push(`The patch is in ${printable(patch)}.`);
  else if (changes.length > 0 && !written)
    lines.push("Add --write to make the changes, or --patch FILE for git apply.");
  if (undo.length > 0) lines.push("To undo:", ...undo.map(command => `  ${printable(command)}`));
  for (const { grade, fixes } of higher)
    lines.push(`${count(fixes, "more fix", "more fixes")} with --${grade}.`);
  return lines.join("\n");
}
