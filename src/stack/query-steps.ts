import type { Job, Workflow } from "../artifacts/workflow.ts";
import { isStranded } from "./query-triggers.ts";
import type { PlacedCall, Stack } from "./stack.ts";

/** Questions about a command among the steps of its job. */

/** A step of GitHub that always runs, on a fresh runner, in a job that something still starts. */
export function stopsJob(stack: Stack, { call, caller }: PlacedCall): boolean {
  const job = caller.workflow?.jobs.find(each => each.id.value === caller.name);
  const step = job?.steps.find(each => each.calls.includes(call));
  return (
    step !== undefined &&
    !isStranded(stack, caller.workflow!) &&
    !step.if &&
    !step.continueOnError &&
    !job?.continueOnError &&
    call.command.within.length === 0 &&
    call.command.connector !== "||" &&
    job?.steps.every(each => each.uses?.repository !== "actions/checkout" || !each.with.has("repository")) ===
      true
  );
}

/** A step of the job brings another repository into the folder. */
export function isBrought({ caller }: PlacedCall, path: string): boolean {
  const job = caller.workflow?.jobs.find(each => each.id.value === caller.name);
  return (job?.steps ?? []).some(({ uses, with: settings }) => {
    const folder = settings.get("path")?.value.replace(/^\.\//, "").replace(/\/$/, "");
    return (
      uses?.repository === "actions/checkout" && settings.has("repository") && path.startsWith(`${folder}/`)
    );
  });
}

/** The same job pushes an image or releases later on. */
export function publishes(stack: Stack, { caller }: PlacedCall): boolean {
  return stack.calls.some(
    ({ call, caller: other, deploys }) =>
      other.workflow === caller.workflow &&
      other.name === caller.name &&
      (deploys ||
        (call.kind === "docker-build" && call.push) ||
        (call.kind === "docker" && call.verb === "push")),
  );
}

/** Another command of the job or script writes such lists, or nobody sees where this one runs. */
export function isMadeThere(stack: Stack, { caller }: PlacedCall): boolean {
  return (
    caller.kind !== "workflow" ||
    stack.calls.some(
      ({ call, caller: other }) =>
        other.workflow === caller.workflow &&
        other.name === caller.name &&
        /^(?:poetry|uv|pipenv|pip-compile|pipreqs|pdm|make|conda)$/.test(call.name),
    )
  );
}

/** Others wait for the job and nothing looks at what became of it; a job for which nobody waits is for whoever reads it. */
export function hidesFromOthers({ platform, jobs, source }: Workflow, { continueOnError, id }: Job): boolean {
  return (
    continueOnError &&
    platform === "github" &&
    jobs.some(other => other.needs.some(need => need.value === id.value)) &&
    !/conclusion|\bneeds\.\*/i.test(source.text) &&
    !source.text.includes(`needs.${id.value}.result`)
  );
}

/** The job itself and those that it waits for. */
export function jobsBefore({ jobs }: Workflow, job: Job): Job[] {
  return [job, ...jobs.filter(other => job.needs.some(need => need.value === other.id.value))];
}
