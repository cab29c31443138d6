import { severities } from "../core/finding.ts";
import type {
  ClaimVerdict,
  Report,
  ReportedEvidence,
  ReportedFinding,
  ReportedFix,
  ReportedGap,
  StackRow,
} from "../core/report.ts";
import { changesOf } from "./changes.ts";
import { drawPlace } from "./place.ts";
import type { ReporterOptions } from "./reporter.ts";
import { type Style, styleFor } from "./style.ts";
import { count, drilled, printable, wrap } from "./words.ts";

const mostPlaces = 6;
const mostChangedLines = 12;
const mostStacks = 8;

/** For the terminal: what will happen, worst first, with the lines that show it; the claims last. */
export function text(report: Report, { color, width }: ReporterOptions): string {
  const style = styleFor(color);
  const blocks = [
    ...(report.stacks.length > 0 ? [stacksBlock(report.stacks, style, width)] : []),
    ...areasOf(report).map(([question, findings]) => areaBlock(question, findings, style, width)),
    ...(report.gaps.length > 0 ? [gapsBlock(report.gaps, style, width)] : []),
    claimsBlock(report.claims, style, width),
    verdict(report, style),
  ];
  return `${blocks.join("\n\n")}\n`;
}

const byGrade = ["deployed", "presumed", "staging", "development"];

/** What every severity rests on, so it stands first: which Compose files are a server's, and why. */
function stacksBlock(stacks: readonly StackRow[], style: Style, width: number | undefined): string {
  const rows = [...stacks].sort((a, b) => byGrade.indexOf(a.grade) - byGrade.indexOf(b.grade));
  const longest = Math.max(...rows.map(({ grade }) => grade.length));
  const lines = rows.slice(0, mostStacks).map(({ grade, files, because }) => {
    const text = `${files.join(" + ")}: ${because}`;
    return `  ${grade.padEnd(longest)}  ${wrap(printable(text), width, " ".repeat(longest + 4)).trimStart()}`;
  });
  const more = rows.length > mostStacks ? [`  and ${rows.length - mostStacks} more`] : [];
  const isSettled = rows.some(({ because }) => because.startsWith("shipworthy.yml"));
  const hint = "Not so? Name the files that run in production under `deployed` in shipworthy.yml.";
  return [
    style.bold("Compose files"),
    ...lines,
    ...more,
    ...(isSettled ? [] : [style.dim(wrap(hint, width, "  "))]),
  ].join("\n");
}

/** Findings by the question that their claim answers, questions in the order of the claims. */
export function areasOf(report: Report): [string, ReportedFinding[]][] {
  const areas = new Map(report.claims.map(({ claim }) => [claim.area, [] as ReportedFinding[]]));
  const areaOf = new Map(report.claims.map(({ claim }) => [claim.id, claim.area]));
  for (const finding of report.findings) {
    const area = areaOf.get(finding.claim) ?? "Other";
    if (!areas.has(area)) areas.set(area, []);
    areas.get(area)!.push(finding);
  }
  return [...areas].filter(([, findings]) => findings.length > 0);
}

function areaBlock(
  question: string,
  findings: readonly ReportedFinding[],
  style: Style,
  width?: number,
): string {
  const title = `${style.bold(question)}  ${style.dim(count(findings.length, "finding"))}`;
  return [title, ...findings.map(finding => findingBlock(finding, style, width))].join("\n\n");
}

function findingBlock(finding: ReportedFinding, style: Style, width: number | undefined): string {
  const doubt = finding.confidence === "certain" ? "" : `, ${finding.confidence}`;
  const lines = [`${style.severity(finding.severity)}${doubt}  ${style.dim(finding.rule)}`];
  lines.push(wrap(style.bold(printable(finding.message)), width, "  "));
  lines.push(wrap(printable(finding.why), width, "  "));
  const shown = finding.evidence.slice(0, mostPlaces);
  const gutter = Math.max(...shown.map(({ line }) => String(line).length));
  for (const evidence of shown) {
    lines.push(...drawPlace(evidence, gutter, style, width).map(line => `    ${line}`));
  }
  const more = finding.evidence.slice(mostPlaces).map(({ file, line }) => `${file}:${line}`);
  if (more.length > 0)
    lines.push(wrap(`and ${count(more.length, "more place")}: ${more.join(", ")}`, width, "    "));
  if (finding.fix) lines.push(...fixLines(finding.fix, style, width));
  return lines.join("\n");
}

function fixLines(fix: ReportedFix, style: Style, width: number | undefined): string[] {
  const lines = [wrap(`Fix (${fix.grade}): ${printable(fix.title)}`, width, "  ")];
  const changes = changesOf(fix);
  const size = changes.reduce((sum, { removed, added }) => sum + removed.length + added.length, 0);
  if (size > mostChangedLines) return [...lines, style.dim(`    ${count(size, "changed line")}`)];
  for (const { file, line, removed, added } of changes) {
    lines.push(style.dim(`    ${file}:${line}`));
    for (const old of removed) lines.push(style.bad(`    - ${printable(old)}`));
    for (const fresh of added) lines.push(style.good(`    + ${printable(fresh)}`));
  }
  return lines;
}

function gapsBlock(gaps: readonly ReportedGap[], style: Style, width: number | undefined): string {
  const lines = gaps.map(({ about, why, place, fatal }) => {
    const where = place ? `${place.file}:${place.line}:${place.column}` : "";
    const what =
      place && about === place.file ? where : [about, where].filter(part => part !== "").join("  ");
    return wrap(`${fatal ? "! " : "  "}${printable(`${what}: ${why}`)}`, width, "  ");
  });
  return [style.bold("What could not be decided"), ...lines].join("\n");
}

const marks = { refuted: "✗", held: "✓", undecided: "?", "not-applicable": "-" } as const;

function claimsBlock(claims: readonly ClaimVerdict[], style: Style, width: number | undefined): string {
  const longest = Math.max(0, ...claims.map(({ claim }) => claim.id.length));
  const lines = claims.map(({ claim, verdict, findings, evidence, because, drills }) => {
    const mark =
      verdict === "refuted"
        ? style.bad(marks.refuted)
        : verdict === "held"
          ? style.good(marks.held)
          : marks[verdict];
    const paper =
      verdict === "refuted"
        ? count(findings, "finding")
        : verdict === "held"
          ? placesOf(evidence)
          : verdict === "undecided"
            ? "files cannot tell"
            : "not applicable";
    const note = [...(verdict === "held" && evidence.length === 0 ? [] : [paper]), drilled(drills)]
      .filter(part => part !== "")
      .join("; ");
    const line = `  ${mark} ${claim.id.padEnd(longest)}  ${claim.promise}`;
    const fits = width === undefined || longest + claim.promise.length + note.length + 8 <= width;
    const first = fits
      ? `${line}  ${style.dim(note)}`
      : `  ${mark} ${claim.id.padEnd(longest)}  ${style.dim(note)}`;
    if (verdict !== "undecided") return first;
    // What would decide it stands below, so that the list can still be read down.
    return `${first}\n${style.dim(wrap(`drill: ${printable(because)}`, width, " ".repeat(longest + 6)))}`;
  });
  return [style.bold("Claims"), ...lines].join("\n");
}

/** Where a claim was seen to be held, in a few words. */
function placesOf(evidence: readonly ReportedEvidence[]): string {
  const places = [...new Set(evidence.map(({ file, line }) => `${file}:${line}`))];
  const more = places.length > 2 ? ` and ${places.length - 2} more` : "";
  return `seen at ${places.slice(0, 2).map(printable).join(", ")}${more}`;
}

/** One line that says how it stands. */
function verdict(report: Report, style: Style): string {
  const refuted = report.claims.filter(claim => claim.verdict === "refuted");
  const must = refuted.filter(({ claim }) => claim.weight === "must").length;
  const held = report.claims.filter(claim => claim.verdict === "held").length;
  const open = report.claims.filter(claim => claim.verdict === "undecided").length;
  const levels = severities
    .map(level => [level, report.findings.filter(finding => finding.severity === level).length] as const)
    .filter(([, number]) => number > 0)
    .map(([level, number]) => `${number} ${level}`);
  const notes = [
    `${refuted.length} refuted, ${held} held, ${open} undecided`,
    levels.length > 0 ? `${count(report.findings.length, "finding")}: ${levels.join(", ")}` : "no findings",
    ...(report.accepted.length > 0 ? [`${report.accepted.length} accepted`] : []),
    ...(report.hidden > 0 ? [`${report.hidden} not shown`] : []),
    ...(report.gaps.some(gap => gap.fatal) ? ["not everything could be examined"] : []),
  ].join("; ");
  const start =
    must > 0
      ? style.bad("Not ready")
      : report.gaps.some(gap => gap.fatal)
        ? "Incomplete"
        : style.good("Nothing refuted that must hold");
  return `${start}: ${notes}.`;
}
