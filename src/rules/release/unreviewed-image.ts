import type { Call } from "../../artifacts/commands.ts";
import type { Job, Workflow } from "../../artifacts/workflow.ts";
import type { Location } from "../../core/source.ts";
import { evidence, listNames, listPlain, serverServices, weigh } from "../../stack/query.ts";
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
    // A job that pushes several images is one cause.
    const causes = new Map<string, Cause>();
    for (const placed of stack.calls) {
      const { workflow, name } = placed.caller;
      const job = workflow?.jobs.find(each => each.id.value === name);
      if (!workflow || !job || isGuarded(workflow, job, placed.call)) continue;
      const trigger = (job.triggers ?? workflow.triggers).find(isOpen);
      if (!trigger) continue;
      for (const push of pushesOf(stack, placed)) {
        const user = serverServices(stack).find(
          service =>
            service.project.grade !== "staging" &&
            (runs(service, push.name, workflow) || runsMade(service, push.name, workflow, name)),
        );
        const key = `${workflow.file} ${job.id.value}`;
        const cause = causes.get(key) ?? { file: workflow.file, job: job.id.value, trigger, found: [] };
        if (!user || cause.found.some(each => each.user.name === user.name)) continue;
        causes.set(key, cause);
        cause.found.push({ push, user });
      }
    }
    for (const { file, job, trigger, found } of causes.values()) {
      const users = found.map(({ user }) => user);
      const images = users.map(({ image }) => image!.text ?? image!.raw);
      const from = trigger.event === "pull_request" ? "every pull request" : "every branch";
      const one = found.length === 1;
      const [first, ...more] = found.map(({ push }) => evidence(push.at, "replaces the image"));
      yield {
        subject: `${file} ${users[0]!.name}`,
        message: `Job "${job}" of ${file} pushes ${listPlain(images)} from ${from}: the ${one ? "image" : "images"} that ${listNames(users.map(each => each.name))} ${one ? "runs is" : "run are"} replaced by code that nobody has merged.`,
        severity: weigh(users[0]!, "high"),
        confidence: "likely",
        evidence: [
          first!,
          evidence(trigger.at, `runs for ${from}`),
          ...more,
          ...users.map(({ image }) => evidence(image!.at, "production runs this image")),
        ],
      };
    }
  },
});

interface Cause {
  readonly file: string;
  readonly job: string;
  readonly trigger: Workflow["triggers"][number];
  readonly found: { readonly push: Push; readonly user: Service }[];
}

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

/** The job makes the image that the service pulls, whatever variables stand in its name, under the tag that moves. */
function runsMade(
  { image, made }: Service,
  name: string,
  { file }: Workflow,
  job: string | undefined,
): boolean {
  const isIts = made?.push && made.at.file === file && made.caller.name === job && made.tags.includes(name);
  const tag = writtenTag(name);
  return isIts === true && tag !== undefined && tag === writtenTag(image!.raw) && isMutableTag(`x:${tag}`);
}

/** The tag where it is written out; "latest" where there is none. */
function writtenTag(name: string): string | undefined {
  const last = name.slice(name.lastIndexOf("/") + 1);
  return /:([\w.-]+)$/.exec(last)?.[1] ?? (last.includes(":") ? undefined : "latest");
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
