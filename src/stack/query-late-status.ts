import type { Construct, ShellCommand, ShellScript } from "../formats/shell.ts";
import { endsScript } from "./query-counts.ts";

/** `command` and then `if [ $? -eq 0 ]`, in a script that ends at the first error: a failure never gets there. */

export interface LateStatus {
  /** Its failure ends the script. */
  readonly command: ShellCommand;
  /** Asks for its status afterwards. */
  readonly asks: ShellCommand;
  /** What is written for the failure. */
  readonly unreached: readonly ShellCommand[];
}

export function lateStatuses(script: ShellScript, initially = false): LateStatus[] {
  const { text } = script.fragment;
  // Somebody switches it off and on, or looks after failures in another way.
  if (!text.includes("$?") || /\bset\s+\+\w*e|set \+o errexit/.test(text)) return [];
  if (script.commands.some(each => each.name?.value === "trap")) return [];
  return script.commands.flatMap((asks, index) => {
    const branch = asks.within.at(-1);
    const command = script.commands[index - 1];
    const wanted = statusIn(asks);
    if (!command || !wanted || branch?.construct.kind !== "if" || branch.part !== "condition") return [];
    // The `if` begins with the question, behind the command and beside it.
    const isBeside =
      command.within.length === asks.within.length - 1 &&
      command.within.every(
        (step, n) => step.construct === asks.within[n]!.construct && step.part === asks.within[n]!.part,
      );
    if (!isBeside || asks.connector === "&&" || asks.connector === "||") return [];
    if (
      /^(?:local|export|declare|readonly|typeset|echo|printf|true|:|\[|\[\[|test)$/.test(
        command.name?.value ?? "",
      )
    )
      return [];
    if (!endsScript(script, command, initially)) return [];
    const unreached = inBranch(script, branch.construct, wanted === "success" ? "else" : "body");
    return unreached.length > 0 ? [{ command, asks, unreached }] : [];
  });
}

/** `[ $? -eq 0 ]` asks for a success, `[ $? -ne 0 ]` for a failure. */
function statusIn({ name, words }: ShellCommand): "success" | "failure" | undefined {
  if (!/^(?:\[|\[\[|test)$/.test(name?.value ?? "")) return undefined;
  const text = words
    .slice(1)
    .map(word => word.text)
    .join(" ");
  const [, operator] = /^"?\$\?"? (-eq|-ne|==?|!=) "?0"?(?: \]\]?)?$/.exec(text) ?? [];
  if (operator === undefined) return undefined;
  return /^(?:-ne|!=)$/.test(operator) ? "failure" : "success";
}

function inBranch(script: ShellScript, construct: Construct, part: "body" | "else"): ShellCommand[] {
  return script.commands.filter(({ within }) =>
    within.some(step => step.construct === construct && step.part === part),
  );
}
