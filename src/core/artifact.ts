import type { Problem } from "./problem.ts";
import type { Source } from "./source.ts";

/** What a parser returns: a model, complete or partial, and what could not be read. */
export interface Parsed<M> {
  readonly model: M;
  readonly problems: readonly Problem[];
}

/** One kind of file. `parse` never throws: what cannot be read is a problem with a place. */
export interface ArtifactKind<M> {
  readonly kind: string;
  /** Decides by path alone (relative, forward slashes). */
  recognises(path: string): boolean;
  parse(source: Source): Parsed<M>;
}
