import type { Gap, Problem } from "../core/problem.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { ServiceRow, StackRow } from "../core/report.ts";
import type { Source } from "../core/source.ts";

/** What the audit needs of a stack, whatever else the stack holds for its rules. */
export interface Examined {
  readonly files: Pick<ProjectFiles, "root" | "read">;
  /** What the model was made from; evidence may stand in other files of the tree as well. */
  readonly sources: ReadonlyMap<string, Source>;
  readonly problems: readonly Problem[];
  readonly gaps: readonly Gap[];
  /** Literals that must not leave in any text. */
  readonly secrets?: ReadonlySet<string>;
}

/** What was found before any rule looked: the tables of a report. */
export interface Description {
  readonly stacks: readonly StackRow[];
  readonly services: readonly ServiceRow[];
  readonly files: readonly { readonly path: string; readonly kind: string }[];
}

export const nothingDescribed: Description = { stacks: [], services: [], files: [] };
