import type { Location } from "./source.ts";

/** Replace (`at` covers text) or insert (`at` is empty). Several edits of one fix never overlap. */
export interface Edit {
  readonly at: Location;
  readonly text: string;
}

/** How sure we are that nothing else changes. `safe` is argued in the rule's page. */
export type FixGrade = "safe" | "needs-testing" | "big-change";

export interface Fix {
  /** An imperative: "Add a restart policy". */
  readonly title: string;
  readonly grade: FixGrade;
  readonly edits: readonly Edit[];
}
