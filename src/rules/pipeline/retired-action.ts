import type { Job, Workflow } from "../../artifacts/workflow.ts";
import type { Evidence, Severity } from "../../core/finding.ts";
import type { Edit } from "../../core/fix.ts";
import { offer } from "../../remedies/offer.ts";
import { isDeployJob } from "../../stack/calls.ts";
import { evidence } from "../../stack/query.ts";
import {
  composeGone,
  goneRunners,
  publishesPackage,
  refusedActions,
  retiredAsOf,
  retiredCompose,
  runnerInstead,
} from "../../stack/query-retired.ts";
import type { Stack } from "../../stack/stack.ts";
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
      const edits: (() => (Edit | undefined)[])[] = [];
      let severity: Severity = "medium";
      const graver = (blocks: boolean) => {
        severity = blocks || severity === "critical" ? "critical" : "high";
      };
      for (const job of workflow.jobs) {
        const found = [...retiredIn(job)];
        places.push(...found);
        if (found.length > 0) edits.push(() => retiredEdits(stack, workflow, job, found.length));
        if (found.length > 0 && !isOnlyReport(job, found) && !publishesPackage(workflow, job))
          graver(blocksRelease(workflow, job));
      }
      const [first, ...more] = [...new Map(places.map(place => [place.at.span.start, place])).values()];
      if (!first) continue;
      yield {
        subject: workflow.file,
        message: `${workflow.file} asks for what GitHub no longer runs: ${first.shows} (table of ${retiredAsOf}).`,
        severity,
        evidence: [first, ...more],
        fix: () =>
          offer(
            {
              title: "Ask for the versions that GitHub runs",
              grade: "needs-testing",
              test: "Run the workflow: inputs may have changed between major versions, and artifacts are found by their names.",
            },
            edits.flatMap(edit => edit()),
          ),
      };
    }
  },
});

/** One edit for each place, undefined for what has no successor that is sure to do the same. */
function retiredEdits(stack: Stack, workflow: Workflow, job: Job, count: number): (Edit | undefined)[] {
  const edits: (Edit | undefined)[] = [];
  for (const runner of job.runsOn) {
    const name = runner.value.toLowerCase();
    if (!goneRunners[name] || job.runsOn.length > 1) continue;
    const written = stack.sources.get(runner.at.file)?.text.slice(runner.at.span.start, runner.at.span.end);
    const next = runnerInstead[name];
    edits.push(written === runner.value && next ? { at: runner.at, text: next } : undefined);
  }
  for (const { uses } of job.steps) {
    const rule = uses?.repository === undefined ? undefined : refusedActions[uses.repository.toLowerCase()];
    const major = /^v(\d+)(\.|$)/.exec(uses?.ref ?? "")?.[1];
    if (!uses || !rule || major === undefined || Number(major) >= rule.below) continue;
    const text = stack.sources.get(uses.at.file)?.text ?? "";
    const start = text.indexOf(`@${uses.ref}`, uses.at.span.start) + 1;
    const known =
      start > 0 && start < uses.at.span.end && (!/artifact$/.test(uses.repository!) || distinct(workflow));
    const at = { file: uses.at.file, span: { start, end: start + uses.ref!.length } };
    edits.push(known ? { at, text: `v${rule.below}` } : undefined);
  }
  for (const call of retiredCompose(job)) {
    const at = call.command.name?.at ?? call.at;
    const written = stack.sources.get(at.file)?.text.slice(at.span.start, at.span.end);
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
  for (const call of retiredCompose(job))
    yield evidence(call.at, `docker-compose was removed from the runners in ${composeGone}`);
}

/** Steps that run only after a failure, and are refused when they run: nothing is lost but what they would show. */
function isOnlyReport(job: Job, found: readonly Evidence[]): boolean {
  const late = job.steps.filter(
    ({ uses, if: condition }) =>
      uses?.repository?.toLowerCase() === "actions/deploy-pages" &&
      /\bfailure\(\)/.test(condition?.value ?? ""),
  );
  return found.every(({ at }) => late.some(({ uses }) => uses!.at.span.start === at.span.start));
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
