import type { Config } from "../config/config.ts";
import type { Claim } from "../core/claim.ts";
import { type Confidence, confidences, type Finding, type Severity, severities } from "../core/finding.ts";
import type { Gap } from "../core/problem.ts";
import type { Report, ReportedFinding, ReportedGap, Strength } from "../core/report.ts";
import type { Rule } from "../core/rule.ts";
import { type Description, type Examined, nothingDescribed } from "./examined.ts";
import { reportEvidence, reportFix, reportPlace } from "./excerpt.ts";
import { find, type RuleOutcome } from "./find.ts";
import { maskSecrets } from "./mask.ts";
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
  /** What to keep in the report; counts what is left out in `hidden`. */
  readonly show?: {
    readonly claims?: readonly string[];
    readonly severity?: Severity;
    readonly confidence?: Confidence;
  };
}

/** Checks every rule against the stack, settles what was found, and reports it with secrets masked. */
export function audit<S extends Examined>(stack: S, rules: readonly Rule<S>[], options: AuditOptions): Report {
  const { config, claims, description = nothingDescribed } = options;
  const enabled = rules.filter(rule => config.severity.get(rule.id) !== "off");
  const { outcomes, gaps } = find(stack, enabled, options.debug);
  const at = options.now.toISOString();
  const found = outcomes.flatMap(outcome => outcome.findings);
  const settled = settle(stack, found, config, at.slice(0, 10));
  const findings = [...settled.findings].sort(byWorth(claims));
  const shown = findings.filter(finding => isShown(finding, options.show));
  const nothingToAudit = stack.sources.size === 0;
  return {
    root: stack.files.root,
    at,
    version: options.version,
    findings: shown.map(finding => reportFinding(stack, finding)),
    accepted: settled.accepted.map(({ finding, acceptance: { reason, until, by } }) => ({
      finding: reportFinding(stack, finding),
      reason,
      by,
      ...(until ? { until } : {}),
    })),
    claims: verdicts(claims, outcomes, findings, nothingToAudit).map(verdict => ({
      ...verdict,
      because: prose(stack, verdict.because),
    })),
    gaps: [...stack.problems.map(problemGap), ...stack.gaps, ...gaps].map(gap => reportGap(stack, gap)),
    ...description,
    strengths: outcomes.flatMap(outcome => strength(stack, outcome)),
    hidden: findings.length - shown.length,
  };
}

function isShown(finding: Finding, show: AuditOptions["show"] = {}): boolean {
  if (show.claims && show.claims.length > 0 && !show.claims.includes(finding.claim)) return false;
  if (show.severity && severities.indexOf(finding.severity) > severities.indexOf(show.severity)) return false;
  return !show.confidence || confidences.indexOf(finding.confidence) <= confidences.indexOf(show.confidence);
}

/** Severity first, then the order of the claims, then the place. */
function byWorth(claims: readonly Claim[]): (a: Finding, b: Finding) => number {
  const order = new Map(claims.map((claim, index) => [claim.id, index]));
  const rank = (finding: Finding) =>
    severities.indexOf(finding.severity) * 1_000 + (order.get(finding.claim) ?? 999);
  return (a, b) => {
    const [one, two] = [a.evidence[0].at, b.evidence[0].at];
    const byFile = one.file < two.file ? -1 : one.file > two.file ? 1 : 0;
    return rank(a) - rank(b) || byFile || one.span.start - two.span.start;
  };
}

function reportFinding(stack: Examined, finding: Finding): ReportedFinding {
  const { rule, claim, severity, confidence, title, subject, message, why, fingerprint, fix } = finding;
  const [primary, ...others] = finding.evidence;
  return {
    ...{ rule, claim, severity, confidence, title, why, fingerprint },
    subject: prose(stack, subject),
    message: prose(stack, message),
    evidence: [reportEvidence(stack, primary), ...others.map(item => reportEvidence(stack, item))],
    ...(fix ? { fix: reportFix(stack, fix) } : {}),
  };
}

function problemGap({ at, message, hint }: Examined["problems"][number]): Gap {
  return { about: at.file, why: hint ? `${message}. ${hint}` : message, at, fatal: true };
}

function reportGap(stack: Examined, { about, why, at, fatal = false }: Gap): ReportedGap {
  const place = at ? { place: reportPlace(stack.sources.get(at.file), at, stack.secrets) } : {};
  return { about: prose(stack, about), why: prose(stack, why), fatal, ...place };
}

function strength<S extends Examined>(stack: S, { rule, findings, kept }: RuleOutcome<S>): Strength[] {
  if (findings.length > 0 || kept.length === 0) return [];
  return [{ rule: rule.id, claim: rule.claim, title: rule.title, kept: kept.map(item => reportEvidence(stack, item.kept)) }];
}

function prose(stack: Examined, text: string): string {
  return maskSecrets(text, stack.secrets ?? new Set(), "prose");
}
