import {
  confidences,
  type Finding,
  type PlacedViolation,
  type Severity,
  severities,
  type Violation,
} from "../core/finding.ts";
import type { Offer } from "../core/fix.ts";
import type { Gap } from "../core/problem.ts";
import { isKept, type Kept, type Rule } from "../core/rule.ts";
import { fingerprint } from "./fingerprint.ts";
import { joinHabits } from "./habits.ts";
import { joinVariants } from "./variants.ts";

/** What one rule said. */
export interface RuleOutcome<S> {
  readonly rule: Rule<S>;
  readonly findings: readonly Finding[];
  readonly kept: readonly Kept[];
}

export interface Found<S> {
  readonly outcomes: readonly RuleOutcome<S>[];
  /** Those of every rule. */
  readonly found: readonly Finding[];
  readonly gaps: readonly Gap[];
}

/**
 * Runs every rule on its own: one that throws becomes a gap that forces exit code 3, and the others still run.
 * With `debug` the gap carries the stack trace. A fix that throws when it is asked for adds a gap then.
 */
export function find<S>(stack: S, rules: readonly Rule<S>[], debug = false): Found<S> {
  const outcomes: RuleOutcome<S>[] = [];
  const gaps: Gap[] = [];
  for (const rule of rules) {
    const violations: PlacedViolation[] = [];
    const kept: Kept[] = [];
    try {
      for (const outcome of rule.check(stack)) {
        if (isKept(outcome)) kept.push(outcome);
        else violations.push(placed(outcome));
      }
    } catch (error) {
      gaps.push({ about: `rule ${rule.id}`, why: describeFailure(error, debug), fatal: true });
    }
    const failed = (error: unknown): void =>
      void gaps.push({ about: `the fix of ${rule.id}`, why: describeFailure(error, debug), fatal: true });
    const findings = toFindings(rule, violations).map(finding => withOneFix(finding, failed));
    outcomes.push({ rule, findings, kept });
  }
  return { outcomes, found: outcomes.flatMap(outcome => outcome.findings), gaps };
}

function placed(violation: Violation): PlacedViolation {
  const [first, ...others] = violation.evidence;
  if (!first) throw new Error(`it has no evidence for "${violation.subject}"`);
  return { ...violation, evidence: [first, ...others] };
}

/** The fix is built once, however often it is asked for. */
function withOneFix(finding: Finding, failed: (error: unknown) => void): Finding {
  const { fix } = finding;
  if (!fix) return finding;
  let built: { readonly fix: ReturnType<Offer> } | undefined;
  return {
    ...finding,
    fix: () => {
      if (!built) {
        try {
          built = { fix: fix() };
        } catch (error) {
          built = { fix: undefined };
          failed(error);
        }
      }
      return built.fix;
    },
  };
}

function describeFailure(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return `it failed: ${String(error)}`;
  const detail = debug && error.stack ? error.stack : error.message;
  return `it failed, which is a defect of Shipworthy and not of this project: ${detail}`;
}

/** Adds what is the same for every finding of the rule, and joins findings that say the same thing. */
function toFindings<S>(rule: Rule<S>, violations: readonly PlacedViolation[]): Finding[] {
  const merged = new Map<string, PlacedViolation>();
  const said = rule.habit ? joinHabits(violations) : violations;
  for (const violation of joinVariants(said, rule.severity)) {
    const { at } = violation.evidence[0];
    const key = `${violation.subject}\0${at.file}\0${at.span.start}\0${at.span.end}`;
    const before = merged.get(key);
    merged.set(key, before ? join(before, violation, rule.severity) : violation);
  }
  const times = new Map<string, number>();
  return [...merged.values()].sort(byPlace).map(violation => {
    const { file } = violation.evidence[0].at;
    const key = `${violation.subject}\0${file}`;
    const nth = times.get(key) ?? 0;
    times.set(key, nth + 1);
    // Several findings about one subject in one file are told apart by their order, not by their lines.
    const id =
      nth === 0 ? [rule.id, violation.subject, file] : [rule.id, violation.subject, file, String(nth)];
    return {
      ...violation,
      rule: rule.id,
      claim: rule.claim,
      title: rule.title,
      why: rule.why,
      severity: violation.severity ?? rule.severity,
      confidence: violation.confidence ?? "certain",
      fingerprint: fingerprint(...id),
    };
  });
}

function byPlace(a: PlacedViolation, b: PlacedViolation): number {
  const [one, two] = [a.evidence[0].at, b.evidence[0].at];
  return one.file < two.file ? -1 : one.file > two.file ? 1 : one.span.start - two.span.start;
}

/** The worse severity, the surer confidence, and every place once. */
function join(a: PlacedViolation, b: PlacedViolation, usual: Severity): PlacedViolation {
  const seen = new Set(a.evidence.map(item => JSON.stringify([item.at, item.shows])));
  const more = b.evidence.filter(item => !seen.has(JSON.stringify([item.at, item.shows])));
  return {
    ...a,
    evidence: [...a.evidence, ...more] as const,
    severity: first(severities, a.severity ?? usual, b.severity ?? usual),
    confidence: first(confidences, a.confidence ?? "certain", b.confidence ?? "certain"),
    fix: () => a.fix?.() ?? b.fix?.(),
  };
}

function first<T>(order: readonly T[], a: T, b: T): T {
  return order.indexOf(a) <= order.indexOf(b) ? a : b;
}
