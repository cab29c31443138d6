import type { Job, Settings, Step, Workflow } from "../artifacts/workflow.ts";
import { addTo } from "../core/group.ts";

/**
 * Without the steps that no run comes to: those of a workflow that others call, each of them with the switch off that
 * the step asks for.
 */
export function withoutIdleSteps(workflows: readonly Workflow[]): Workflow[] {
  const given = new Map<string, Settings[]>();
  for (const { uses, with: settings } of workflows.flatMap(({ jobs }) => jobs))
    if (uses?.kind === "local" && uses.path !== undefined) addTo(given, uses.path, settings);
  return workflows.map(workflow => {
    const calls = given.get(workflow.file);
    if (!calls || workflow.triggers.some(({ event }) => event !== "workflow_call")) return workflow;
    const jobs = workflow.jobs.flatMap(job =>
      isOff(job, calls) ? [] : [{ ...job, steps: job.steps.filter(step => !isOff(step, calls)) }],
    );
    return { ...workflow, jobs };
  });
}

/** One of the things that have to hold is an input that each caller sets to false. */
function isOff({ if: condition }: Pick<Job | Step, "if">, calls: readonly Settings[]): boolean {
  const text = condition?.value.replace(/^\s*\$\{\{|\}\}\s*$/g, "") ?? "";
  if (text.includes("||")) return false;
  return text.split("&&").some(part => {
    const name = /^\s*inputs\.([\w-]+)\s*(?:==\s*true\s*)?$/.exec(part)?.[1];
    return name !== undefined && calls.every(settings => settings.get(name)?.value === "false");
  });
}
