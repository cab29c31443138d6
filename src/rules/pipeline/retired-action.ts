import type { Job, Workflow } from "../../artifacts/workflow.ts";
import type { Evidence, Severity } from "../../core/finding.ts";
import { isDeployJob } from "../../stack/calls.ts";
import { evidence } from "../../stack/query.ts";
import { defineRule } from "../rule.ts";

/** Major versions that GitHub refuses to run. Source: github.blog/changelog; compared 2026-05. */
const refused: Readonly<Record<string, { below: number; since: string }>> = {
  "actions/upload-artifact": { below: 4, since: "30 January 2025" },
  "actions/download-artifact": { below: 4, since: "30 January 2025" },
  "actions/upload-pages-artifact": { below: 3, since: "30 January 2025" },
  "actions/deploy-pages": { below: 4, since: "30 January 2025" },
  "actions/cache": { below: 3, since: "1 March 2025" },
};
/** Runner images that are gone: a job that asks for one waits for a day and is cancelled. */
const gone: Readonly<Record<string, string>> = {
  "ubuntu-16.04": "September 2021",
  "ubuntu-18.04": "April 2023",
  "ubuntu-20.04": "April 2025",
  "windows-2016": "April 2022",
  "windows-2019": "June 2025",
  "macos-10.15": "August 2022",
  "macos-11": "June 2024",
  "macos-12": "December 2024",
  "macos-13": "December 2025",
};
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
        message: `${workflow.file} asks for what GitHub no longer runs: ${first.shows}.`,
        severity,
        evidence: [first, ...more],
      };
    }
  },
});

function* retiredIn(job: Job): Generator<Evidence> {
  for (const runner of job.runsOn) {
    const since = gone[runner.value.toLowerCase()];
    if (since && job.runsOn.length === 1)
      yield evidence(runner.at, `${runner.value} was removed in ${since}`);
  }
  for (const { uses, calls } of job.steps) {
    const rule = uses?.repository === undefined ? undefined : refused[uses.repository.toLowerCase()];
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
