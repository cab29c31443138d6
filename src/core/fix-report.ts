import type { FixGrade } from "./fix.ts";
import type { ReportedFinding, ReportedFix, ReportedGap } from "./report.ts";

/** A finding with the fix that its rule offers. */
export type FixableFinding = ReportedFinding & { readonly fix: ReportedFix };

/** One file of one fix as a unified diff, secrets masked. */
export interface ReportedDiff {
  readonly file: string;
  readonly created: boolean;
  readonly executable: boolean;
  /** Hunk heads and lines, each line with its first character. Without file names. */
  readonly lines: readonly string[];
}

export interface ReportedChange {
  readonly finding: FixableFinding;
  readonly diffs: readonly ReportedDiff[];
  /** Lighter findings that stay of what is mended, which the next audit tells by themselves. */
  readonly leaves: readonly ReportedFinding[];
}

export interface ReportedRefusal {
  readonly finding: FixableFinding;
  /** Sentences that a person can act on. */
  readonly reasons: readonly string[];
}

/** All that a reporter of fixes sees. */
export interface FixReport {
  readonly root: string;
  /** ISO timestamp from the clock. */
  readonly at: string;
  /** The program's. */
  readonly version: string;
  /** Fixes of this grade and the safer ones were asked for. */
  readonly level: FixGrade;
  /** Fixes that passed the gate, in the order in which they are made. */
  readonly changes: readonly ReportedChange[];
  /** What the gate did not let through. */
  readonly refused: readonly ReportedRefusal[];
  /** Fixes of files that are not edited here. */
  readonly held: readonly ReportedRefusal[];
  /** Fixes left over after the last pass. */
  readonly waiting: readonly FixableFinding[];
  /** Findings that no rule has a fix for, after the fixes. */
  readonly unfixable: readonly ReportedFinding[];
  /** Fixes that a higher level would make, after these. */
  readonly higher: readonly { readonly grade: FixGrade; readonly fixes: number }[];
  readonly findingsBefore: number;
  readonly findingsAfter: number;
  /** Compose files that the next audit takes for more of a server, because of these fixes. */
  readonly regraded: readonly {
    readonly file: string;
    readonly was: string;
    readonly is: string;
    /** Findings of all projects that weigh more then. */
    readonly heavier: number;
  }[];
  /** Programs that were asked whether they accept the result. */
  readonly askedPrograms: readonly string[];
  readonly gaps: readonly ReportedGap[];
}
