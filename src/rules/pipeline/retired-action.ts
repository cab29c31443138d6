import type { Job, Workflow } from "../../artifacts/workflow.ts";
import type { Evidence, Severity } from "../../core/finding.ts";
import { isDeployJob } from "../../stack/calls.ts";
import { evidence } from "../../stack/query.ts";
import { goneRunners, refusedActions, retiredAsOf } from "../../stack/query-retired.ts";
import { defineRule } from "../rule.ts";

const commands = /^"?'?::(set-env|add-path) /;

export default defineRule({
  id: "pipeline/retired-action",
  title: "Every action and runner that a pipeline asks for still runs",
  claim: "pipeline-gates",
  severity: "high",
  why: "GitHub ends the job before it does its work, so what depends on it is never tested, built or released.",
  *check(stack) {
    for (const workflow of stack.workflows) {
      const places: Evidence[] = [];
      let severity: Severity = "high";
      for (const job of workflow.jobs) {
        const found = [...retiredIn(job)];
        places.push(...found);
        if (found.length > 0 && blocksRelease(workflow, job)) severity = "critical";
      }
      const [first, ...more] = [...new Map(places.map(place => [place.at.span.start, place])).values()];
      if (!first) continue;
      yield {
        subject: workflow.file,
        message: `${workflow.file} asks for what GitHub no longer runs: ${first.shows} (table of ${retiredAsOf}).`,
        severity,
        evidence: [first, ...more],
      };
    }
  },
});

function* retiredIn(job: Job): Generator<Evidence> {
  for (const runner of job.runsOn) {
    const since = goneRunners[runner.value.toLowerCase()];
    if (since && job.runsOn.length === 1)
      yield evidence(runner.at, `${runner.value} was removed in ${since}`);
  }
  for (const { uses, calls } of job.steps) {
    const rule = uses?.repository === undefined ? undefined : refusedActions[uses.repository.toLowerCase()];
    const major = /^v(\d+)(\.|$)/.exec(uses?.ref ?? "")?.[1];
    if (uses && rule && major !== undefined && Number(major) < rule.below)
      yield evidence(uses.at, `${uses.text} is refused since ${rule.since}`);
    for (const call of calls)
      if (call.name === "echo" && !call.remote && call.args.some(arg => commands.test(arg.word.text)))
        yield evidence(call.at, "this workflow command is refused since November 2020");
  }
}

/** The job releases, or one that releases waits for it. */
function blocksRelease(workflow: Workflow, job: Job): boolean {
  const open = [job.id.value];
  const seen = new Set<string>();
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const own = workflow.jobs.find(each => each.id.value === id);
    if (own && isDeployJob(workflow, own)) return true;
    for (const each of workflow.jobs)
      if (each.needs.some(need => need.value === id)) open.push(each.id.value);
  }
  return false;
}
