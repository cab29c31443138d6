import type { DrillReport } from "../core/drill.ts";
import type { ClaimVerdict } from "../core/report.ts";

/**
 * Puts what an engine showed beside what paper says. A drill that refutes a claim settles it; one that proved it holds
 * it where paper could not tell. A finding is not taken back by a drill: it may speak of another service or another
 * way to fail.
 */
export function withDrills(
  verdicts: readonly ClaimVerdict[],
  reports: readonly DrillReport[],
): readonly ClaimVerdict[] {
  return verdicts.map(verdict => {
    const mine = reports.filter(
      ({ claim, outcome }) => claim === verdict.claim.id && outcome !== "not-applicable",
    );
    if (mine.length === 0) return verdict;
    const drills = mine.map(({ drill, subject, outcome, because }) => ({ drill, subject, outcome, because }));
    const against = mine.filter(({ outcome }) => outcome === "refuted");
    const [first] = against;
    if (first && verdict.verdict !== "refuted") {
      const more = against.length > 1 ? ` And ${against.length - 1} more.` : "";
      return {
        ...verdict,
        verdict: "refuted",
        because: `Drilled: ${first.subject}: ${first.because}${more}`,
        drills,
      };
    }
    const allProved = mine.every(({ outcome }) => outcome === "proved");
    if (allProved && verdict.verdict === "undecided") {
      const subjects = mine.map(({ subject }) => subject).join(", ");
      return { ...verdict, verdict: "held", because: `Proved on an engine: ${subjects}.`, drills };
    }
    return { ...verdict, drills };
  });
}
