import type { Config } from "../config/config.ts";
import type { Claim } from "../core/claim.ts";
import type { DrillReport } from "../core/drill.ts";
import { type Confidence, confidences, type Finding, type Severity, severities } from "../core/finding.ts";
import type { Report } from "../core/report.ts";
import type { Rule } from "../core/rule.ts";
import type { Source } from "../core/source.ts";
import { withDrills } from "./drilled.ts";
import { type Description, type Examined, nothingDescribed } from "./examined.ts";
import { problemGap, prose, reportEvidence, reportFinding, reportGap, strengths } from "./excerpt.ts";
import { find } from "./find.ts";
import { settle } from "./settle.ts";
import { verdicts } from "./verdicts.ts";

export interface AuditOptions {
  readonly config: Config;
  readonly claims: readonly Claim[];
  /** From the clock of whoever runs the audit. */
  readonly now: Date;
  readonly version: string;
  readonly description?: Description;
  /** Gaps carry stack traces. */
  readonly debug?: boolean;
  /** Comments that accept a finding do not count. */
  readonly ignoreInline?: boolean;
  /** Verdicts of drills, as `shipworthy drill --report` wrote them. */
  readonly drills?: readonly DrillReport[];
  /** The report carries no fixes, which then cost nothing. */
  readonly withoutFixes?: boolean;
  /** What to keep in the report; counts what is left out in `hidden`. */
  readonly show?: {
    readonly claims?: readonly string[];
    readonly severity?: Severity;
    readonly confidence?: Confidence;
  };
}

/** Checks every rule against the stack, settles what was found, and reports it with secrets masked. */
export function audit<S extends Examined>(
  stack: S,
  rules: readonly Rule<S>[],
  options: AuditOptions,
): Report {
  const { config, claims, description = nothingDescribed } = options;
  const files = config.source ? withSource(stack, config.source) : stack;
  const enabled = rules.filter(rule => config.severity.get(rule.id) !== "off");
  const { outcomes, found, gaps } = find(stack, enabled, options.debug);
  const at = options.now.toISOString();
  const settled = settle(files, found, config, at.slice(0, 10), options.ignoreInline);
  const findings = [...settled.findings].sort(byWorth(claims));
  const shown = findings.filter(finding => isShown(finding, options.show));
  const withFixes = !options.withoutFixes;
  return {
    root: stack.files.root,
    at,
    version: options.version,
    // A fix that fails adds a gap: findings are reported before the gaps are.
    findings: shown.map(finding => reportFinding(files, finding, withFixes)),
    accepted: settled.accepted.map(({ finding, acceptance: { reason, until, by } }) => ({
      finding: reportFinding(files, finding, withFixes),
      reason,
      by,
      ...(until ? { until } : {}),
    })),
    claims: withDrills(
      verdicts(claims, outcomes, findings, stack.sources.size === 0).map(verdict => ({
        ...verdict,
        evidence: verdict.evidence.map(item => reportEvidence(files, item)),
      })),
      options.drills ?? [],
    ).map(verdict => ({ ...verdict, because: prose(files, verdict.because) })),
    gaps: [...stack.problems.map(problemGap), ...stack.gaps, ...gaps].map(gap => reportGap(files, gap)),
    ...description,
    strengths: strengths(files, outcomes),
    hidden: findings.length - shown.length,
  };
}

/** Evidence may also stand in the settings. */
function withSource(stack: Examined, source: Source): Examined {
  return { ...stack, sources: new Map([...stack.sources, [source.path, source]]) };
}

function isShown(finding: Finding, show: AuditOptions["show"] = {}): boolean {
  if (show.claims && show.claims.length > 0 && !show.claims.includes(finding.claim)) return false;
  if (show.severity && severities.indexOf(finding.severity) > severities.indexOf(show.severity)) return false;
  return !show.confidence || confidences.indexOf(finding.confidence) <= confidences.indexOf(show.confidence);
}

/** Severity first, then the order of the claims, then the place. */
function byWorth(claims: readonly Claim[]): (a: Finding, b: Finding) => number {
  const order = new Map(claims.map((claim, index) => [claim.id, index]));
  const rank = ({ severity, claim }: Finding) =>
    severities.indexOf(severity) * 1_000 + (order.get(claim) ?? 999);
  return (a, b) => {
    const [one, two] = [a.evidence[0].at, b.evidence[0].at];
    const byFile = one.file < two.file ? -1 : one.file > two.file ? 1 : 0;
    return rank(a) - rank(b) || byFile || one.span.start - two.span.start;
  };
}
