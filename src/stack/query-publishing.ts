import type { Job, Workflow } from "../artifacts/workflow.ts";
import { deployJobs } from "./query-release.ts";
import type { Stack } from "./stack.ts";

/** Jobs that replace an image which a deployed service pulls, in workflows without a job that deploys. */
export function publishingJobs(stack: Stack): { workflow: Workflow; job: Job }[] {
  const deploying = new Set(deployJobs(stack).map(({ workflow }) => workflow));
  const pulled = new Set(
    stack.services.flatMap(({ made, project }) => (made?.push && project.grade === "deployed" ? [made] : [])),
  );
  return stack.workflows.flatMap(workflow =>
    deploying.has(workflow)
      ? []
      : workflow.jobs
          .filter(job =>
            [...pulled].some(
              ({ at }) =>
                at.file === workflow.file &&
                job.at.span.start <= at.span.start &&
                at.span.end <= job.at.span.end,
            ),
          )
          .map(job => ({ workflow, job })),
  );
}

/** All that the job builds is a stage for development, which no server runs. */
export function makesForWork(stack: Stack, workflow: Workflow, { at, steps }: Job): boolean {
  if (steps.some(step => step.calls.some(call => call.remote))) return false;
  const own = stack.builds.filter(
    build =>
      build.at.file === workflow.file &&
      at.span.start <= build.at.span.start &&
      build.at.span.end <= at.span.end,
  );
  return (
    own.length > 0 &&
    own.every(({ target }) => /^dev(?:el|elopment|core)?(?:[._-]|$)/i.test(target?.value ?? ""))
  );
}
