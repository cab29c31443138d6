import type { Call } from "../artifacts/commands.ts";
import type { Location } from "../core/source.ts";
import type { ShellScript } from "../formats/shell.ts";
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
  for (const { path, script } of startScripts(stack, service)) {
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

function startScripts(stack: Stack, service: Service): { path: string; script: ShellScript }[] {
  const starts = [
    ...(service.process?.commands ?? []).map(words => words[0]?.value),
    // Compose's own entry point takes the place of the image's.
    (service.entrypoint ?? service.model?.entrypoint)?.words[0]?.value,
  ];
  return starts.flatMap(path => {
    if (path === undefined || !path.includes("/")) return [];
    const script = containerScript(stack.scripts, stack.files, service, path);
    return script ? [{ path, script }] : [];
  });
}

/** Services start its script, and none in a way that comes by it: its conditions wait for other words. */
export function isNeverReached(stack: Stack, call: Call): boolean {
  let isStarted = false;
  for (const service of stack.services)
    for (const { path, script } of startScripts(stack, service)) {
      if (script !== call.script) continue;
      if (isReached(script, call.command, givenTo(service, path)) !== false) return false;
      isStarted = true;
    }
  return isStarted;
}

/** In a function that nothing in its script calls: a task for people, which the start does not name. */
function isIdle(stack: Stack, at: Location): boolean {
  const here = stack.calls.find(
    ({ call }) => call.command.at.file === at.file && call.command.at.span.start === at.span.start,
  )?.call;
  if (!here?.function) return false;
  return !stack.calls.some(({ call }) => call.script === here.script && call.name === here.function);
}
