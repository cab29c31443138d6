import { type Severity, severities } from "../core/finding.ts";
import type { Report } from "../core/report.ts";

/**
 * 0: nothing at or above the threshold; 1: findings at or above it; 2: wrong usage or settings (not decided here);
 * 3: something could not be examined. Findings win over gaps: what is known to be wrong comes first.
 */
export function exitCode(report: Report, failOn: Severity | "never"): 0 | 1 | 3 {
  const limit = failOn === "never" ? -1 : severities.indexOf(failOn);
  if (report.findings.some(finding => severities.indexOf(finding.severity) <= limit)) return 1;
  return report.gaps.some(gap => gap.fatal) ? 3 : 0;
}
