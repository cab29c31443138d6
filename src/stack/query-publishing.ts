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
