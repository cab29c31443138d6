import type { Location } from "./source.ts";

/** Replace (`at` covers text) or insert (`at` is empty). Several edits of one fix never overlap. */
export interface Edit {
  readonly at: Location;
  readonly text: string;
}

/** How sure we are that nothing else changes. `safe` is argued in the rule's page. */
export type FixGrade = "safe" | "needs-testing" | "big-change";

/**
 * The fix of a finding, built when somebody asks for it: an audit that shows none does not pay for them. Undefined
 * where it turns out that the edits cannot be made cleanly.
 */
export type Offer = () => Fix | undefined;

export interface Fix {
  /** An imperative: "Add a restart policy". */
  readonly title: string;
  readonly grade: FixGrade;
  /** An edit at 0..0 of a file that is absent creates it. */
  readonly edits: readonly Edit[];
  /** What to try before it is released, an imperative sentence. Left out where the grade is `safe`. */
  readonly test?: string;
  /** What a person has to do that no file can: rotate a password, set a secret in the repository's settings. */
  readonly afterwards?: string;
  /** Files this fix creates that are run as programs (mode 0755). */
  readonly executable?: readonly string[];
  /**
   * What it makes reachable on purpose, in the words of the gate: `443/tcp`, `shop.example`, `api:8000`, a directory
   * that is served. Whatever else becomes reachable is a reason to refuse it. Never in a fix that is `safe`.
   */
  readonly opens?: readonly string[];
  /**
   * Some of the finding's places stay as they are, for a person to decide about: the finding stays, with fewer places.
   * Never in a fix that is `safe`.
   */
  readonly partial?: boolean;
  /**
   * Rules that can tell something only now, such as those about the contents of an image that could not be built. Their
   * findings do not refuse the fix while they weigh less than its own. Never in a fix that is `safe`.
   */
  readonly reveals?: readonly string[];
}
