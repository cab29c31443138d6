import type { ReportedChange } from "./fix-report.ts";
import type { ReportedFinding, ReportedGap } from "./report.ts";

export const phases = ["immediate", "planned", "future"] as const;

/**
 * immediate: safe fixes, and decisions that weigh critical or high; planned: fixes that have to be tried before a
 * release, and decisions of medium weight; future: changes of the structure, and what weighs little.
 */
export type Phase = (typeof phases)[number];

/** One fix that the gate lets through, at its place in the order of work. */
export interface RoadmapStep {
  /** From 1, over all phases. */
  readonly number: number;
  readonly phase: Phase;
  readonly change: ReportedChange;
  /** Numbers of the steps that have to be made before. */
  readonly after: readonly number[];
  readonly files: number;
  /** Lines that are put in or taken out. */
  readonly lines: number;
}

/** What no fix does: a person decides. */
export interface RoadmapDecision {
  readonly phase: Phase;
  readonly finding: ReportedFinding;
  /** Why the fix that its rule offers is not among the steps. */
  readonly because: readonly string[];
}

export interface Roadmap {
  readonly root: string;
  /** ISO timestamp from the clock. */
  readonly at: string;
  /** The program's. */
  readonly version: string;
  readonly steps: readonly RoadmapStep[];
  readonly decisions: readonly RoadmapDecision[];
  readonly findingsBefore: number;
  readonly findingsAfter: number;
  readonly gaps: readonly ReportedGap[];
}
