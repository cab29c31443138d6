import type { Construct, ShellCommand, Within } from "./shell-model.ts";

/**
 * Commands in the order in which they run, as far as functions go: one that is called once, at the top level, whatever
 * happens, is a name for a part of the script (`main "$@"` as its last line). Its commands stand after the call, as if
 * they had been written there, and know the name in `of`. All other functions stay where they are written.
 */
export function inOrderOfRun(written: readonly ShellCommand[]): readonly ShellCommand[] {
  const waiting = new Set(partsOf(written));
  let commands = written;
  // What `main` calls stands at the top level once `main` does.
  for (let before = -1; waiting.size > 0 && before !== waiting.size; ) {
    before = waiting.size;
    for (const part of waiting) {
      const at = commands.findIndex(command => command.index === part.call.index);
      if (!isCall(commands, at)) continue;
      waiting.delete(part);
      commands = withPart(commands, at, part);
    }
  }
  return commands === written ? written : commands.map((command, index) => ({ ...command, index }));
}

/** A function that one command alone names. */
interface Part {
  readonly name: string;
  readonly construct: Construct;
  readonly call: ShellCommand;
  /** How many of the steps to its commands are the function itself: the braces, too, if nothing is said of them. */
  readonly depth: number;
}

function partsOf(commands: readonly ShellCommand[]): Part[] {
  const firsts = new Map<Construct, ShellCommand>();
  for (const command of commands) {
    const construct = functionAround(command);
    if (construct && !firsts.has(construct)) firsts.set(construct, command);
  }
  if (firsts.size === 0) return [];
  const constructs = [...firsts.keys()];
  const calls = onlyCalls(commands, new Set(constructs.flatMap(({ name }) => name ?? [])));
  return [...firsts].flatMap(([construct, first]) => {
    const { name = "", redirects, stage } = construct;
    const call = calls.get(name);
    const braces = first.within[1]?.construct;
    const depth = braces?.kind === "group" ? 2 : 1;
    const isPlain =
      redirects.length === 0 &&
      stage === 0 &&
      (braces?.kind !== "group" || (braces.redirects.length === 0 && braces.stage === 0));
    const isOnly = constructs.filter(other => other.name === name).length === 1;
    return call && isPlain && isOnly ? [{ name, construct, call, depth }] : [];
  });
}

/** Commands that call a function which no other word names: neither a trap, nor another program, nor a second call. */
function onlyCalls(
  commands: readonly ShellCommand[],
  names: ReadonlySet<string>,
): ReadonlyMap<string, ShellCommand | undefined> {
  const calls = new Map<string, ShellCommand | undefined>();
  for (const command of commands)
    for (const word of command.words) {
      const { value } = word;
      if (value !== undefined && names.has(value))
        calls.set(value, word === command.name && !calls.has(value) ? command : undefined);
    }
  return calls;
}

/** The commands of the function after its call, as if they had been written there. */
function withPart(commands: readonly ShellCommand[], at: number, part: Part): ShellCommand[] {
  const { name, construct, depth } = part;
  const call = commands[at]!;
  const body = commands.filter(command => functionAround(command) === construct);
  const moved = body.map((command, index) => ({
    ...command,
    within: command.within.slice(depth),
    of: command.of ?? name,
    ...(index === body.length - 1 && command.within.length === depth ? { connector: call.connector } : {}),
  }));
  return commands.flatMap(command => {
    if (command === call) return [{ ...call, within: [], connector: "\n" as const }, ...moved];
    return functionAround(command) === construct ? [] : [command];
  });
}

/** It happens in every run, alone, and hands on what the script was given. */
function isCall(commands: readonly ShellCommand[], at: number): boolean {
  const command = commands[at]!;
  const before = commands[at - 1]?.connector;
  const isAlone =
    command.stage === 0 &&
    !command.negated &&
    command.assignments.length === 0 &&
    /^(?:;|\n|end)$/.test(command.connector) &&
    (before === undefined || !/[&|]./.test(before)) &&
    command.redirects.every(({ op }) => /^&?>/.test(op));
  // Who asks for the status of the call asks for that of the whole.
  if (!isAlone || commands[at + 1]?.words.some(word => /\$\{?\?/.test(word.text))) return false;
  const handsOn = command.words.slice(1).every(word => /^"?\$[@*]"?$/.test(word.text));
  return handsOn && (command.within.length === 0 || isStarted(commands, command));
}

/** `if [ "${BASH_SOURCE[0]}" = "$0" ]`: what happens unless others read the file in. */
function isStarted(commands: readonly ShellCommand[], { within }: ShellCommand): boolean {
  const [around, ...more] = within;
  if (!around || more.length > 0 || around.construct.kind !== "if" || around.part !== "body") return false;
  const asked = commands.filter(command =>
    command.within.some(step => step.construct === around.construct && step.part === "condition"),
  );
  return asked.length === 1 && asked[0]!.words.some(word => word.text.includes("BASH_SOURCE"));
}

function functionAround({
  within: [outermost],
}: {
  readonly within: readonly Within[];
}): Construct | undefined {
  return outermost?.construct.kind === "function" ? outermost.construct : undefined;
}
