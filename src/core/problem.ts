import type { Location } from "./source.ts";

/** Something in the user's files that could not be read as it stands. Always has a place. */
export interface Problem {
  readonly at: Location;
  readonly message: string;
  /** What to do next, when we know. */
  readonly hint?: string;
  /** The program that the file is for refuses it, too. */
  readonly refused?: true;
}

/** Something that the audit did not decide: said in the report, never guessed. */
export interface Gap {
  /** What was not examined, e.g. `service "web"`. */
  readonly about: string;
  readonly why: string;
  readonly at?: Location;
  /** True when the run could not examine something it should have: exit code 3. */
  readonly fatal?: boolean;
}
