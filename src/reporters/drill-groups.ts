import type { Cause, DrillReport, DrillRun, Outcome } from "../core/drill.ts";
import { addTo } from "../core/group.ts";

/** A verdict of one drill, with all that it was given for in the same words. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly drill: string;
  readonly subjects: readonly string[];
  /** What decided, with the first subject in it. */
  readonly because: string;
}

/** A run as a person reads it: what one cause explains is told once, and what is alike is one line. */
export interface DrillGroups {
  readonly causes: readonly { readonly cause: Cause; readonly verdicts: readonly Verdict[] }[];
  readonly refuted: readonly Verdict[];
  readonly undecided: readonly Verdict[];
  readonly proved: readonly Verdict[];
  /** Ids of drills that had nothing to do. */
  readonly idle: readonly string[];
  /** "2 proved, 1 refuted, ...". */
  readonly tally: string;
}

export function groupDrills({ causes, reports }: Pick<DrillRun, "causes" | "reports">): DrillGroups {
  const of = (cause: Cause) => reports.filter(one => one.cause === cause.services[0]);
  const own = reports.filter(one => !causes.some(({ services }) => services[0] === one.cause));
  const verdicts = (outcome: Outcome) => alike(own.filter(one => one.outcome === outcome));
  const count = (outcome: Outcome) => reports.filter(one => one.outcome === outcome).length;
  return {
    causes: causes.map(cause => ({ cause, verdicts: blocked(of(cause)) })),
    refuted: verdicts("refuted"),
    undecided: verdicts("inconclusive"),
    // How each of them was seen to hold is in its journal.
    proved: blocked(own.filter(({ outcome }) => outcome === "proved")),
    idle: own.filter(({ outcome }) => outcome === "not-applicable").map(({ drill }) => drill),
    tally: `${count("proved")} proved, ${count("refuted")} refuted, ${count("inconclusive")} inconclusive, ${count("not-applicable")} not applicable`,
  };
}

/** One for each drill and verdict, whatever decided: refuted ones first. */
function blocked(reports: readonly DrillReport[]): Verdict[] {
  const rank = (outcome: Outcome) => (outcome === "refuted" ? 0 : 1);
  const found = merged(reports, ({ drill, outcome }) => `${drill}\n${outcome}`);
  return found.sort((a, b) => rank(a.outcome) - rank(b.outcome));
}

/** One for each drill and reason: the subject's own name makes no other reason. */
function alike(reports: readonly DrillReport[]): Verdict[] {
  return merged(reports, ({ drill, because, subject }) =>
    [drill, ...(subject === "" ? [because] : because.split(subject))].join("\n"),
  );
}

function merged(reports: readonly DrillReport[], keyOf: (report: DrillReport) => string): Verdict[] {
  const groups = new Map<string, DrillReport[]>();
  for (const report of reports) {
    const key = keyOf(report);
    addTo(groups, key, report);
  }
  return [...groups.values()].map(those => ({
    outcome: those[0]!.outcome,
    drill: those[0]!.drill,
    subjects: those.map(({ subject }) => subject).filter(subject => subject !== ""),
    because: those[0]!.because,
  }));
}
