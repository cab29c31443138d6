import { dirname, join } from "../core/path.ts";
import type { PlacedCall } from "./stack.ts";

const override = /^(?:\.\/)?(?:docker-)?compose\.override\.ya?ml$/;
const copying = new WeakMap<readonly PlacedCall[], readonly PlacedCall[]>();

/** Of all calls those that copy something to an override, once for all that ask. */
function copiesToOverride(calls: readonly PlacedCall[]): readonly PlacedCall[] {
  const known = copying.get(calls);
  if (known) return known;
  const found = calls.filter(({ call }) => call.name === "cp" && override.test(wordsOf(call)[1] ?? ""));
  copying.set(calls, found);
  return found;
}

const wordsOf = ({ command }: PlacedCall["call"]): string[] =>
  command.words.slice(1).map(word => word.text.replace(/^\.\//, ""));

/** `cp prod.yml docker-compose.override.yml` before it: that file is laid over the one of the usual name. */
export function laidOver(
  list: readonly string[],
  placed: PlacedCall,
  calls: readonly PlacedCall[],
  has: (path: string) => boolean,
): string[] {
  // What a job lays over it to build or to test is gone with its machine.
  if (list.length !== 1 || (placed.caller.kind === "workflow" && !placed.deploys)) return [...list];
  const words = copiesToOverride(calls)
    .filter(
      ({ call, caller }) =>
        caller.file === placed.caller.file && call.at.span.start < placed.call.at.span.start,
    )
    .map(({ call }) => wordsOf(call))
    .find(([from]) => has(from!));
  const directory = dirname(list[0]!);
  return words ? [...list, join(directory, words[0]!)] : [...list];
}
