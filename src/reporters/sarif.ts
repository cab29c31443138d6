import type { Log, PhysicalLocation, ReportingDescriptor, Result, Run } from "sarif";
import { type Severity, severities } from "../core/finding.ts";
import type { Report, ReportedEvidence, ReportedFinding, ReportedPlace } from "../core/report.ts";
import type { ReporterOptions, RuleSummary } from "./reporter.ts";

const levels = { critical: "error", high: "error", medium: "warning", low: "note" } as const;
/** GitHub sorts code-scanning alerts by this number. */
const scores: Record<Severity, string> = { critical: "9.5", high: "8.0", medium: "5.5", low: "2.0" };
const ranks = { certain: 100, likely: 75, possible: 40 } as const;

/** SARIF 2.1.0, for code-scanning tools. Further places of a finding are related locations. */
export function sarif(report: Report, { rules }: ReporterOptions): string {
  const table = ruleTable(report, rules);
  const indexes = new Map(table.map((rule, index) => [rule.id, index]));
  const run: Run = {
    tool: { driver: { name: "Shipworthy", version: report.version, rules: table } },
    columnKind: "utf16CodeUnits",
    originalUriBaseIds: { "%SRCROOT%": { description: { text: "The audited directory." } } },
    results: [
      ...report.findings.map(finding => resultOf(finding, indexes)),
      ...report.accepted.map(({ finding, reason, by }) => ({
        ...resultOf(finding, indexes),
        suppressions: [{ kind: by === "inline" ? "inSource" : "external", justification: reason } as const],
      })),
    ],
    invocations: [
      {
        executionSuccessful: !report.gaps.some(gap => gap.fatal),
        endTimeUtc: report.at,
        toolExecutionNotifications: report.gaps.map(({ about, why, place, fatal }) => ({
          level: fatal ? "error" : "note",
          message: { text: `${about}: ${why}` },
          ...(place ? { locations: [{ physicalLocation: physical(place) }] } : {}),
        })),
      },
    ],
  };
  const log: Log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [run],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

/** Every rule that reports something here; those the product adds itself are described by their finding. */
function ruleTable(report: Report, rules: readonly RuleSummary[]): ReportingDescriptor[] {
  const known = new Map(rules.map(rule => [rule.id, rule]));
  const used = new Map<string, RuleSummary>();
  for (const finding of [...report.findings, ...report.accepted.map(item => item.finding)]) {
    used.set(finding.rule, known.get(finding.rule) ?? { ...finding, id: finding.rule });
  }
  return [...used.values()].map(({ id, title, claim, severity, why }) => ({
    id,
    shortDescription: { text: `${title}.` },
    fullDescription: { text: why },
    help: { text: `${why} Run "shipworthy explain ${id}" for examples.` },
    defaultConfiguration: { level: levels[severities.find(level => level === severity) ?? "medium"] },
    properties: {
      tags: [claim],
      "security-severity": scores[severities.find(level => level === severity) ?? "medium"],
    },
  }));
}

function resultOf(finding: ReportedFinding, indexes: ReadonlyMap<string, number>): Result {
  const [primary, ...others] = finding.evidence;
  return {
    ruleId: finding.rule,
    ruleIndex: indexes.get(finding.rule) ?? -1,
    level: levels[finding.severity],
    rank: ranks[finding.confidence],
    message: { text: `${finding.message} ${finding.why}` },
    locations: [{ physicalLocation: physical(primary), message: { text: primary.shows } }],
    ...(others.length > 0 ? { relatedLocations: others.map(related) } : {}),
    partialFingerprints: { "shipworthy/v1": finding.fingerprint },
    properties: { subject: finding.subject, claim: finding.claim, severity: finding.severity },
  };
}

function related(evidence: ReportedEvidence, index: number) {
  return { id: index + 1, physicalLocation: physical(evidence), message: { text: evidence.shows } };
}

function physical({ file, line, column, endLine, endColumn }: ReportedPlace): PhysicalLocation {
  const uri = file.split("/").map(encodeURIComponent).join("/");
  return {
    artifactLocation: { uri, uriBaseId: "%SRCROOT%" },
    region: { startLine: line, startColumn: column, endLine, endColumn },
  };
}
