import type { Severity } from "../core/finding.ts";
import type { Report, ReportedFinding, ReportedPlace } from "../core/report.ts";

const commands: Record<Severity, string> = {
  critical: "error",
  high: "error",
  medium: "warning",
  low: "notice",
};

/** Workflow commands that show each finding beside the changed line of a pull request. */
export function github(report: Report): string {
  const lines = report.findings.map(annotation);
  for (const { about, why, place, fatal } of report.gaps) {
    if (fatal) lines.push(command("warning", place, "Could not be examined", `${about}: ${why}`));
  }
  return lines.map(line => `${line}\n`).join("");
}

function annotation(finding: ReportedFinding): string {
  const [primary, ...others] = finding.evidence;
  const places = others.map(({ file, line, shows }) => `${file}:${line} ${shows}`);
  const message = [finding.message, finding.why, ...places].join("\n");
  return command(commands[finding.severity], primary, `${finding.severity} ${finding.rule}`, message);
}

function command(name: string, place: ReportedPlace | undefined, title: string, message: string): string {
  const properties = { ...(place ? whereIs(place) : {}), title };
  const written = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(String(value))}`);
  return `::${name} ${written.join(",")}::${escapeData(message)}`;
}

/** Columns are allowed by GitHub only where the place ends on the line it starts on. */
function whereIs({ file, line, column, endLine, endColumn }: ReportedPlace): Record<string, string | number> {
  const columns = line === endLine ? { col: column, endColumn: Math.max(column, endColumn - 1) } : {};
  return { file, line, endLine, ...columns };
}

function escapeData(text: string): string {
  return text.replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replace(/:/g, "%3A").replace(/,/g, "%2C");
}
