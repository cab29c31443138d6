/**
 * Something the user can put right: a folder that does not exist, a setting that makes no sense.
 * The command line prints `message` and `hint` without a stack; every other error is ours.
 */
export class UserError extends Error {
  /** What to do next, an imperative. */
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.name = "UserError";
    this.hint = hint;
  }
}
