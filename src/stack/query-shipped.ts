import type { CopyStep, RunStep, Stage } from "../artifacts/dockerfile.ts";
import { stageChain } from "../artifacts/dockerfile.ts";
import { isPattern, sourcePath } from "./image/copy-sources.ts";
import type { Build } from "./stack.ts";

/** Questions about what ends up in the image that is shipped. */

/** The shipped stage and its parents, the eldest first: all of their layers are in the image. */
export function shippedStages(build: Build): readonly Stage[] {
  return build.dockerfile && build.stage ? stageChain(build.dockerfile, build.stage) : [];
}

export function shippedRuns(build: Build): readonly RunStep[] {
  return shippedStages(build).flatMap(stage => stage.runs);
}

/** COPYs of the whole context, in the shipped stages. */
export function broadCopies(build: Build): CopyStep[] {
  return shippedStages(build).flatMap(stage =>
    stage.copies.filter(
      copy =>
        !copy.from &&
        copy.exclude.length === 0 &&
        copy.sources.some(source => !isPattern(source.value) && sourcePath(copy, source.value) === ""),
    ),
  );
}
