import type { Trigger, Workflow } from "../../artifacts/workflow.ts";
import { addTo } from "../../core/group.ts";
import { queueFix } from "../../remedies/release-queue.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { type DeployJob, deployJobs, sharedGroup } from "../../stack/query-release.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/concurrent-deploys",
  title: "Only one release runs on a server at a time",
  claim: "rolls-out-without-downtime",
  severity: "low",
  why: "Two releases at once stop, pull and start the same containers in each other's way; which version remains is chance.",
  *check(stack) {
    const jobs = deployJobs(stack).filter(({ hosts }) => hosts.length > 0);
    const paired = new Set<DeployJob>();
    for (const [index, one] of jobs.entries())
      for (const other of jobs.slice(index + 1)) {
        const push = samePush(one, other);
        const host = one.hosts.find(each => other.hosts.includes(each));
        if (!push || host === undefined || ordered(one, other) || shareGroup(one, other)) continue;
        paired.add(one).add(other);
        yield {
          subject: [one.workflow.file, other.workflow.file].sort().join(" "),
          message: `A push to ${push} releases twice at the same time to the same host: by job "${one.job.id.value}" of ${one.workflow.file} and by job "${other.job.id.value}" of ${other.workflow.file}.`,
          severity: "high",
          evidence: [
            evidence(one.job.id.at, "deploys without a shared concurrency group"),
            evidence(other.job.id.at, "deploys to the same host on the same push"),
          ],
          fix: () => queueFix(stack, [one, other]),
        };
      }
    const open = new Map<Workflow, DeployJob[]>();
    for (const each of jobs) {
      const { workflow, job } = each;
      const group = sharedGroup(job.concurrency) ?? sharedGroup(workflow.concurrency);
      if (group) yield { subject: workflow.file, kept: evidence(group.at, "one release at a time") };
      const called = workflow.triggers.some(trigger => trigger.event === "workflow_call");
      if (group || paired.has(each) || !pushes(each) || called) continue;
      addTo(open, workflow, each);
    }
    // One line at the top of the workflow would do for all of its jobs.
    for (const [workflow, [first, ...more]] of open) {
      const shows = workflow.platform === "gitlab" ? "no `resource_group`" : "no `concurrency`";
      const names = listNames([first!, ...more].map(({ job }) => job.id.value));
      yield {
        subject: workflow.file,
        message: `Two quick pushes run ${more.length === 0 ? "job" : "jobs"} ${names} of ${workflow.file} twice at the same time: nothing queues ${more.length === 0 ? "its" : "their"} releases.`,
        evidence: [evidence(first!.job.id.at, shows), ...more.map(({ job }) => evidence(job.id.at, shows))],
        fix: () => queueFix(stack, [first!, ...more]),
      };
    }
  },
});

function pushes({ workflow, job }: DeployJob): Trigger | undefined {
  return (job.triggers ?? workflow.triggers).find(trigger => trigger.event === "push");
}

/** A branch whose push starts both; undefined when filters by path, by pattern or by a condition leave it open. */
function samePush(one: DeployJob, other: DeployJob): string | undefined {
  const [a, b] = [pushes(one), pushes(other)];
  if (!a || !b) return undefined;
  if ([a, b].some(each => each.paths.length > 0 || each.pathsIgnore.length > 0)) return undefined;
  const named = b.branches.map(branch => branch.value);
  const branch = a.branches.find(
    ({ value }) =>
      named.includes(value) && [one, other].every(each => runsFor(value, each.workflow, each.job)),
  );
  return branch === undefined ? undefined : `"${branch.value}"`;
}

/** Inputs are empty unless somebody starts the workflow by hand. */
const surely =
  /^(?:success\(\)|!\s*(?:github\.event\.)?inputs\.[\w-]+|github\.event_name\s*==\s*'push'|github\.ref(?:_name)?\s*==\s*'(?:refs\/heads\/)?([^']+)')$/;

/** No condition of the job, or of one that it waits for, can leave it out of a push to the branch. */
function runsFor(branch: string, workflow: Workflow, job: DeployJob["job"], depth = 0): boolean {
  const terms = job.if?.value.replace(/^\s*\$\{\{(.*)\}\}\s*$/s, "$1").split("&&") ?? [];
  const holds = terms.every(term => {
    const found = surely.exec(term.trim());
    return found !== null && (found[1] === undefined || found[1] === branch);
  });
  return (
    holds &&
    depth < 20 &&
    job.needs.every(need => {
      const before = workflow.jobs.find(each => each.id.value === need.value);
      return before !== undefined && runsFor(branch, workflow, before, depth + 1);
    })
  );
}

/** In one workflow, one waits for the other. */
function ordered(one: DeployJob, other: DeployJob): boolean {
  if (one.workflow !== other.workflow) return false;
  const waits = (job: DeployJob["job"], id: string, depth = 0): boolean =>
    depth < 20 &&
    job.needs.some(
      need =>
        need.value === id ||
        one.workflow.jobs.some(next => next.id.value === need.value && waits(next, id, depth + 1)),
    );
  return waits(one.job, other.job.id.value) || waits(other.job, one.job.id.value);
}

function shareGroup(one: DeployJob, other: DeployJob): boolean {
  const groups = ({ workflow, job }: DeployJob) =>
    [workflow.concurrency?.group?.value, job.concurrency?.group?.value].filter(group => group !== undefined);
  return groups(one).some(group => groups(other).includes(group) && !group.includes("github.workflow"));
}
