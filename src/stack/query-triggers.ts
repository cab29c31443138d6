import type { Workflow } from "../artifacts/workflow.ts";
import type { Stack } from "./stack.ts";

/** The runs that it waits for are started by tags, by hand or by the clock: no stranger names what they ran on. */
export function isStartedByTag(stack: Stack, workflow: Workflow): boolean {
  const awaited = workflow.triggers.flatMap(trigger => trigger.workflows.map(({ value }) => value));
  return (
    awaited.length > 0 &&
    awaited.every(name => {
      const other = stack.workflows.find(each => (each.name?.value ?? each.file) === name);
      return other?.triggers.every(
        ({ event, tags, branches }) =>
          /^(?:workflow_dispatch|schedule|release)$/.test(event) ||
          (event === "push" && tags.length > 0 && branches.length === 0),
      );
    })
  );
}
