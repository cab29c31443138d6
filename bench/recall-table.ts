import type { Recall, RunFinding } from "../tools/recall-match.ts";
import { compare } from "../tools/recall-match.ts";
import type { RuleMap, TruthItem } from "../tools/recall-truth.ts";

/** One system: what is true there, and what each program printed about it. */
export interface System {
  readonly items: readonly TruthItem[];
  readonly map: RuleMap;
  /** By the program's name; undefined when it found nothing to read, or failed. */
  readonly printed: ReadonlyMap<string, readonly RunFinding[] | undefined>;
}

export interface Score {
  readonly name: string;
  readonly findings: number;
  readonly missed: number;
  readonly claims: number;
  /** Systems of which it read anything. */
  readonly systems: number;
}

export interface Comparison {
  readonly own: Score;
  readonly peers: readonly Score[];
  /** All peers taken together: what at least one of them may have found. */
  readonly together: Score;
  readonly ofMissed: number;
  readonly ofClaims: number;
  readonly systems: number;
}

/** Counts for one program. Without a map, a finding at the place counts, whatever it says: that is an upper bound. */
function scoreOf(name: string, systems: readonly System[], program: (system: System) => Printed): Score {
  let [findings, missed, claims, read] = [0, 0, 0, 0];
  for (const system of systems) {
    const { printed, mapped } = program(system);
    if (printed === undefined) continue;
    const decidable = decidableOf(system);
    const recall = compare(system.items, printed, mapped ? system.map : undefined);
    read++;
    findings += printed.length;
    missed += shown(recall, "missed", decidable);
    claims += shown(recall, "claims", decidable);
  }
  return { name, findings, missed, claims, systems: read };
}

interface Printed {
  readonly printed: readonly RunFinding[] | undefined;
  readonly mapped: boolean;
}

/** Ids of what files can show at all: the same for everybody. */
function decidableOf({ items, map }: System): ReadonlySet<string> {
  const { missed, claims } = compare(items, [], map);
  return new Set([...missed, ...claims].filter(one => one.outcome !== "apart").map(one => one.item.id));
}

function shown(recall: Recall, kind: "missed" | "claims", decidable: ReadonlySet<string>): number {
  return recall[kind].filter(
    one => decidable.has(one.item.id) && (one.outcome === "found" || one.outcome === "candidate"),
  ).length;
}

/** Every program of every system against what is true there. `own` is judged by the map, the others by place. */
export function scored(own: string, peers: readonly string[], systems: readonly System[]): Comparison {
  const of = (kind: "missed" | "claim"): number =>
    systems.reduce((sum, system) => {
      const decidable = decidableOf(system);
      return sum + system.items.filter(item => item.kind === kind && decidable.has(item.id)).length;
    }, 0);
  const all = ({ printed }: System) => {
    const there = peers.flatMap(name => printed.get(name) ?? []);
    return there.length > 0 ? there : undefined;
  };
  return {
    own: scoreOf(own, systems, system => ({ printed: system.printed.get(own), mapped: true })),
    peers: peers.map(name =>
      scoreOf(name, systems, system => ({ printed: system.printed.get(name), mapped: false })),
    ),
    together: scoreOf("all peers together", systems, system => ({ printed: all(system), mapped: false })),
    ofMissed: of("missed"),
    ofClaims: of("claim"),
    systems: systems.length,
  };
}

/** The comparison as a Markdown table. */
export function recallTable({ own, peers, together, ofMissed, ofClaims, systems }: Comparison): string {
  const row = (score: Score, bound: string): string =>
    `| ${score.name} | ${score.systems} of ${systems} | ${score.findings} | ${bound}${score.missed} | ${bound}${score.claims} |`;
  return [
    `| program | systems read | findings printed | of ${ofMissed} missed defects | of ${ofClaims} true findings |`,
    "|---|--:|--:|--:|--:|",
    row(own, ""),
    ...peers.map(peer => row(peer, "at most ")),
    row(together, "at most "),
    "",
  ].join("\n");
}
