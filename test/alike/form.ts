/**
 * Other ways to write the same thing: what a form gives means for Docker, Compose, nginx, Python or the shell what the
 * text meant before, so an audit has to say the same of both.
 */
export interface Form {
  readonly name: string;
  readonly applies: RegExp;
  /** The text in the other form; the same text where it has nothing to change. */
  rewrite(text: string): string;
}
