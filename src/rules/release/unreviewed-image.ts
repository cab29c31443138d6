import type { Call } from "../../artifacts/commands.ts";
import type { Job, Workflow } from "../../artifacts/workflow.ts";
import type { Location } from "../../core/source.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { isMutableTag } from "../../stack/query-release.ts";
import { projectsOfCall } from "../../stack/query-scripts.ts";
import { asksForRef, isHeldBack, isOpen } from "../../stack/query-triggers.ts";
import type { PlacedCall, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/unreviewed-image",
  title: "Only released code replaces the image that production runs",
  claim: "pipeline-gates",
  severity: "high",
  why: "The next pull or restart on the server runs what stood in a branch or pull request that nobody has merged.",
  *check(stack) {
    const seen = new Set<string>();
    for (const placed of stack.calls) {
      const { workflow, name } = placed.caller;
      const job = workflow?.jobs.find(each => each.id.value === name);
      if (!workflow || !job || isGuarded(workflow, job, placed.call)) continue;
      const trigger = (job.triggers ?? workflow.triggers).find(isOpen);
      if (!trigger) continue;
      for (const push of pushesOf(stack, placed)) {
        const user = serverServices(stack).find(
          service => service.project.grade !== "staging" && runs(service, push.name, workflow),
        );
        const key = `${workflow.file} ${job.id.value} ${user?.name}`;
        if (!user || seen.has(key)) continue;
        seen.add(key);
        const from = trigger.event === "pull_request" ? "every pull request" : "every branch";
        yield {
          subject: `${workflow.file} ${user.name}`,
          message: `Job "${job.id.value}" of ${workflow.file} pushes ${user.image!.text} from ${from}: the image that "${user.name}" runs is replaced by code that nobody has merged.`,
          severity: weigh(user, "high"),
          confidence: "likely",
          evidence: [
            evidence(push.at, "replaces the image"),
            evidence(trigger.at, `runs for ${from}`),
            evidence(user.image!.at, "production runs this image"),
          ],
        };
      }
    }
  },
});

/** A condition of the step, the job or its command may be about the branch. */
function isGuarded(workflow: Workflow, job: Job, call: Call): boolean {
  if (call.remote || call.command.within.some(({ construct }) => construct.kind !== "function")) return true;
  const step = job.steps.find(each => each.calls.includes(call));
  return (
    asksForRef(step?.if?.value) ||
    (step?.with.get("push")?.value.includes("${{") ?? false) ||
    isHeldBack(workflow, job)
  );
}

interface Push {
  readonly name: string;
  readonly at: Location;
}

function pushesOf(stack: Stack, placed: PlacedCall): Push[] {
  const { call } = placed;
  if (call.kind === "docker-build" && call.push)
    return call.tags.map(tag => ({ name: tag.word.text, at: tag.at }));
  if (call.kind === "docker" && /^(?:image )?push$/.test(call.verb))
    return call.operands.map(operand => ({ name: operand.word.text, at: operand.at }));
  if (call.kind !== "compose" || call.subcommand !== "push") return [];
  return projectsOfCall(stack, { ...placed, call })
    .flatMap(project => project.services)
    .flatMap(({ build, image }) =>
      build && image?.text && !image.raw.includes("$") ? [{ name: image.text, at: call.at }] : [],
    );
}

/** The service runs the image under the very tag that is pushed, and the tag moves. */
function runs({ image, imageRef, build }: Service, written: string, { platform }: Workflow): boolean {
  const text = image?.text;
  if (text === undefined || (!imageRef && !build)) return false;
  const name = written.replace(/["']/g, "");
  const tagOf = (each: string): string => /:([^/:]+)$/.exec(each)?.[1] ?? "latest";
  if (tagOf(name) !== tagOf(text) || !isMutableTag(`x:${tagOf(name)}`)) return false;
  const bare = (each: string): string => each.replace(/:[^/:]+$/, "");
  // The name of the project's own registry on GitLab.
  if (platform === "gitlab" && /^\$\{?CI_REGISTRY_IMAGE\}?$/.test(bare(name)))
    return /^registry\./.test(text);
  return !name.includes("$") && bare(name) === bare(text);
}
