import { sourceOf } from "../core/project-files.ts";
import { factsFor, parseImageRef } from "./image/facts.ts";
import type { Build, Stack } from "./stack.ts";

/** Names that a COPY takes files from, and that no stage has. */

export function isImageName(name: string): boolean {
  return factsFor(parseImageRef(name)) !== undefined;
}

/** The caller names a context of its own, or an image of this name is built beside it. */
export function namesContext(stack: Stack, group: readonly Build[], name: string): boolean {
  const named = (ref: string) => ref.split(":")[0]!.toLowerCase() === name;
  if (stack.builds.some(build => build.tags.some(named))) return true;
  if (stack.services.some(service => named(service.image?.text ?? ""))) return true;
  if (stack.files.paths.some(path => /(?:^|\/)docker-bake[^/]*$/.test(path))) return true;
  return group.some(build => {
    const text = sourceOf(stack, build.at.file)?.text ?? "";
    return /additional_contexts|build-contexts?\b/.test(text);
  });
}
