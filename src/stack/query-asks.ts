import { functionOf, type ShellCommand } from "../formats/shell.ts";
import type { PlacedCall, Stack } from "./stack.ts";

const asked = /\$\{?(\d|confirm|answer|force|reply|response|choice|yes|reset|clean|purge|delete|wipe|drop)/i;

/** A question, a flag or an argument stands between the caller and the command. */
export function asksFirst(stack: Stack, { call, caller }: PlacedCall): boolean {
  if (caller.kind === "makefile" && targetAsks(stack, caller)) return true;
  const before = call.script.commands.slice(0, call.command.index);
  // `while read line` goes through a list; a question stands by itself.
  const questions = before.filter(
    command =>
      /^(read|confirm\w*|ask\w*|gum|whiptail|dialog)$/.test(command.name?.value ?? "") && !inLoop(command),
  );
  if (questions.some(command => !functionOf(command) || functionOf(command) === functionOf(call.command)))
    return true;
  if (isCalledAfterQuestion(call)) return true;
  if (call.args.some(arg => /^(-i|--interactive)$/.test(arg.value ?? ""))) return true;
  const around = new Set(call.command.within.map(step => step.construct));
  const conditions = call.script.commands.filter(command =>
    command.within.some(step => step.part === "condition" && around.has(step.construct)),
  );
  if (conditions.some(command => command.words.some(word => asked.test(word.text)))) return true;
  return [...around].some(construct => construct.kind === "case" || construct.kind === "select");
}

/** The function that it stands in is called after another one that asks by its name: `confirm_uninstall`, then this. */
function isCalledAfterQuestion({ command, script }: PlacedCall["call"]): boolean {
  const own = functionOf(command);
  if (own === undefined) return false;
  const calls = script.commands.filter(each => each.name?.value === own);
  return (
    calls.length > 0 &&
    calls.every(each =>
      script.commands
        .slice(0, each.index)
        .some(
          before =>
            /^(?:confirm|ask|prompt)(?:_\w+|-[\w-]+)?$/.test(before.name?.value ?? "") &&
            functionOf(before) === functionOf(each),
        ),
    )
  );
}

/** Each line of a recipe is a script of its own. */
function targetAsks(stack: Stack, caller: PlacedCall["caller"]): boolean {
  return stack.calls.some(
    other =>
      other.caller.file === caller.file && other.caller.name === caller.name && other.call.name === "read",
  );
}

function inLoop(command: ShellCommand): boolean {
  return command.within.some(
    step => step.part === "condition" && /^(while|until)$/.test(step.construct.kind),
  );
}

/** Whoever is asked whether the volumes shall go begins from nothing: that is no release. */
export function beginsAnew(stack: Stack, placed: PlacedCall): boolean {
  const { call } = placed;
  return call.kind === "compose" && call.subcommand === "down" && call.volumes && asksFirst(stack, placed);
}
