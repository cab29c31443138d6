import type { Construct, ShellCommand, ShellScript } from "../formats/shell.ts";
import { allCommands, assignedBy, optionAt } from "../formats/shell.ts";

/** `((n++))`, which gives the old value: with `set -e` the step from nothing to one ends the script. */

/** Files that a server is kept by; the others are tools of a workstation, where somebody looks on. */
export const operates =
  /back-?_?up|restore|deploy|release|rollback|health|monitor|check|verif|smoke|wait|renew|migrat|clean|rotat|prune|incident/i;

/** The first count of each variable that surely starts at nothing, in scripts that end at the first error. */
export function endingCounts(script: ShellScript, initially = false): ShellCommand[] {
  if (/\bset\s+\+\w*e|set \+o errexit/.test(script.fragment.text)) return [];
  const counts = new Map<string, ShellCommand[]>();
  for (const command of script.commands) {
    const name = countedBy(command);
    if (name !== undefined) counts.set(name, [...(counts.get(name) ?? []), command]);
  }
  return [...counts].flatMap(([name, steps]) =>
    startsAtNothing(script, name, steps.length) &&
    steps.every(each => endsScript(script, each, initially, new Set()))
      ? [steps[0]!]
      : [],
  );
}

function countedBy(command: ShellCommand): string | undefined {
  const called = command.name?.value;
  if (command.words.length !== 2 || (called !== "((" && called !== "let")) return undefined;
  return /^["']?\s*([A-Za-z_]\w*)\s*\+\+\s*["']?$/.exec(command.words[1]!.text)?.[1];
}

/** Every other value that it gets is a 0 that is written out, and there is one. */
function startsAtNothing(script: ShellScript, name: string, steps: number): boolean {
  const own = script.commands.flatMap(assignedBy).filter(each => each.name === name);
  const nothing = own.length > 0 && own.every(each => !each.append && each.value.value === "0");
  const text = script.fragment.text;
  const written = text.match(new RegExp(`(?<![\\w$])${name}\\s*(?:\\+\\+|--|[-+*/%|&]?=(?!=))`, "g")) ?? [];
  return nothing && written.length === own.length + steps;
}

/** A failure of it ends the script: nothing looks at its status where it stands, nor where the function around it is called. */
export function endsScript(
  script: ShellScript,
  command: ShellCommand,
  initially: boolean,
  seen = new Set<string>(),
): boolean {
  if (command.negated || command.within.some(step => step.part === "condition")) return false;
  const around = command.within.map(step => step.construct);
  if (![command, ...around.filter(each => each.kind !== "function")].every(isAlone)) return false;
  const name = around.findLast(each => each.kind === "function")?.name;
  if (name === undefined) return optionAt(script, "errexit", command, initially);
  if (seen.has(name)) return false;
  seen.add(name);
  const calls = allCommands(script).filter(each => each.command.name?.value === name);
  return (
    calls.length > 0 &&
    calls.every(each => each.script === script && endsScript(script, each.command, initially, seen))
  );
}

/** The last member of a pipe has the status of the whole. */
function isAlone({ connector, negated }: ShellCommand | Construct): boolean {
  return !negated && /^(?:\n|;|end)$/.test(connector);
}
