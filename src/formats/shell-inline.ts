import type { Connector, Construct, ShellCommand, Within } from "./shell-model.ts";

/**
 * Commands in the order in which they run, as far as functions go: one that is called once, at the top level, whatever
 * happens, is a name for a part of the script (`main "$@"` as its last line). Its commands stand after the call, as if
 * they had been written there, and know the name in `of`. All other functions stay where they are written.
 */
export function inOrderOfRun(written: readonly ShellCommand[]): readonly ShellCommand[] {
  if (!written.some(command => functionAround(command))) return written;
  let commands = written;
  // What `main` calls stands at the top level once `main` does.
  for (let turn = 0; turn < mostParts; turn++) {
    const next = oneInline(commands);
    if (!next) break;
    commands = next;
  }
  return commands === written ? written : commands.map((command, index) => ({ ...command, index }));
}

const mostParts = 40;

function oneInline(commands: readonly ShellCommand[]): ShellCommand[] | undefined {
  const bodies = new Map<Construct, ShellCommand[]>();
  for (const command of commands) {
    const construct = functionAround(command);
    if (!construct) continue;
    const body = bodies.get(construct);
    if (body) body.push(command);
    else bodies.set(construct, [command]);
  }
  for (const [construct, body] of bodies) {
    const { name } = construct;
    if (name === undefined || construct.redirects.length > 0 || construct.stage > 0) continue;
    if ([...bodies.keys()].some(other => other !== construct && other.name === name)) continue;
    const call = onlyCall(commands, name);
    if (!call) continue;
    const depth = bracesOf(body);
    if (depth === undefined) continue;
    const moved = body.map((command, index) => ({
      ...command,
      within: command.within.slice(depth),
      of: command.of ?? name,
      ...(index === body.length - 1 && command.within.length === depth ? { connector: call.connector } : {}),
    }));
    const inside = new Set(body);
    return commands.flatMap(command => {
      if (inside.has(command)) return [];
      return command === call ? [{ ...call, within: [], connector: "\n" as const }, ...moved] : [command];
    });
  }
  return undefined;
}

/** How many of the steps to the commands are the function itself: the braces, too, if nothing is said of them. */
function bracesOf([first]: readonly ShellCommand[]): number | undefined {
  const braces = first?.within[1]?.construct;
  if (braces?.kind !== "group") return 1;
  return braces.redirects.length === 0 && braces.stage === 0 ? 2 : undefined;
}

/** The one place that names the function, where it is a call that happens in every run and hands on what was given. */
function onlyCall(commands: readonly ShellCommand[], name: string): ShellCommand | undefined {
  let call: { readonly command: ShellCommand; readonly before: Connector | undefined } | undefined;
  for (const [index, command] of commands.entries()) {
    for (const word of command.words) {
      if (word.value !== name) continue;
      // A trap, another program, or a second call.
      if (word !== command.name || call) return undefined;
      call = { command, before: commands[index - 1]?.connector };
    }
  }
  if (!call) return undefined;
  const { command, before } = call;
  const isAlone =
    command.stage === 0 &&
    !command.negated &&
    command.assignments.length === 0 &&
    /^(?:;|\n|end)$/.test(command.connector) &&
    (before === undefined || !/[&|]./.test(before)) &&
    command.redirects.every(({ op }) => /^&?>/.test(op));
  const next = commands[commands.indexOf(command) + 1];
  // Who asks for the status of the call asks for that of the whole.
  if (next?.words.some(word => /\$\{?\?/.test(word.text))) return undefined;
  const handsOn = command.words.slice(1).every(word => /^"?\$[@*]"?$/.test(word.text));
  return isAlone && handsOn && (command.within.length === 0 || isStarted(commands, command))
    ? command
    : undefined;
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
