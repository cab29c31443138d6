import type { Acceptance, Config } from "../config/config.ts";
import { matchesGlob } from "../config/glob.ts";
import type { Finding } from "../core/finding.ts";
import { sourceOf } from "../core/project-files.ts";
import { type Location, positionAt, type Source } from "../core/source.ts";
import type { Examined } from "./examined.ts";
import { fingerprint } from "./fingerprint.ts";
import { type BrokenAcceptance, type InlineAcceptance, inlineAcceptances } from "./inline.ts";

export interface Accepted {
  readonly finding: Finding;
  readonly acceptance: Acceptance;
}

export interface Settled {
  readonly findings: readonly Finding[];
  readonly accepted: readonly Accepted[];
}

export const unusedAcceptance = "shipworthy/unused-acceptance";

/**
 * Applies what the project has decided: severities, then acceptances. An acceptance that has ended does not apply,
 * and each one that does nothing is itself a finding. `today` is an ISO date.
 */
export function settle(
  stack: Examined,
  found: readonly Finding[],
  config: Config,
  today: string,
  ignoreInline = false,
): Settled {
  const { acceptances, broken } = inlineAcceptances(ignoreInline ? [] : textsOf(stack, found));
  const all: readonly (Acceptance | InlineAcceptance)[] = [...acceptances, ...config.accept];
  const used = new Set<Acceptance>();
  const accepted: Accepted[] = [];
  const findings: Finding[] = [];
  for (const finding of found) {
    const level = config.severity.get(finding.rule) ?? finding.severity;
    if (level === "off") continue;
    const matching = all.filter(acceptance => covers(acceptance, finding, stack));
    for (const acceptance of matching) used.add(acceptance);
    const valid = matching.find(acceptance => !hasEnded(acceptance, today));
    const settled: Finding = { ...finding, severity: level };
    if (valid) accepted.push({ finding: settled, acceptance: valid });
    else findings.push(settled);
  }
  for (const acceptance of all) {
    // A baseline shrinks as the project heals: what it no longer needs is no one's mistake.
    if (acceptance.by === "baseline") continue;
    const ended = hasEnded(acceptance, today);
    if (used.has(acceptance) && !ended) continue;
    const why = ended ? `it ended on ${acceptance.until}` : "nothing it names is reported";
    findings.push(uselessAcceptance(acceptance.rule, acceptance.at, why));
  }
  for (const { rule, at, why } of broken) findings.push(uselessAcceptance(rule, at, why));
  return { findings, accepted };
}

/** Every text in which a comment may accept a finding: those of the model, and those that evidence stands in. */
function textsOf(stack: Examined, found: readonly Finding[]): Set<Source> {
  const texts = new Set(stack.sources.values());
  for (const { evidence } of found)
    for (const { at } of evidence) {
      const source = sourceOf(stack, at.file);
      if (source) texts.add(source);
    }
  return texts;
}

function covers(acceptance: Acceptance | InlineAcceptance, finding: Finding, stack: Examined): boolean {
  if (acceptance.rule !== finding.rule) return false;
  if (acceptance.fingerprint !== undefined && acceptance.fingerprint !== finding.fingerprint) return false;
  if (acceptance.subject !== undefined && acceptance.subject !== finding.subject) return false;
  if (acceptance.path !== undefined) {
    if (!finding.evidence.some(({ at }) => matchesGlob(acceptance.path!, at.file))) return false;
  }
  if (!("lines" in acceptance)) return true;
  return finding.evidence.some(({ at }) => {
    const source = at.file === acceptance.at.file ? sourceOf(stack, at.file) : undefined;
    return source !== undefined && acceptance.lines.has(positionAt(source, at.span.start).line);
  });
}

function hasEnded(acceptance: Acceptance, today: string): boolean {
  return acceptance.until !== undefined && acceptance.until < today;
}

function uselessAcceptance(rule: string, at: Location, why: BrokenAcceptance["why"]): Finding {
  return {
    rule: unusedAcceptance,
    claim: "failure-is-noticed",
    title: "Every acceptance accepts something",
    why: "An acceptance that nobody needs hides the next defect of its kind.",
    severity: "low",
    confidence: "certain",
    subject: rule === "" ? at.file : rule,
    message: `The acceptance of ${rule === "" ? "a finding" : rule} does nothing: ${why}.`,
    evidence: [{ at, shows: why }],
    fingerprint: fingerprint(unusedAcceptance, rule, at.file),
  };
}
