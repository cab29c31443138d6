import type { Job } from "../../artifacts/workflow.ts";
import type { Fix } from "../../core/fix.ts";
import { inside } from "../../core/path.ts";
import { isNeededToDeploy } from "../../stack/deploy-jobs.ts";
import { evidence } from "../../stack/query.ts";
import { type MissingInJob, missingInJob } from "../../stack/query-job-needs.ts";
import { endOf } from "../../stack/query-release.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "pipeline/test-dependencies",
  title: "Every job of a pipeline installs what its commands need",
  claim: "pipeline-gates",
  severity: "medium",
  why: "The job fails at its first real command each time: it tests nothing, and people learn to merge over a red mark.",
  *check(stack) {
    for (const workflow of stack.workflows) {
      for (const job of workflow.jobs) {
        const found = missingInJob(stack, job);
        if (!found) continue;
        const { need, call, install } = found;
        yield {
          subject: `${workflow.file} ${job.id.value}`,
          message: `Job "${job.id.value}" of ${workflow.file} calls ${found.says}, but installs no ${need}: ${found.elsewhere.file} has it, which the job does not install.`,
          severity: isNeededToDeploy(workflow, job) ? "high" : "medium",
          evidence: [
            evidence(call.at, `needs ${need}`),
            evidence(install, `installs no ${need}`),
            evidence(found.elsewhere.at, "not installed by the job"),
          ],
          fix: () => installFix(job, found),
        };
      }
    }
  },
});

/** The requirements file that has the package, installed with the others. */
function installFix(job: Job, { install, elsewhere, need }: MissingInJob): Fix | undefined {
  const call = job.steps
    .flatMap(step => step.calls)
    .find(each => each.at.file === install.file && each.at.span.start === install.span.start);
  if (call?.cwd === undefined || !/\.txt$/.test(elsewhere.file) || /[\s'"$]/.test(elsewhere.file))
    return undefined;
  const below = inside(call.cwd, elsewhere.file);
  const up = call.cwd
    .split("/")
    .map(() => "../")
    .join("");
  return {
    title: `Install ${need} with the other requirements`,
    grade: "needs-testing",
    edits: [{ at: endOf(call.at), text: ` -r ${below ?? up + elsewhere.file}` }],
    test: "Run the job: the two files have to agree on versions.",
  };
}
