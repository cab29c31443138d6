import type { Claim } from "../core/claim.ts";
import type { Evidence, Finding } from "../core/finding.ts";
import type { ClaimVerdict } from "../core/report.ts";
import type { RuleOutcome } from "./find.ts";

/** A verdict whose places are not yet lines and columns. */
export type OpenVerdict = Omit<ClaimVerdict, "evidence"> & { readonly evidence: readonly Evidence[] };

const mostShown = 5;

/**
 * What paper says about each claim. Low findings and mere possibilities do not refute one, and neither does a
 * finding that was accepted: it is left out of `findings`. Held is what the rules that can decide a claim have seen
 * kept; a promise beside it that is kept is a strength, and does not hold the claim.
 */
export function verdicts<S>(
  claims: readonly Claim[],
  outcomes: readonly RuleOutcome<S>[],
  findings: readonly Finding[],
  nothingToAudit: boolean,
): OpenVerdict[] {
  return claims.map(claim => {
    const mine = outcomes.filter(outcome => outcome.rule.claim === claim.id);
    const looked = mine.filter(outcome => outcome.findings.length > 0 || outcome.kept.length > 0);
    const checkedBy = looked.map(outcome => outcome.rule.id);
    const against = findings.filter(finding => finding.claim === claim.id && refutes(finding));
    const verdict = { claim, checkedBy, findings: against.length, evidence: [] };
    if (nothingToAudit)
      return { ...verdict, verdict: "not-applicable", because: "Nothing is deployed here." };
    if (against.length > 0) return { ...verdict, verdict: "refuted", because: because(against) };
    const kept = looked.flatMap(outcome => outcome.kept);
    const open = mine.some(outcome => outcome.findings.length > 0);
    const isEnough = claim.onPaper?.every(id =>
      looked.some(({ rule, kept }) => rule.id === id && kept.length > 0),
    );
    if (!isEnough || open) return { ...verdict, verdict: "undecided", because: claim.decidedBy };
    return { ...verdict, verdict: "held", because: seen(kept.length, looked), evidence: shown(looked) };
  });
}

/** One place of every rule first, so that each promise is shown before any is shown twice. */
function shown<S>(outcomes: readonly RuleOutcome<S>[]): Evidence[] {
  const places = outcomes.map(outcome => outcome.kept.map(item => item.kept));
  const longest = Math.max(0, ...places.map(each => each.length));
  const inTurn = Array.from({ length: longest }, (_, turn) => places.flatMap(each => each[turn] ?? []));
  return inTurn.flat().slice(0, mostShown);
}

function refutes(finding: Finding): boolean {
  return finding.severity !== "low" && finding.confidence !== "possible";
}

function because(against: readonly Finding[]): string {
  const [worst] = against;
  const more = against.length - 1;
  return more === 0 ? worst!.message : `${worst!.message} And ${more} more.`;
}

function seen<S>(subjects: number, outcomes: readonly RuleOutcome<S>[]): string {
  const titles = [...new Set(outcomes.map(outcome => outcome.rule.title))];
  const places = subjects === 1 ? "1 place" : `${subjects} places`;
  const rest = titles.length > 2 ? ` and ${titles.length - 2} more` : "";
  return `${titles.slice(0, 2).join("; ")}${rest}: seen in ${places}.`;
}
