import type { Job, Workflow } from "../../artifacts/workflow.ts";
import type { Evidence, Severity } from "../../core/finding.ts";
import type { Edit } from "../../core/fix.ts";
import { addTo } from "../../core/group.ts";
import { offer } from "../../remedies/offer.ts";
import { retiredEdits } from "../../remedies/retired-action.ts";
import { isDeployJob } from "../../stack/deploy-jobs.ts";
import { evidence } from "../../stack/query.ts";
import {
  composeGone,
  goneRunners,
  isBesideProduct,
  publishesPackage,
  refusedActions,
  retiredAsOf,
  retiredCompose,
} from "../../stack/query-retired.ts";
import { isStranded, serves } from "../../stack/query-triggers.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const order: readonly Severity[] = ["critical", "high", "medium", "low"];
const commands = /^"?'?::(set-env|add-path) /;

export default defineRule({
  id: "pipeline/retired-action",
  title: "Every action and runner that a pipeline asks for still runs",
  claim: "pipeline-gates",
  severity: "high",
  why: "GitHub ends the job before it does its work, so what depends on it is never tested, built or released.",
  *check(stack) {
    // The same thing asked for in several workflows is one habit.
    const groups = new Map<string, Retired[]>();
    for (const workflow of stack.workflows) {
      const retired = retiredOf(stack, workflow);
      if (!retired) continue;
      const key = retired.places[0].shows.replace(/@v[\d.]+ /, " ");
      addTo(groups, key, retired);
    }
    for (const group of groups.values()) {
      // The gravest first: what a release asks for weighs more than the same in a job of tests.
      const list = group.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
      const files = list.map(({ file }) => file);
      const [first, ...more] = list.flatMap(({ places }) => places);
      yield {
        subject: files.join(" "),
        message: `${files.length > 2 ? `${files.length} workflows` : files.join(" and ")} ${files.length === 1 ? "asks" : "ask"} for what GitHub no longer runs: ${first!.shows} (table of ${retiredAsOf}).`,
        severity: list[0]!.severity,
        evidence: [first!, ...more],
        fix: () =>
          offer(
            {
              title: "Ask for the versions that GitHub runs",
              grade: "needs-testing",
              test: "Run the workflow: inputs may have changed between major versions, and artifacts are found by their names.",
            },
            list.flatMap(({ edits }) => edits.flatMap(edit => edit())),
          ),
      };
    }
  },
});

interface Retired {
  readonly file: string;
  readonly severity: Severity;
  readonly places: readonly [Evidence, ...Evidence[]];
  readonly edits: readonly (() => (Edit | undefined)[])[];
}

function retiredOf(stack: Stack, workflow: Workflow): Retired | undefined {
  const all: Evidence[] = [];
  const edits: (() => (Edit | undefined)[])[] = [];
  const blocked: boolean[] = [];
  for (const job of workflow.jobs) {
    const found = [...retiredIn(job)];
    if (found.length === 0) continue;
    all.push(...found);
    edits.push(() => retiredEdits(stack, workflow, job, found.length));
    if (isOnlyReport(job, found) || publishesPackage(workflow, job) || isBesideProduct(workflow, job))
      continue;
    blocked.push(blocksRelease(workflow, job));
  }
  const [first, ...more] = [...new Map(all.map(place => [place.at.span.start, place])).values()];
  const severity = isStranded(stack, workflow)
    ? "low"
    : blocked.includes(true)
      ? "critical"
      : blocked.length > 0 && serves(workflow)
        ? "high"
        : "medium";
  return first && { file: workflow.file, severity, places: [first, ...more], edits };
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

/** The workflow's title says it of all its jobs, unless one of them is called so itself. */
function releases(workflow: Workflow, job: Job): boolean {
  const { name: _title, ...untitled } = { ...workflow, file: "" };
  const isSaid = workflow.jobs.some(each => isDeployJob(untitled, each));
  return isDeployJob(isSaid ? untitled : workflow, job);
}

/** The job releases, or one that releases waits for it. */
function blocksRelease(workflow: Workflow, job: Job): boolean {
  const open = [job.id.value];
  const seen = new Set<string>();
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const own = workflow.jobs.find(each => each.id.value === id);
    if (own && releases(workflow, own)) return true;
    for (const each of workflow.jobs)
      if (each.needs.some(need => need.value === id)) open.push(each.id.value);
  }
  return false;
}
