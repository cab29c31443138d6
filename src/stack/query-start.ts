import type { Location } from "../core/source.ts";
import { givenTo, isReached } from "./branches.ts";
import { containerScript } from "./query.ts";
import { wordsOf } from "./query-release.ts";
import type { Service, Stack } from "./stack.ts";

/** Questions about what a service runs on the way to its program. */

/** Where a service starts with a command whose words match, in its own command line or in the script behind it. */
export function startCommand(
  stack: Stack,
  service: Service,
  matches: (words: string) => boolean,
): Location | undefined {
  return inCommand(stack, service, matches) ?? inScript(stack, service, matches);
}

function inCommand(
  stack: Stack,
  service: Service,
  matches: (words: string) => boolean,
): Location | undefined {
  for (const words of service.process?.commands ?? []) {
    if (!matches(words.map(word => word.value ?? "?").join(" "))) continue;
    if (isIdle(stack, words[0]!.at)) continue;
    const [first, last] = [words[0]!.at, words.at(-1)!.at];
    const joined = first.file === last.file && first.span.start <= last.span.end;
    return joined ? { file: first.file, span: { start: first.span.start, end: last.span.end } } : first;
  }
  return undefined;
}

/** The same in the script that a service starts with, where the command stands behind a variable. */
function inScript(stack: Stack, service: Service, matches: (words: string) => boolean): Location | undefined {
  const starts = [
    ...(service.process?.commands ?? []).map(words => words[0]?.value),
    service.model?.entrypoint?.words[0]?.value,
  ];
  for (const path of starts) {
    if (path === undefined || !path.includes("/")) continue;
    const script = containerScript(stack.scripts, stack.files, service, path);
    if (!script) continue;
    const given = givenTo(service, path);
    const found = stack.calls.find(
      ({ call }) =>
        call.script === script &&
        ["program", "tool", "compose"].includes(call.kind) &&
        matches(wordsOf(call)) &&
        !isIdle(stack, call.at) &&
        isReached(script, call.command, given) !== false,
    );
    if (found) return found.call.at;
  }
  return undefined;
}

/** In a function that nothing in its script calls: a task for people, which the start does not name. */
function isIdle(stack: Stack, at: Location): boolean {
  const here = stack.calls.find(
    ({ call }) => call.command.at.file === at.file && call.command.at.span.start === at.span.start,
  )?.call;
  if (!here?.function) return false;
  return !stack.calls.some(({ call }) => call.script === here.script && call.name === here.function);
}
