import type { Offer } from "./fix.ts";
import type { Location } from "./source.ts";

export const severities = ["critical", "high", "medium", "low"] as const;
export type Severity = (typeof severities)[number];

export const confidences = ["certain", "likely", "possible"] as const;
/** certain: the files prove it; likely: true unless something unseen intervenes; possible: worth a look. */
export type Confidence = (typeof confidences)[number];

/** One annotated place. An absence is shown at the place where the thing belongs. */
export interface Evidence {
  readonly at: Location;
  /** What the reader sees there, short: "curl is called here". */
  readonly shows: string;
}

/** What a rule yields. */
export interface Violation {
  /** What it is about, stable across unrelated edits: a service, a file, a variable. */
  readonly subject: string;
  /** A fact about this project, a full sentence that names the subject. */
  readonly message: string;
  /** At least one place, which the audit holds every rule to; the first is the primary one. */
  readonly evidence: readonly Evidence[];
  /** The rule's severity when left out; a rule lowers or raises it by what is at stake here. */
  readonly severity?: Severity;
  /** `certain` when left out. */
  readonly confidence?: Confidence;
  readonly fix?: Offer;
}

/** A violation that was seen to have a place. */
export interface PlacedViolation extends Violation {
  readonly evidence: readonly [Evidence, ...Evidence[]];
}

/** A violation with what is the same for every finding of its rule, added by the audit. */
export interface Finding extends PlacedViolation {
  readonly rule: string;
  readonly claim: string;
  readonly title: string;
  readonly why: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  /** Stable over line moves: rule, subject and files. Used by the baseline. */
  readonly fingerprint: string;
}
