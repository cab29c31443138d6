import type { Evidence, Severity, Violation } from "./finding.ts";

/** A subject that was examined and keeps the rule's promise, with what shows it. */
export interface Kept {
  readonly subject: string;
  readonly kept: Evidence;
}

/**
 * One promise, checked against the linked model. `check` asks questions of the stack, never of files.
 * It yields a violation for each subject that breaks the promise and a `Kept` for each that was seen to keep it;
 * a subject that the promise does not concern yields nothing.
 */
export interface Rule<S> {
  /** `area/thing`, equal to the file's place. */
  readonly id: string;
  /** A positive promise: "Every long-running service restarts after a crash". */
  readonly title: string;
  /** Id of the claim that a violation refutes. */
  readonly claim: string;
  /** The usual severity, by consequence. A violation may carry its own. */
  readonly severity: Severity;
  /** The consequence in production, a full sentence. */
  readonly why: string;
  /** What it says in the same words of several subjects of one file is one finding. */
  readonly habit?: true;
  check(stack: S): Iterable<Violation | Kept>;
}

export function isKept(outcome: Violation | Kept): outcome is Kept {
  return "kept" in outcome;
}
