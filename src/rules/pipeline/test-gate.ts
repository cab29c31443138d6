import type { Job, Workflow } from "../../artifacts/workflow.ts";
import type { Fix } from "../../core/fix.ts";
import { addTo } from "../../core/group.ts";
import { pairOf } from "../../formats/yaml.ts";
import { addItem, addPair, replaceNode } from "../../formats/yaml-edit.ts";
import { jobMap } from "../../remedies/workflow-edit.ts";
import { evidence, listNames, listPlain } from "../../stack/query.ts";
import { makesForWork, publishingJobs } from "../../stack/query-publishing.ts";
import { deployJobs, isOfOthers, isTestStep, testsElsewhere, wordsOf } from "../../stack/query-release.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "pipeline/test-gate",
  title: "A release waits for the tests",
  claim: "pipeline-gates",
  severity: "medium",
  why: "A push that breaks the application is released like any other: users find the error that a test would have found.",
  *check(stack) {
    const testing = stack.workflows.filter(workflow => workflow.jobs.some(job => tests(job, stack)));
    const open = new Map<Workflow, Job[]>();
    for (const { workflow, job } of [...deployJobs(stack), ...publishingJobs(stack)]) {
      if (makesForWork(stack, workflow, job)) continue;
      const triggers = job.triggers ?? workflow.triggers;
      const push = triggers.find(trigger => trigger.event === "push");
      if (!push || workflow.triggers.some(trigger => trigger.event === "workflow_run")) continue;
      if (push.branches.length === 0 && push.tags.length > 0) continue;
      if (excludesPush(job)) continue;
      const before = jobsBefore(workflow, job);
      if (before.some(each => tests(each, stack) || each.uses?.kind === "remote")) {
        yield { subject: workflow.file, kept: evidence(job.id.at, "waits for tests") };
        continue;
      }
      if (workflow.incomplete) continue;
      // Infrastructure is checked by the plan that goes before.
      if (before.some(plans) || onlyLooks(workflow, job)) continue;
      addTo(open, workflow, job);
    }
    if (testing.length === 0 && testsElsewhere(stack)) return;
    if (testing.length === 0 && isOfOthers(stack)) return;
    const files = [...open.keys()].map(workflow => workflow.file);
    // That nothing is tested is one cause.
    const groups = testing.length === 0 ? [...open].slice(0, 1) : [...open];
    for (const [workflow, jobsHere] of groups) {
      const [job, ...more] = testing.length === 0 ? [...open.values()].flat() : jobsHere;
      const beside = testing.find(other => other.triggers.some(trigger => trigger.event === "push"));
      const onRequest = testing.find(other =>
        other.triggers.some(trigger => trigger.event.startsWith("pull_request")),
      );
      const own = workflow.jobs.find(each => tests(each, stack));
      const shown = own?.id.at ?? beside?.triggers[0]?.at;
      const one = more.length === 0;
      const jobs = `${one ? "Job" : "Jobs"} ${listNames([...new Set([job!, ...more].map(each => each.id.value))])} of ${listPlain(testing.length === 0 ? files : [workflow.file])}`;
      yield {
        subject: `${workflow.file} ${job!.id.value}`,
        message: own
          ? `${jobs} ${one ? "releases" : "release"} without waiting for job "${own.id.value}", which tests.`
          : testing.length > 0
            ? `${jobs} ${one ? "releases on a push and waits" : "release on a push and wait"} for no test.`
            : `${jobs} ${one ? "releases" : "release"} on a push, and no workflow runs a test.`,
        // A protected branch takes only what its pull request's tests have passed; that is not in the files.
        confidence: own ? "certain" : onRequest ? "possible" : "likely",
        evidence: [
          evidence(job!.id.at, "waits for no test"),
          ...more.map(each => evidence(each.id.at, "waits for no test")),
          ...(shown
            ? [evidence(shown, own ? "tests, and nothing waits for it" : "tests run beside the release")]
            : []),
        ],
        fix: () => own && waitFix(stack, [job!, ...more], own),
      };
    }
  },
});

function plans(job: Job): boolean {
  return job.steps.some(step =>
    step.calls.some(call =>
      /^(?:terraform|tofu|terragrunt)(?: \S+)*? (?:plan|validate)\b/.test(wordsOf(call)),
    ),
  );
}

/**
 * Other jobs wait for it and none of its commands changes anything: it looks whether the server answers before the work
 * begins.
 */
function onlyLooks(workflow: Workflow, job: Job): boolean {
  const calls = job.steps.flatMap(step => step.calls);
  return (
    workflow.jobs.some(other => other.needs.some(need => need.value === job.id.value)) &&
    calls.length > 0 &&
    calls.every(call => looking.test(call.name))
  );
}

const looking =
  /^(?:echo|printf|hostname|uptime|uname|df|free|whoami|date|ping|nc|true|exit|test|\[|ssh-keyscan)$/;

/** Its condition names another event. */
function excludesPush(job: Job): boolean {
  const condition = job.if?.value ?? "";
  return /github\.event_name\s*==\s*'(?!push)/.test(condition) || /refs\/tags\//.test(condition);
}

/** The job and all that it waits for. */
function jobsBefore(workflow: Workflow, job: Job): Job[] {
  const found = new Set<Job>([job]);
  for (const each of found)
    for (const need of each.needs) {
      const next = workflow.jobs.find(other => other.id.value === need.value);
      if (next) found.add(next);
    }
  return [...found];
}

/** A step runs tests or checks the code; a called workflow of this repository counts with its jobs. */
function tests(job: Job, stack: Stack, depth = 0): boolean {
  if (job.uses?.kind === "local" && depth < 4) {
    const called = stack.workflows.find(workflow => workflow.file === job.uses!.path);
    return called === undefined || called.jobs.some(each => tests(each, stack, depth + 1));
  }
  return job.steps.some(isTestStep);
}

/** The releasing jobs need the testing one, unless that one waits for them. */
function waitFix(stack: Stack, jobs: readonly Job[], own: Job): Fix | undefined {
  if (own.needs.some(need => jobs.some(job => job.id.value === need.value))) return undefined;
  const edits = jobs.map(job => {
    const found = jobMap(stack, job);
    if (!found) return undefined;
    const { source, map } = found;
    const needs = pairOf(map, "needs")?.value;
    if (!needs) return addPair(source, map, [`needs: ${own.id.value}`], ["name", "runs-on"]);
    if (needs.kind === "seq") return addItem(source, needs, own.id.value);
    return needs.kind === "scalar" ? replaceNode(needs, `[${needs.text}, ${own.id.value}]`) : undefined;
  });
  if (edits.some(edit => edit === undefined)) return undefined;
  return {
    title: `Release after job "${own.id.value}"`,
    grade: "needs-testing",
    edits: edits.filter(edit => edit !== undefined),
    test: "Push a commit whose test fails: nothing is released.",
  };
}
