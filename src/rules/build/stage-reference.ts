import type { Dockerfile, Stage } from "../../artifacts/dockerfile.ts";
import { isAlike, stageWords } from "../../artifacts/stage-names.ts";
import type { Violation } from "../../core/finding.ts";
import { evidence } from "../../stack/query.ts";
import { groupBuilds, places, weighBuilds, writtenAt } from "../../stack/query-build.ts";
import { isImageName, namesContext } from "../../stack/query-stage-names.ts";
import type { Build, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/stage-reference",
  title: "Every stage starts from and copies from something that exists",
  claim: "builds",
  severity: "critical",
  why: "The builder refuses a base image without a name, and takes a stage that comes later for an image of that name on Docker Hub.",
  *check(stack) {
    const known = stack.builds.filter(build => build.dockerfile && build.stage);
    for (const group of groupBuilds(known, build => build.dockerfilePath)) {
      const [first] = group;
      const dockerfile = first.dockerfile!;
      const needed = new Set(group.flatMap(build => build.model?.built.map(each => each.stage.index) ?? []));
      let sound = true;
      for (const stage of dockerfile.stages.filter(each => needed.has(each.index))) {
        for (const violation of [
          ...lateCopies(group, dockerfile, stage),
          ...misnamedCopies(stack, group, dockerfile, stage),
          ...emptyBase(stack, group, dockerfile, stage),
        ]) {
          sound = false;
          yield violation;
        }
      }
      if (sound && dockerfile.stages.length > 1)
        yield {
          subject: dockerfile.file,
          kept: evidence(dockerfile.stages.at(-1)!.from.at, "all stages are found"),
        };
    }
  },
});

/** `COPY --from` a stage that stands later, or the own one. */
function* lateCopies(group: readonly Build[], dockerfile: Dockerfile, stage: Stage): Iterable<Violation> {
  for (const copy of stage.copies) {
    if (!copy.from || (copy.fromStage !== undefined && !copy.misnamed)) continue;
    const name = copy.from.value.toLowerCase();
    const numbered = /^\d{1,3}$/.test(name);
    const later = dockerfile.stages.find(
      each =>
        each.index >= stage.index &&
        (each.name?.value.toLowerCase() === name || (numbered && each.index === Number(name))),
    );
    if (!later && !numbered) continue;
    const where = later
      ? later === stage
        ? "which is this very stage"
        : "which comes later"
      : "which does not exist";
    yield {
      subject: `${dockerfile.file} ${copy.from.value}`,
      message: `A COPY in ${dockerfile.file} takes files from stage "${copy.from.value}", ${where}: the build fails there.`,
      evidence: [
        evidence(copy.from.at, "not an earlier stage"),
        ...(later ? [evidence(later.name?.at ?? later.from.image.at, "the stage of that name")] : []),
      ],
      severity: weighBuilds(group, "critical"),
    };
  }
}

/**
 * `COPY --from=builder` where the stage is called `build`, or has no name: the builder looks for an image of that name.
 * Only names that surely mean a stage: one word, like a stage's name or usual for one, which nothing else defines.
 */
function* misnamedCopies(
  stack: Stack,
  group: readonly Build[],
  dockerfile: Dockerfile,
  stage: Stage,
): Iterable<Violation> {
  for (const copy of stage.copies) {
    if (!copy.from || (copy.fromStage !== undefined && !copy.misnamed)) continue;
    const name = copy.from.value.toLowerCase();
    if (
      !/^[a-z][\w-]*$/.test(name) ||
      dockerfile.stages.some(each => each.name?.value.toLowerCase() === name)
    )
      continue;
    const earlier = dockerfile.stages.filter(each => each.index < stage.index);
    const alike = earlier.find(each => each.name && isAlike(each.name.value.toLowerCase(), name));
    if ((!alike && !stageWords.test(name)) || earlier.length === 0) continue;
    if (isImageName(name) || namesContext(stack, group, name)) continue;
    const where = alike
      ? `no stage has that name, the one above is called "${alike.name!.value}"`
      : "no stage has that name";
    yield {
      subject: `${dockerfile.file} ${copy.from.value}`,
      message: `A COPY in ${dockerfile.file} takes files from "${copy.from.value}": ${where}, so the builder asks Docker Hub for an image of that name, and fails.`,
      evidence: [
        evidence(copy.from.at, "no stage of this name"),
        ...(alike ? [evidence(alike.name!.at, "the stage that is alike")] : []),
      ],
      severity: weighBuilds(group, "critical"),
      fix: () =>
        alike && {
          title: `Copy from ${alike.name!.value}`,
          grade: "needs-testing" as const,
          edits: [{ at: copy.from!.at, text: alike.name!.value }],
          test: "Build the image.",
        },
    };
  }
}

/** `FROM $BASE` where no default and no caller of Compose gives BASE a value. */
function* emptyBase(
  stack: Stack,
  group: readonly Build[],
  dockerfile: Dockerfile,
  stage: Stage,
): Iterable<Violation> {
  const { image } = stage.from;
  const name = /^\$\{?(\w+)\}?$/.exec(image.value)?.[1];
  const arg = dockerfile.args.find(each => each.name.value === name);
  if (name === undefined || !arg || arg.value !== undefined) return;
  const failing = group.filter(
    build => build.caller.kind === "compose" && !build.args.some(given => given.name === name),
  );
  const [first] = failing;
  if (!first) return;
  yield {
    subject: `${dockerfile.file} ${name}`,
    message: `${dockerfile.file} starts from ${writtenAt(stack, image.at)}, but ${name} has no default and the build of "${first.caller.name}" does not set it: the base image has no name.`,
    evidence: [
      evidence(image.at, "nothing without a value"),
      evidence(arg.at, "no default"),
      ...places(
        failing.map(build => build.at),
        `sets no ${name}`,
      ),
    ],
    severity: weighBuilds(failing, "critical"),
  };
}
