import type { Job, Trigger, Workflow } from "../../artifacts/workflow.ts";
import { evidence, listPlain } from "../../stack/query.ts";
import { deployJobs } from "../../stack/query-release.ts";
import { asksForRef } from "../../stack/query-triggers.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "pipeline/own-runner",
  title: "Pull requests do not run on a machine of the team",
  claim: "pipeline-gates",
  severity: "high",
  why: "A pull request brings its own scripts, tests and dependencies: whoever may open one runs a program on that machine, reads what lies there, and can leave something behind for the next release.",
  *check(stack) {
    const deploying = deployJobs(stack).map(({ job }) => job);
    const open = stack.workflows.flatMap(workflow => {
      const trigger = workflow.platform === "github" ? workflow.triggers.find(asks) : undefined;
      if (!trigger) return [];
      return workflow.jobs
        .filter(job => isOwn(job) && isOpenTo(workflow, job))
        .map(job => ({ workflow, trigger, job }));
    });
    const [first] = open;
    if (!first) return;
    const release = deploying.find(job => open.some(each => isSame(each.job, job)));
    const files = [...new Set(open.map(({ workflow }) => workflow.file))];
    yield {
      subject: first.workflow.file,
      message: `${listPlain(files)} ${files.length === 1 ? "runs" : "run"} what a pull request brings on a machine of the team${release ? ", the one that releases" : ""}.`,
      severity: release ? "high" : "medium",
      confidence: "likely",
      evidence: [
        evidence(first.job.runsOn[0]!.at, "a machine that stays"),
        evidence(first.trigger.at, "anybody's pull request counts"),
        ...open.slice(1).map(({ job }) => evidence(job.runsOn[0]!.at, "a machine that stays")),
        ...(release && !open.some(({ job }) => job === release)
          ? [evidence(release.runsOn[0]!.at, "releases from there")]
          : []),
      ],
    };
  },
});

/** What has been merged has been read. */
function asks({ event, types }: Trigger): boolean {
  if (!/^pull_request(?:_target)?$/.test(event)) return false;
  return types.length === 0 || types.some(type => type.value !== "closed");
}

function isOwn({ runsOn }: Job): boolean {
  return runsOn.some(({ value }) => value === "self-hosted");
}

/** Neither the job nor one that it waits for asks where the change comes from. */
function isOpenTo(workflow: Workflow, job: Job): boolean {
  const seen = new Set<Job>([job]);
  for (const each of seen) {
    const condition = each.if?.value;
    if (each.environment || asksForRef(condition) || /fork|actor|author|label/i.test(condition ?? ""))
      return false;
    for (const need of each.needs) {
      const other = workflow.jobs.find(({ id }) => id.value === need.value);
      if (other) seen.add(other);
    }
  }
  return true;
}

/** The same labels are taken by the same machines. */
function isSame(one: Job, other: Job): boolean {
  const labels = (job: Job) =>
    job.runsOn
      .map(({ value }) => value)
      .sort()
      .join(" ");
  return labels(one) === labels(other);
}
