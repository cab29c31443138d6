import { factsFor, parseImageRef } from "./image/facts.ts";
import type { Build, Stack } from "./stack.ts";

/** Names that a COPY takes files from, and that no stage has. */

/** Names that people give to stages, and that no official image has. */
export const stageWords =
  /^(?:build|builder|building|base|deps|dependencies|dev|development|prod|production|release|runtime|runner|final|install|installer|compile|compiler|assets|frontend|backend|client|server|app|web|ui|prune|pruner|vendor|wheels|static)(?:[-_][a-z0-9]+)*$/;

/** One name begins with the other, or two letters make the difference. */
export function isAlike(one: string, other: string): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  if (short.length >= 4 && long.startsWith(short)) return true;
  return short.length >= 5 && distance(one, other) <= 2;
}

function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++)
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1));
    row = next;
  }
  return row[other.length]!;
}

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
    const text = stack.sources.get(build.at.file)?.text ?? "";
    return /additional_contexts|build-contexts?\b/.test(text);
  });
}
