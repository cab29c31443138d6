import { type ShellCommand, type ShellScript, wordsOf } from "../formats/shell.ts";

/** Who asks for the exit status of a command, and what runs after it. */

/** The command that runs after this one: not one of another branch. */
export function runsNext(script: ShellScript, last: ShellCommand): ShellCommand | undefined {
  if (last.connector === "end") return undefined;
  const left = new Set<unknown>();
  return script.commands.slice(last.index + 1).find(other => {
    for (const { construct, part, patterns } of last.within) {
      const step = other.within.find(each => each.construct === construct);
      if (step && /^(?:if|case)$/.test(construct.kind) && (step.part !== part || step.patterns !== patterns))
        left.add(construct);
    }
    return !other.within.some(step => left.has(step.construct));
  });
}

/** The status is read right after, or the file is looked at later. */
export function isChecked(script: ShellScript, last: ShellCommand): boolean {
  const rest = script.commands.slice(last.index + 1);
  const asks = rest
    .slice(0, 2)
    .some(command => [...wordsOf(command)].some(word => /\$\{?(\?|PIPESTATUS)/.test(word.text)));
  if (asks) return true;
  if (/^(exit|return)$/.test(rest[0]?.name?.value ?? "") && rest[0]!.words.length === 1) return true;
  return rest.some(
    command =>
      /^(\[|\[\[|test)$/.test(command.name?.value ?? "") &&
      command.words.some(word => /^-[sfe]$/.test(word.text)),
  );
}

/** Both stand in one function, or outside of all. */
export function sameFunction(one: ShellCommand, other: ShellCommand): boolean {
  const inner = one.within.at(-1)?.construct;
  return inner === undefined || other.within.some(step => step.construct === inner);
}

/** A line further down that reports success. */
export function successAfter(script: ShellScript, command: ShellCommand): ShellCommand | undefined {
  return script.commands
    .slice(command.index + 1)
    .find(
      other =>
        /^(echo|printf|log\w*|info|success)$/.test(other.name?.value ?? "") &&
        /success|complete|created|done|finished|✅|✓/i.test(other.words.map(word => word.text).join(" ")),
    );
}

/** A function of the script that prints and does nothing else: `log_error() { echo "$1" >&2; }`. */
export function printsOnly(script: ShellScript, name: string): boolean {
  if (!script.functions.some(each => each.value === name)) return false;
  const body = script.commands.filter(
    ({ within, of }) =>
      of === name || within.some(({ construct }) => construct.kind === "function" && construct.name === name),
  );
  return (
    body.length > 0 && body.every(each => /^(?:echo|printf|local|date)$/.test(each.name?.value ?? "echo"))
  );
}

/** The branch ends the script behind the command: a person is to do something first. */
export function endsBehind(script: ShellScript, command: ShellCommand): boolean {
  const inner = command.within.at(-1);
  return script.commands
    .slice(command.index + 1)
    .some(
      ({ name, within }) =>
        /^exit$/.test(name?.value ?? "") &&
        within.some(step => step.construct === inner?.construct && step.part === inner.part),
    );
}
