import type { Concurrency } from "../../artifacts/workflow.ts";
import { addTo } from "../../core/group.ts";
import { evidence } from "../../stack/query.ts";
import { type DeployJob, deployJobs, sharedGroup } from "../../stack/query-release.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/cancelled-deploy",
  title: "A running release is never cancelled halfway",
  claim: "rolls-out-without-downtime",
  severity: "medium",
  why: "A release that is stopped between taking the old version down and starting the new one leaves the site down or half migrated.",
  *check(stack) {
    const groups = new Map<Concurrency, DeployJob[]>();
    for (const deploy of deployJobs(stack)) {
      // A pull request's preview may be thrown away.
      if (deploy.workflow.triggers.every(trigger => trigger.event.startsWith("pull_request"))) continue;
      for (const group of [deploy.workflow.concurrency, deploy.job.concurrency].map(sharedGroup))
        if (group?.cancelInProgress === true && !isOfTags(group, deploy)) addTo(groups, group, deploy);
    }
    for (const [group, [first, ...more]] of groups) {
      if (!first) continue;
      const at = group.cancelAt ?? group.at;
      yield {
        subject: `${first.workflow.file} ${first.job.id.value}`,
        message: `The next push cancels job "${first.job.id.value}" of ${first.workflow.file} wherever it stands, also in the middle of a release.`,
        evidence: [
          evidence(at, "cancels what is running"),
          ...[first, ...more].map(({ job }) => evidence(job.id.at, "releases to a server")),
        ],
        fix: () => ({
          title: "Let a running release finish",
          grade: "needs-testing",
          edits: [{ at, text: "cancel-in-progress: false" }],
        }),
      };
    }
  },
});

const ofTags = /^(?!.*\|\|).*(?:github\.event_name\s*==\s*'release'|refs\/tags\/)/;

/** Each ref has a group to itself, and all that reaches a server waits for a tag: no other run has the same one. */
function isOfTags(group: Concurrency, { job, workflow }: DeployJob): boolean {
  if (!/github\.ref\b/.test(group.group?.value ?? "")) return false;
  // The tag chooses the environment: what a branch reaches is no server of production's.
  const chosen = /\bref_type\b|\bstartsWith\(\s*github\.ref\s*,\s*'refs\/tags\//.test(workflow.source.text);
  const tagged = workflow.triggers.some(({ event, tags }) => event === "push" && tags.length > 0);
  if (chosen && tagged && job.environment?.name?.value.includes("${{")) return true;
  if (ofTags.test(job.if?.value ?? "")) return true;
  const reaching = job.steps.filter(
    step =>
      step.remoteScript || step.calls.some(call => call.remote || /^(?:ssh|remote-copy)$/.test(call.kind)),
  );
  return reaching.length > 0 && reaching.every(step => ofTags.test(step.if?.value ?? ""));
}
