import type { Drill } from "../core/drill.ts";
import type { ComposeProject, Stack } from "../stack/stack.ts";

/** What a drill is derived from: the whole model, and the project that was cloned. */
export interface DrillStack {
  readonly stack: Stack;
  readonly project: ComposeProject;
  /** What the project expects of itself under load; what is absent is the drill's own. */
  readonly load?: {
    readonly rate?: number;
    readonly p95?: number;
    readonly healthP95?: number;
    readonly start?: number;
  };
}

/** Gives a drill its types; adds nothing. */
export function defineDrill(drill: Drill<DrillStack>): Drill<DrillStack> {
  return drill;
}
