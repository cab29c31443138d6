import type { Drill, DrillReport, JournalEntry, Lab, Target } from "../core/drill.ts";
import { type Played, play } from "./scene.ts";

export interface DrillOptions {
  /** Told as it happens. */
  readonly say: (line: DrillLine) => void;
  readonly stopped?: () => boolean;
}

export type DrillLine =
  | { readonly kind: "begins"; readonly drill: string; readonly subject: string }
  | { readonly kind: "entry"; readonly entry: JournalEntry }
  | { readonly kind: "ends"; readonly report: DrillReport };

/** Runs each drill against each of its targets, in a lab that is brought back to order before each. */
export async function runDrills<S>(
  lab: Lab,
  drills: readonly Drill<S>[],
  stack: S,
  { say, stopped = () => false }: DrillOptions,
): Promise<DrillReport[]> {
  const reports: DrillReport[] = [];
  // Whoever sees a service serve at its end leaves the lab in order: its next drill looks at what it needs itself.
  let quick = false;
  const order = [...drills.filter(({ last }) => !last), ...drills.filter(({ last }) => last)];
  for (const drill of order) {
    const targets = drill.targets(stack);
    for (const target of targets.length > 0 ? targets : [undefined]) {
      if (stopped()) return reports;
      say({ kind: "begins", drill: drill.id, subject: target?.subject ?? "" });
      const how = (soon: boolean) => ({ say, quick: soon });
      let played: Played = target ? await attempt(lab, drill, target, stack, how(quick)) : nothingToDo;
      // It did not serve although it ran: the lab is brought to order, and the drill tried again.
      if (target && quick && mayBeStale(target, played))
        played = await attempt(lab, drill, target, stack, how(false));
      // Where nothing was done, the lab is as it was.
      if (touched(played)) quick = played.outcome === "proved" && !played.journal.some(isBrokenRestore);
      const { id, title, claim } = drill;
      const report = { drill: id, title, claim, subject: target?.subject ?? "", ...played };
      reports.push(report);
      say({ kind: "ends", report });
    }
  }
  return reports;
}

const nothingToDo: Played = {
  ...{ outcome: "not-applicable", because: "The stack has nothing that this concerns.", ms: 0, journal: [] },
};

/** What was taken to serve did not; whoever takes its services as they are has been told so. */
function mayBeStale({ services, also = [] }: Target, played: Played): boolean {
  if (services.length + also.length === 0 || played.outcome !== "inconclusive") return false;
  return played.journal.length > 0 && !touched(played);
}

function touched({ journal }: Played): boolean {
  return journal.some(({ phase }) => phase === "disturb");
}

function isBrokenRestore({ phase, saw }: JournalEntry): boolean {
  return phase === "restore" && saw !== "done";
}

async function attempt<S>(
  lab: Lab,
  drill: Drill<S>,
  target: Target,
  stack: S,
  { say, quick }: { readonly say: DrillOptions["say"]; readonly quick: boolean },
): Promise<Played> {
  const { services, also = [], beside = [] } = target;
  // A drill of the start brings the lab into order itself.
  const needs = services.length + also.length + beside.length;
  const bad = needs > 0 ? await lab.calm({ quick }) : new Map<string, string>();
  const absent = (name: string): boolean => lab.missing.has(name) || bad.has(name);
  const missing = services.find(absent) ?? (also.length > 0 && also.every(absent) ? also[0] : undefined);
  if (missing !== undefined) return { outcome: "inconclusive", ms: 0, journal: [], ...told(lab, missing) };
  const there = { ...target, also: also.filter(name => !absent(name)) };
  const played = await play(
    lab,
    scene => drill.run(scene, there, stack),
    entry => say({ kind: "entry", entry }),
  );
  const leftOut = also.find(absent);
  if (leftOut === undefined || played.outcome !== "proved") return played;
  const { because, cause } = told(lab, leftOut);
  return { ...played, outcome: "inconclusive", because: `What was there held. ${because}`, cause };
}

/** That a service is in no state to be drilled, and where that began: the words for it stand there. */
function told(lab: Lab, name: string): { readonly because: string; readonly cause: string } {
  const cause = lab.rootOf(name);
  const what = lab.missing.has(name)
    ? `${name} is not in the lab`
    : `${name} does not serve in the lab, before anything is done to it`;
  return { because: cause === name ? `${what}.` : `${what}, for the same reason as ${cause}.`, cause };
}
