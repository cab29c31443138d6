import type { Job, Workflow } from "../artifacts/workflow.ts";
import type { Edit } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { goneRunners, refusedActions, retiredCompose, runnerInstead } from "../stack/query-retired.ts";
import type { Stack } from "../stack/stack.ts";

/** One edit for each place, undefined for what has no successor that is sure to do the same. */
export function retiredEdits(
  stack: Stack,
  workflow: Workflow,
  job: Job,
  count: number,
): (Edit | undefined)[] {
  const edits: (Edit | undefined)[] = [];
  for (const runner of job.runsOn) {
    const name = runner.value.toLowerCase();
    if (!goneRunners[name] || job.runsOn.length > 1) continue;
    const written = sourceOf(stack, runner.at.file)?.text.slice(runner.at.span.start, runner.at.span.end);
    const next = runnerInstead[name];
    edits.push(written === runner.value && next ? { at: runner.at, text: next } : undefined);
  }
  for (const { uses } of job.steps) {
    const rule = uses?.repository === undefined ? undefined : refusedActions[uses.repository.toLowerCase()];
    const major = /^v(\d+)(\.|$)/.exec(uses?.ref ?? "")?.[1];
    if (!uses || !rule || major === undefined || Number(major) >= rule.below) continue;
    const text = sourceOf(stack, uses.at.file)?.text ?? "";
    const start = text.indexOf(`@${uses.ref}`, uses.at.span.start) + 1;
    const known =
      start > 0 && start < uses.at.span.end && (!/artifact$/.test(uses.repository!) || distinct(workflow));
    const at = { file: uses.at.file, span: { start, end: start + uses.ref!.length } };
    edits.push(known ? { at, text: `v${rule.below}` } : undefined);
  }
  for (const call of retiredCompose(job)) {
    const at = call.command.name?.at ?? call.at;
    const written = sourceOf(stack, at.file)?.text.slice(at.span.start, at.span.end);
    edits.push(written === "docker-compose" ? { at, text: "docker compose" } : undefined);
  }
  return edits.length === count ? edits : [undefined];
}

/** From version 4 on an artifact's name is used once in a run: not by two steps, nor by copies of a job. */
function distinct(workflow: Workflow): boolean {
  const names: string[] = [];
  for (const job of workflow.jobs)
    for (const step of job.steps) {
      if (step.uses?.repository?.toLowerCase() !== "actions/upload-artifact") continue;
      const name = step.with.get("name")?.value ?? "artifact";
      if (names.includes(name) || (job.matrix.length > 0 && !name.includes("matrix."))) return false;
      names.push(name);
    }
  return true;
}
