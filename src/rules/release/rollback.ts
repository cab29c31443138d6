import type { Call } from "../../artifacts/commands.ts";
import type { Workflow } from "../../artifacts/workflow.ts";
import { addTo } from "../../core/group.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { forWorkstations, isPushedOver, type Push, pushesOf, pushOf } from "../../stack/query-pushes.ts";
import { isMutableTag, projectOf, releaseRuns } from "../../stack/query-release.ts";
import type { ComposeProject, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/rollback",
  title: "The image that ran before a release is kept under a name of its own",
  claim: "rolls-back",
  severity: "medium",
  why: "When the new version is bad there is no old one to start: going back means building the past again, during the outage.",
  *check(stack) {
    const builds = new Map<ComposeProject, Call[]>();
    for (const run of releaseRuns(stack)) {
      const start = run.placed.find(each => run.starts.includes(each.call))!;
      const project = projectOf(stack, start);
      const build = run.calls.find(
        call => call.kind === "compose" && (call.subcommand === "build" || call.build),
      );
      if (!project || !build || keepsOld(run.calls)) continue;
      addTo(builds, project, build);
    }
    for (const [project, [first, ...more]] of builds) {
      const rebuilt = project.services.filter(service => service.build && replacesItself(service));
      if (rebuilt.length === 0) continue;
      yield {
        subject: project.name,
        message: `Each release builds ${listNames(rebuilt.map(service => service.name))} again under the same image name, on the server: the image that ran before loses its name, and there is nothing to go back to.`,
        severity: weigh(project, "medium"),
        evidence: [
          evidence(first!.at, "builds over the image that runs"),
          ...more.map(build => evidence(build.at, "builds over the image that runs")),
          ...rebuilt.map(service =>
            evidence(
              service.image?.at ?? service.build!.at,
              service.image ? "the same tag each time" : "no `image` with a version",
            ),
          ),
        ],
      };
    }
    yield* pushedOver(stack);
  },
});

function keepsOld(calls: readonly Call[]): boolean {
  const pulled = calls.flatMap(call =>
    call.kind === "docker" && /^(?:image )?pull$/.test(call.verb)
      ? call.operands.map(({ word }) => word.text)
      : [],
  );
  return calls.some(
    call =>
      call.kind === "docker" &&
      /^((image )?(tag|save)|commit|push)$/.test(call.verb) &&
      // What was fetched from a mirror gets its usual name.
      !(/tag$/.test(call.verb) && pulled.includes(call.operands[0]?.word.text ?? "")),
  );
}

/** No part of its image name comes from outside. */
function replacesItself(service: Service): boolean {
  if (service.image === undefined) return true;
  const { raw, text } = service.image;
  return !raw.includes("$") && text !== undefined;
}

/** Workflows that push every image of a deployed project under moving tags only. */
function* pushedOver(stack: Stack) {
  for (const workflow of stack.workflows) {
    const pushes = pushesOf(stack, workflow);
    if (forWorkstations.test(workflow.file) || deploysByDigest(stack, workflow)) continue;
    const moving = isPushedOver(stack, workflow);
    const first = pushes[0];
    // What is built for trying out is replaced by the next build on purpose.
    const tried = pushes.every(push =>
      /:(?:dev|develop|development|nightly|edge|canary)$/.test(push.name ?? ""),
    );
    // A pipeline's own tools run on no server.
    const ofPipeline = pushes.every(({ image }) => pipelineImage.test(image ?? ""));
    if (!first || !moving || tried || ofPipeline || isKeptElsewhere(stack, workflow, pushes)) continue;
    const places = [...new Map(pushes.map(push => [push.at.span.start, push])).values()];
    yield {
      subject: workflow.file,
      message: `Every push of ${workflow.file} replaces the image of the release before: it is pushed as ${listNames([...new Set(pushes.map(push => push.name!.split(":").at(-1)!))])} and under no name of its own.`,
      severity: "medium" as const,
      evidence: [
        evidence(first.at, "the same tag each time"),
        ...places.slice(1).map(push => evidence(push.at, "the same tag each time")),
      ] as const,
    };
  }
}

const pipelineImage = /(?:^|[-_.])(?:ci|pipeline|builder|build-?env|devcontainer|toolchain)(?:[-_.]image)?$/i;

/** Another workflow builds the same images under names of their own: this one is a leftover beside it. */
function isKeptElsewhere(stack: Stack, workflow: Workflow, pushes: readonly Push[]): boolean {
  const kept = stack.calls.flatMap(({ call, caller }) =>
    caller.workflow && caller.workflow !== workflow && call.kind === "docker-build"
      ? call.tags
          .map(tag => pushOf(tag.word.text, tag.at))
          .filter(({ name }) => name === undefined || !isMutableTag(name))
      : [],
  );
  return pushes.every(({ image }) => image !== undefined && kept.some(other => other.image === image));
}

/** The digest of what was pushed is what the server gets: it stays in the registry and in the run's log. */
function deploysByDigest(stack: Stack, workflow: Workflow): boolean {
  const texts = stack.calls
    .filter(({ caller }) => caller.workflow === workflow)
    .map(({ call }) => call.command.words.map(word => word.text).join(" "));
  return (
    texts.some(text => /\bRepoDigests\b|imagetools inspect|\bcrane digest\b/.test(text)) ||
    workflow.expressions.some(({ text }) => /\.outputs\.(?:image_?)?digest\b/.test(text))
  );
}
