import type { Claim } from "./claim.ts";
import type { Outcome } from "./drill.ts";
import type { Confidence, Severity } from "./finding.ts";
import type { FixGrade } from "./fix.ts";

/** A place as a reader needs it: lines and columns from 1, end column exclusive, text with secrets masked. */
export interface ReportedPlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** The first line of the place, masked. Empty for a place past the end or a file that is absent. */
  readonly excerpt: string;
}

export interface ReportedEvidence extends ReportedPlace {
  readonly shows: string;
}

export interface ReportedEdit extends ReportedPlace {
  readonly text: string;
  /** The rest of the line, before and after the edit: told where a masked secret moves the columns of the excerpt. */
  readonly beside?: readonly [before: string, after: string];
}

export interface ReportedFix {
  readonly title: string;
  readonly grade: FixGrade;
  readonly edits: readonly ReportedEdit[];
  /** What to try before the change is released. */
  readonly test?: string;
  /** What is left to do that no file can. */
  readonly afterwards?: string;
}

export interface ReportedFinding {
  readonly rule: string;
  readonly claim: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  /** The promise that is broken. */
  readonly title: string;
  readonly subject: string;
  /** The fact about this project. */
  readonly message: string;
  /** The consequence in production. */
  readonly why: string;
  readonly fingerprint: string;
  readonly evidence: readonly [ReportedEvidence, ...ReportedEvidence[]];
  readonly fix?: ReportedFix;
}

export interface ReportedAcceptance {
  readonly finding: ReportedFinding;
  readonly reason: string;
  /** ISO date. */
  readonly until?: string;
  readonly by: "inline" | "config" | "baseline";
}

/** refuted: a finding says so; held: checked and nothing found, with the evidence; undecided: paper cannot tell. */
export interface ClaimVerdict {
  readonly claim: Claim;
  readonly verdict: "refuted" | "held" | "undecided" | "not-applicable";
  /** Rule ids that were able to look at something here. */
  readonly checkedBy: readonly string[];
  /** Why it is held or not decidable: what was seen, or which drill would decide. */
  readonly because: string;
  /** For a claim that is held: a place for each promise that was seen to be kept. */
  readonly evidence: readonly ReportedEvidence[];
  readonly findings: number;
  /** What drills of this claim showed on an engine, when a run of them was given to the audit. */
  readonly drills?: readonly ReportedDrill[];
}

export interface ReportedDrill {
  readonly drill: string;
  readonly subject: string;
  readonly outcome: Outcome;
  readonly because: string;
}

export interface ReportedGap {
  readonly about: string;
  readonly why: string;
  readonly place?: ReportedPlace;
  readonly fatal: boolean;
}

/** One service as the report's table shows it. */
export interface ServiceRow {
  readonly stack: string;
  readonly name: string;
  /** `image` reference or `build CONTEXT (Dockerfile)`. */
  readonly from: string;
  readonly published: readonly string[];
  readonly restart: string;
  readonly health: string;
  readonly limits: string;
  readonly data: readonly string[];
  readonly user: string;
  readonly place: ReportedPlace;
}

/** A Compose project as found: which files, and whether it is what runs in production. */
export interface StackRow {
  readonly name: string;
  readonly files: readonly string[];
  readonly grade: string;
  readonly because: string;
}

/** A promise of one rule that was looked at here and kept, with where that can be seen. */
export interface Strength {
  readonly rule: string;
  readonly claim: string;
  readonly title: string;
  /** What was examined and found in order, each with its place. */
  readonly kept: readonly ReportedEvidence[];
}

/** All that a reporter sees. */
export interface Report {
  readonly root: string;
  /** ISO timestamp from the clock. */
  readonly at: string;
  readonly version: string;
  readonly findings: readonly ReportedFinding[];
  readonly accepted: readonly ReportedAcceptance[];
  readonly claims: readonly ClaimVerdict[];
  readonly gaps: readonly ReportedGap[];
  readonly stacks: readonly StackRow[];
  readonly services: readonly ServiceRow[];
  readonly strengths: readonly Strength[];
  /** Files that were read, with their kinds. */
  readonly files: readonly { readonly path: string; readonly kind: string }[];
  /** How many findings `--severity`, `--claim` or confidence keep out of `findings`. */
  readonly hidden: number;
}
