import type { Location } from "../../core/source.ts";
import { startsOnHostedRunner } from "../../stack/deploy-jobs.ts";
import { evidence } from "../../stack/query.ts";
import { deployJobs, startsContainers } from "../../stack/query-release.ts";
import { asksForRef, isHeldBack, isOpen } from "../../stack/query-triggers.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const forOthers = /stag(?:e|ing)|preview|review|\bdev|develop|test|\bqa\b|sandbox|feature|demo|ephemeral/i;

const production = /prod(?:uction)?\b|\blive\b/i;

export default defineRule({
  id: "release/unreviewed-deploy",
  title: "Only merged code goes to the server",
  claim: "pipeline-gates",
  severity: "high",
  why: "Production runs what stood in the branch that was pushed last: code that nobody has merged, and the next push to another branch takes it away again.",
  *check(stack) {
    for (const { workflow, job } of deployJobs(stack)) {
      const trigger = (job.triggers ?? workflow.triggers).find(isOpen);
      if (!trigger || isHeldBack(workflow, job)) continue;
      if (job.steps.some(step => asksForRef(step.if?.value))) continue;
      // A matrix, a name or an input says where it goes.
      const title = `${workflow.file} ${workflow.name?.value ?? ""}`;
      const own = `${job.id.value} ${job.name?.value ?? ""}`;
      if (forOthers.test(production.test(title) ? title : `${title} ${own}`)) continue;
      const calls = stack.calls.filter(
        each => each.caller.workflow === workflow && each.caller.name === job.id.value,
      );
      const start =
        calls.find(each => startsContainers(each.call) && !startsOnHostedRunner(each)) ??
        startInScript(stack, calls);
      const brought = start && bringsCheckout(calls, start);
      if (!start || !brought || isChosen(stack, start)) continue;
      const from = trigger.event === "pull_request" ? "every pull request" : "a push to any branch";
      yield {
        subject: `${workflow.file} ${job.id.value}`,
        message: `Job "${job.id.value}" of ${workflow.file} releases to the server after ${from}.`,
        severity: "high",
        confidence: "likely",
        evidence: [
          evidence(trigger.at, `no branch is asked for, so ${from} counts`),
          ...(brought === start.call.at ? [] : [evidence(brought, "brings what was pushed")]),
          evidence(start.call.at, "starts it on the server"),
        ],
      };
    }
  },
});

/** The job has a script of the checkout started on the server, and the script starts the containers. */
function startInScript(stack: Stack, own: readonly PlacedCall[]): PlacedCall | undefined {
  if (!own.some(({ call }) => call.kind === "remote-copy" && call.direction !== "download")) return undefined;
  const run = own
    .filter(({ call }) => call.remote)
    .flatMap(({ call }) => call.command.words.slice(0, 2).map(word => word.text.replace(/^\.\//, "")));
  return stack.calls.find(
    ({ call, caller }) => caller.kind === "script" && run.includes(caller.file) && startsContainers(call),
  );
}

/** What was pushed reaches the server: as a copy, by its commit, or because the runner stands there. */
function bringsCheckout(own: readonly PlacedCall[], start: PlacedCall): Location | undefined {
  if (!start.call.remote && start.caller.kind !== "script") return start.call.at;
  return own.find(({ call }) => {
    if (call.kind === "remote-copy") return call.direction !== "download";
    const words = call.command.words.map(word => word.text).join(" ");
    return (
      call.name === "git" &&
      /github\.(?:sha|ref|head_ref)|GITHUB_(?:SHA|REF)|CI_COMMIT_(?:SHA|REF|BRANCH)/.test(words)
    );
  })?.call.at;
}

/** A condition of the shell stands around it, or another file than a server's is started. */
function isChosen(stack: Stack, { call }: PlacedCall): boolean {
  if (call.command.within.some(({ construct }) => construct.kind === "if" || construct.kind === "case"))
    return true;
  if (call.kind !== "compose") return false;
  const files = call.files.map(each => each.value ?? "?");
  return stack.projects.some(
    project => project.grade !== "deployed" && files.some(file => project.files.includes(file)),
  );
}
