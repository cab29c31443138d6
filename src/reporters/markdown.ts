import { type Severity, severities } from "../core/finding.ts";
import { addTo } from "../core/group.ts";
import type { Report, ReportedEvidence, ReportedFinding, ReportedFix } from "../core/report.ts";
import { changesOf } from "./changes.ts";
import { code, fence, prose, table } from "./markdown-text.ts";
import { count, drilled } from "./words.ts";

const priorities: Record<Severity, string> = { critical: "P0", high: "P1", medium: "P2", low: "P3" };
const mostPlaces = 12;
const mostKept = 3;

/** A review that a person without the terminal can read: what was found, what it means, what to do and when. */
export function markdown(report: Report): string {
  const sections = [
    summary(report),
    architecture(report),
    strengths(report),
    findings(report),
    quickWins(report),
    plan(report),
    accepted(report),
    claims(report),
    gaps(report),
    files(report),
  ];
  return `${sections.filter(section => section !== "").join("\n\n")}\n`;
}

function summary(report: Report): string {
  const refuted = report.claims.filter(({ verdict }) => verdict === "refuted");
  const must = refuted.filter(({ claim }) => claim.weight === "must");
  const held = report.claims.filter(({ verdict }) => verdict === "held").length;
  const open = report.claims.filter(({ verdict }) => verdict === "undecided").length;
  const incomplete = report.gaps.some(gap => gap.fatal);
  const outcome =
    must.length > 0
      ? `**Not ready for production**: ${count(must.length, "promise")} that must hold ${must.length === 1 ? "is" : "are"} broken.`
      : incomplete
        ? "**Not decided**: something could not be examined."
        : "**Nothing that must hold is refuted by the files.**";
  const rows = severities.map(level => [
    priorities[level],
    level,
    String(report.findings.filter(finding => finding.severity === level).length),
  ]);
  return [
    "# Production readiness review",
    `${report.at.slice(0, 10)}, Shipworthy ${report.version}`,
    "## Summary",
    `${outcome} Of ${report.claims.length} promises ${refuted.length} refuted, ${held} held, ${open} not decided by files.`,
    ...(must.length > 0
      ? [must.map(({ claim, because }) => `- **${claim.promise}** ${prose(because)}`).join("\n")]
      : []),
    table(["", "Severity", "Findings"], rows),
    ...(report.hidden > 0 ? [`${count(report.hidden, "finding")} not shown here.`] : []),
  ].join("\n\n");
}

function architecture(report: Report): string {
  if (report.stacks.length === 0) return "";
  const stacks = report.stacks.map(({ name, files, grade, because }) => [
    code(name),
    files.map(code).join(", "),
    grade,
    prose(because),
  ]);
  const services = report.services.map(service => [
    code(service.name),
    ...(report.stacks.length > 1 ? [code(service.stack)] : []),
    code(service.from),
    service.published.map(code).join(", "),
    code(service.restart),
    prose(service.health),
    prose(service.limits),
    service.data.map(code).join(", "),
    code(service.user),
  ]);
  const head = ["Service", ...(report.stacks.length > 1 ? ["Stack"] : [])];
  const columns = [...head, "From", "Published", "Restart", "Health check", "Limits", "Data", "User"];
  return [
    "## Architecture as found",
    table(["Stack", "Files", "Grade", "Because"], stacks),
    ...(services.length > 0 ? ["### Services", table(columns, services)] : []),
  ].join("\n\n");
}

/** Only what a rule examined and found in order. */
function strengths(report: Report): string {
  if (report.strengths.length === 0) return "";
  const lines = report.strengths.map(({ title, kept }) => {
    const seen = kept
      .slice(0, mostKept)
      .map(item => `${code(`${item.file}:${item.line}`)} ${prose(item.shows)}`);
    const more = kept.length > mostKept ? `, and ${kept.length - mostKept} more` : "";
    return `- **${prose(title)}.** ${seen.join("; ")}${more}`;
  });
  return ["## Strengths, as checked", lines.join("\n")].join("\n\n");
}

function findings(report: Report): string {
  const sections = ["## Findings"];
  if (report.findings.length === 0) sections.push("None.");
  for (const level of severities) {
    const mine = report.findings.filter(finding => finding.severity === level);
    if (mine.length === 0) continue;
    sections.push(`### ${priorities[level]}: ${level}`);
    for (const finding of mine) sections.push(findingSection(finding, numberOf(report, finding)));
  }
  return sections.join("\n\n");
}

/** Findings are numbered through, so that the plan can name them. */
function numberOf(report: Report, finding: ReportedFinding): number {
  return report.findings.indexOf(finding) + 1;
}

function findingSection(finding: ReportedFinding, number: number): string {
  const doubt = finding.confidence === "certain" ? "" : ` Confidence: ${finding.confidence}.`;
  const shown = finding.evidence.slice(0, mostPlaces).map(place);
  const more = finding.evidence.slice(mostPlaces).map(({ file, line }) => code(`${file}:${line}`));
  return [
    `#### ${number}. ${prose(finding.message)}`,
    `Rule ${code(finding.rule)}, claim ${code(finding.claim)}.${doubt}`,
    `**Evidence**\n\n${[...shown, ...(more.length > 0 ? [`- and ${more.join(", ")}`] : [])].join("\n")}`,
    `**Impact.** ${prose(finding.why)}`,
    ...(finding.fix ? [fixSection(finding.fix)] : []),
  ].join("\n\n");
}

function place({ file, line, shows, excerpt }: ReportedEvidence): string {
  const text = excerpt.trim() === "" ? "" : `: ${code(excerpt.trim().slice(0, 160))}`;
  return `- ${code(`${file}:${line}`)} ${prose(shows)}${text}`;
}

function fixSection(fix: ReportedFix): string {
  const lines = changesOf(fix).flatMap(({ file, line, removed, added }) => [
    `# ${file}:${line}`,
    ...removed.map(old => `- ${old}`),
    ...added.map(fresh => `+ ${fresh}`),
  ]);
  const shown = lines.length > 0 && lines.length <= 40 ? `\n\n${fence("diff", lines.join("\n"))}` : "";
  return `**Fix** (${fix.grade}). ${prose(fix.title)}.${shown}`;
}

function quickWins(report: Report): string {
  const lines = report.findings
    .filter(finding => finding.fix?.grade === "safe")
    .map(
      finding =>
        `- ${prose(finding.fix!.title)}: ${prose(finding.subject)} (finding ${numberOf(report, finding)})`,
    );
  return lines.length > 0
    ? ["## Quick wins", "Safe changes: nothing else depends on them.", lines.join("\n")].join("\n\n")
    : "";
}

/** By the grades of the fixes; what has none, by its weight. The order in which they can be made, `fix --roadmap` knows. */
function plan(report: Report): string {
  if (report.findings.length === 0) return "";
  const phases: Record<string, string[]> = {
    "Immediate: safe to apply now, or to decide now": [],
    "Planned: to be tried before a release": [],
    "Future: changes of the structure": [],
  };
  const titles = Object.keys(phases);
  const quickFirst = report.findings.toSorted((a, b) => Number(!a.fix) - Number(!b.fix));
  for (const finding of quickFirst) {
    const step = finding.fix ? finding.fix.title : finding.message;
    phases[titles[phaseOf(finding)]!]!.push(
      `${numberOf(report, finding)}. ${prose(step)}${finding.fix ? ` (${prose(finding.subject)})` : ""}`,
    );
  }
  const parts = Object.entries(phases).filter(([, steps]) => steps.length > 0);
  return [
    "## Roadmap",
    "`shipworthy fix --roadmap` shows it with what has to come first, after trying each fix.",
    ...parts.flatMap(([phase, steps]) => [`### ${phase}`, steps.map(step => `- ${step}`).join("\n")]),
  ].join("\n\n");
}

function phaseOf({ severity, fix }: ReportedFinding): 0 | 1 | 2 {
  if (fix) return fix.grade === "safe" ? 0 : fix.grade === "needs-testing" ? 1 : 2;
  return severity === "critical" || severity === "high" ? 0 : severity === "medium" ? 1 : 2;
}

function accepted(report: Report): string {
  if (report.accepted.length === 0) return "";
  const rows = report.accepted.map(({ finding, reason, until, by }) => [
    code(finding.rule),
    prose(finding.message),
    prose(reason),
    until ?? "no end",
    by,
  ]);
  return ["## Accepted", table(["Rule", "Finding", "Reason", "Until", "By"], rows)].join("\n\n");
}

function claims(report: Report): string {
  const isDrilled = report.claims.some(({ drills }) => drills);
  const rows = report.claims.map(({ claim, verdict, because, evidence, findings: number, drills }) => [
    prose(claim.promise),
    claim.weight,
    verdict === "refuted" ? `**refuted** (${number})` : verdict,
    verdict === "undecided"
      ? `To decide it: ${prose(because)}`
      : [
          prose(because),
          ...(verdict === "held" ? evidence : []).map(
            item => `${code(`${item.file}:${item.line}`)} ${prose(item.shows)}`,
          ),
        ].join(" "),
    ...(isDrilled ? [prose(drilled(drills).replace("drills: ", ""))] : []),
  ]);
  const columns = ["Promise", "Weight", "Verdict", "Because", ...(isDrilled ? ["Drills"] : [])];
  return ["## Promises", table(columns, rows)].join("\n\n");
}

function gaps(report: Report): string {
  if (report.gaps.length === 0) return "";
  const lines = report.gaps.map(({ about, why, place: at, fatal }) => {
    const where = at ? ` (${code(`${at.file}:${at.line}`)})` : "";
    return `- ${fatal ? "**Not examined:** " : ""}${prose(about)}${where}: ${prose(why)}`;
  });
  return ["## What could not be decided", lines.join("\n")].join("\n\n");
}

function files(report: Report): string {
  if (report.files.length === 0) return "";
  const kinds = new Map<string, string[]>();
  for (const { path, kind } of report.files) addTo(kinds, kind, path);
  const lines = [...kinds].map(([kind, paths]) => `- ${kind}: ${paths.map(code).join(", ")}`);
  return ["## Files examined", lines.join("\n")].join("\n\n");
}
