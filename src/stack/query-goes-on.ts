import type { Call } from "../artifacts/commands.ts";
import type { ShellCommand } from "../formats/shell.ts";
import { onlyAsked } from "./query-host-releases.ts";
import { onlySpeaks, optionAt, pipesStrict, type ReleaseRun, startsStrict } from "./query-release.ts";
import type { Stack } from "./stack.ts";

/** How a script gets past a command that failed. */

export const withoutErrexit = "a failure does not stop the script";
export const ignored = "its failure is ignored";

/** How the script gets past a failure of this call; undefined when it does not, or when it cannot be told. */
export function goesOn(call: Call, stack: Stack, run: ReleaseRun): string | undefined {
  const { command, script } = call;
  if (call.via === "substitution" || call.function !== undefined) return undefined;
  // `docker exec` ends as what it runs; a shell between them may have options of its own.
  if (call.via === "exec" && command.connector !== "||") return undefined;
  if (onlyAsked(call)) return "a failure is only spoken of";
  if (command.within.some(({ part, construct }) => part === "condition" || construct.kind === "function"))
    return undefined;
  const strict = optionAt(script, "errexit", command.index, startsStrict(call, stack));
  if (command.connector === "|") {
    const piped = optionAt(script, "pipefail", command.index, pipesStrict(call, stack));
    return piped ? undefined : "the pipe hides a failure";
  }
  const next = script.commands[command.index + 1];
  if (command.connector === "||")
    return next?.within.length === command.within.length &&
      onlySpeaks({ name: next.name?.value ?? "?" }) &&
      !/^(&&|\|\|)$/.test(next.connector)
      ? ignored
      : undefined;
  if (strict || command.connector === "&" || command.words.length === 0) return undefined;
  // What is joined by && stops together; the end of that list decides.
  let last = command;
  while (last.connector === "&&" || last.connector === "|") {
    const follower = script.commands[last.index + 1];
    if (!follower || follower.within.length !== command.within.length) return undefined;
    last = follower;
  }
  if (last.connector === "||") return undefined;
  const rest = script.commands.slice(last.index + 1).filter(each => !alternative(command, each));
  const matters = rest.filter(each => !/^(exit|fi|done)$/.test(each.name?.value ?? ""));
  if (matters.length === 0 || asksForStatus(rest[0])) return undefined;
  return run.calls.some(other => other.command === matters[0] || matters.includes(other.command))
    ? withoutErrexit
    : undefined;
}

/** Stands in a branch that is not taken when the first one is. */
function alternative(command: ShellCommand, other: ShellCommand): boolean {
  return command.within.some(
    (step, index) =>
      other.within[index]?.construct === step.construct &&
      (other.within[index]?.part !== step.part || other.within[index]?.patterns !== step.patterns),
  );
}

function asksForStatus(command: ShellCommand | undefined): boolean {
  return [...(command?.words ?? []), ...(command?.assignments.map(each => each.value) ?? [])].some(word =>
    word.parts.some(part => part.kind === "variable" && part.name === "?"),
  );
}
