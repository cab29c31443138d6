import { isHosted } from "../../stack/calls.ts";
import { evidence, listNames } from "../../stack/query.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

/** GitHub's images of Ubuntu and Windows have had no `docker-compose` since then (runner-images, issue 9692). */
const removed = "2024-07-29";

export default defineRule({
  id: "pipeline/compose-command",
  title: "Jobs call the Compose that their runner has",
  claim: "pipeline-gates",
  severity: "high",
  why: 'The step ends with "command not found", so nothing that stands behind it is tested or released.',
  *check(stack) {
    const files = new Set(stack.workflows.map(workflow => workflow.file));
    for (const file of files) {
      const calls = stack.calls.filter(placed => placed.caller.file === file && isGone(placed));
      const first = calls[0];
      if (!first || bringsIt(stack, file)) continue;
      const jobs = [...new Set(calls.map(({ caller }) => caller.name ?? ""))];
      yield {
        subject: file,
        message: `${jobs.length === 1 ? "Job" : "Jobs"} ${listNames(jobs)} of ${file} ${jobs.length === 1 ? "calls" : "call"} docker-compose, which GitHub's runners have not had since ${removed}.`,
        severity: calls.some(each => each.deploys) ? "high" : "medium",
        evidence: [
          evidence(placeOf(first), "not found on this runner"),
          ...calls.slice(1).map(each => evidence(placeOf(each), "not found on this runner")),
        ],
        fix: () => ({
          title: "Call docker compose",
          grade: "needs-testing",
          edits: calls.map(each => ({ at: placeOf(each), text: "docker compose" })),
          test: "Run the workflow. Names of containers have hyphens now, where version 1 put underscores.",
        }),
      };
    }
  },
});

function isGone({ call, caller }: PlacedCall): boolean {
  if (call.kind !== "compose" || !call.legacy || call.remote || call.inside || !caller.workflow) return false;
  if (!isHosted(caller.workflow, caller.name) || call.via === "function") return false;
  const job = caller.workflow.jobs.find(each => each.id.value === caller.name);
  if (job?.runsOn.some(each => each.value.startsWith("macos"))) return false;
  return call.command.words.some(word => word.value === "docker-compose");
}

/** A step installs it, links it, or defines it. */
function bringsIt(stack: Stack, file: string): boolean {
  const text = stack.sources.get(file)?.text ?? "";
  return /(?:install|curl|wget|ln |alias|function|setup|mv |cp |uses:|PATH|container:|compose-switch)[^\n]*docker-?_?compose|docker-compose\s*\(\)|compose-switch/i.test(
    text,
  );
}

function placeOf({ call }: PlacedCall) {
  return call.command.words.find(word => word.value === "docker-compose")?.at ?? call.at;
}
