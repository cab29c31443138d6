import { dirname, join } from "../core/path.ts";
import type { PlacedCall } from "./stack.ts";

/** `cp prod.yml docker-compose.override.yml` before it: that file is laid over the one of the usual name. */
export function laidOver(
  list: readonly string[],
  placed: PlacedCall,
  calls: readonly PlacedCall[],
  has: (path: string) => boolean,
): string[] {
  const override = /^(?:\.\/)?(?:docker-)?compose\.override\.ya?ml$/;
  // What a job lays over it to build or to test is gone with its machine.
  if (list.length !== 1 || (placed.caller.kind === "workflow" && !placed.deploys)) return [...list];
  const words = calls
    .filter(
      ({ call, caller }) =>
        caller.file === placed.caller.file &&
        call.name === "cp" &&
        call.at.span.start < placed.call.at.span.start,
    )
    .map(({ call }) => call.command.words.slice(1).map(word => word.text.replace(/^\.\//, "")))
    .find(([from, to]) => to !== undefined && override.test(to) && has(from!));
  const directory = dirname(list[0]!);
  return words ? [...list, join(directory, words[0]!)] : [...list];
}
