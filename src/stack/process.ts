import { plainFragment } from "../core/fragment.ts";
import { basename } from "../core/path.ts";
import type { Located } from "../core/source.ts";
import { parseShell, type ShellScript, type Word } from "../formats/shell.ts";
import { type Given, isReached } from "./branches.ts";
import type { Command, Process } from "./stack.ts";

export type Argument = Located<string | undefined>;

/** Programs that only start another one, with how many arguments of their own they take before it. */
const wrappers: Record<string, number | "options" | "dashes"> = {
  tini: "dashes",
  "dumb-init": "dashes",
  "docker-init": "dashes",
  catatonit: "dashes",
  exec: 0,
  env: "options",
  nice: "options",
  nohup: 0,
  gosu: 1,
  "su-exec": 1,
  setpriv: "options",
  "docker-entrypoint.sh": 0,
  "ddtrace-run": 0,
  "opentelemetry-instrument": "options",
  "newrelic-admin": 1,
  "wait-for-it": "dashes",
  "wait-for-it.sh": "dashes",
  "wait-for": "dashes",
  "wait-for.sh": "dashes",
  doppler: "dashes",
  infisical: "dashes",
  dockerize: "options",
};
/** `poetry run X`, `uv run X` and their like. */
const runners = new Set(["poetry", "pipenv", "uv", "pdm", "rye", "hatch", "bundle"]);
/** `conda run -n shop X`. */
const conda = /^(?:conda|mamba|micromamba)$/;
const shells = new Set(["sh", "bash", "ash", "dash", "zsh"]);

/** Takes wrappers off the front of a command: `tini -- poetry run gunicorn x` is `gunicorn x`. */
export function unwrap(argv: readonly Argument[]): readonly Argument[] {
  let rest = argv;
  for (let guard = 0; guard < 8; guard++) {
    const next = unwrapOnce(rest);
    if (next === rest || next.length === 0) return rest;
    rest = next;
  }
  return rest;
}

function unwrapOnce(argv: readonly Argument[]): readonly Argument[] {
  const name = basename(argv[0]?.value ?? "");
  if (runners.has(name) && (argv[1]?.value === "run" || argv[1]?.value === "exec"))
    return skipOptions(argv.slice(2));
  if (conda.test(name) && argv[1]?.value === "run") return skipValued(argv.slice(2));
  const rule = wrappers[name];
  if (rule === undefined) return argv;
  if (rule === "dashes") {
    const dashes = argv.findIndex(word => word.value === "--");
    return dashes === -1 ? skipOptions(argv.slice(1)) : argv.slice(dashes + 1);
  }
  if (rule === "options") return skipOptions(argv.slice(1));
  return argv.slice(1 + rule);
}

function skipOptions(argv: readonly Argument[]): readonly Argument[] {
  let i = 0;
  while (i < argv.length && /^(-|[A-Za-z_][A-Za-z0-9_]*=)/.test(argv[i]!.value ?? "")) i++;
  return argv.slice(i);
}

/** Options of `conda run`, some of which have a value of their own. */
function skipValued(argv: readonly Argument[]): readonly Argument[] {
  let i = 0;
  while (i < argv.length && argv[i]!.value?.startsWith("-"))
    i += /^(?:-n|--name|-p|--prefix|--cwd|-a|--attach)$/.test(argv[i]!.value ?? "") ? 2 : 1;
  return argv.slice(i);
}

export interface ProcessInput {
  /** Compose's own keys; they win over the image's. */
  readonly entrypoint?: Command | undefined;
  readonly command?: Command | undefined;
  readonly imageEntrypoint?: Command | undefined;
  readonly imageCommand?: Command | undefined;
  /** The shell script of the repository that stands at a path in the container. */
  scriptAt(containerPath: string): ShellScript | undefined;
  /** Told of each command line that a shell reads on the way: `sh -c "..."`, and Docker's shell form. */
  heard?(script: ShellScript): void;
  /** The value that the container surely gets. */
  env?(name: string): string | undefined;
}

/** What an entry point is handed behind its own words. */
interface Start extends ProcessInput {
  readonly behind?: readonly (string | undefined)[];
}

/**
 * What the container runs: entry point plus command, Compose over Dockerfile, wrappers and entry scripts taken off.
 * Undefined when nothing in the repository says it (a pulled image with its own command).
 */
export function processOf(input: ProcessInput): Process | undefined {
  const entrypoint = input.entrypoint ?? input.imageEntrypoint;
  // A new entry point drops the image's command, and a shell-form entry point takes none at all.
  const command = input.command ?? (input.entrypoint ? undefined : input.imageCommand);
  const main = command ?? entrypoint;
  if (!main) return undefined;
  const from = (input.command ?? (command ? undefined : input.entrypoint)) ? "compose" : "dockerfile";
  const head = entrypoint && entrypoint.form === "exec" ? entrypoint.words : [];
  if (entrypoint?.form === "shell")
    return finish(entrypoint, commandsOfText(entrypoint, input), input.entrypoint ? "compose" : "dockerfile");
  if (!command) return finish(entrypoint!, expand(head, [], input), from);
  if (command.form === "shell") {
    const start: Start = { ...input, behind: ["/bin/sh", "-c", command.text] };
    return finish(command, expandEntry(head, commandsOfText(command, input), start), from);
  }
  return finish(command, expand([...head, ...command.words], command.words, input), from);
}

function finish(main: Command, commands: readonly (readonly Argument[])[], from: Process["from"]): Process {
  const unwrapped = commands.map(unwrap).filter(argv => argv.length > 0);
  const argv = unwrapped.at(-1) ?? main.words;
  const first = argv[0];
  const program =
    first?.value === undefined ? {} : { program: { value: basename(first.value), at: first.at } };
  return { ...main, argv, commands: unwrapped, from, ...program };
}

/** The commands of a command line: the line itself, what `sh -c` runs, or what an entry script runs. */
function expand(
  words: readonly Argument[],
  handed: readonly Argument[],
  input: Start,
): readonly (readonly Argument[])[] {
  const argv = unwrap(words);
  const name = basename(argv[0]?.value ?? "");
  if (shells.has(name)) {
    const flag = argv.findIndex(word => /^-[a-z]*c$/.test(word.value ?? ""));
    const text = flag === -1 ? undefined : argv[flag + 1];
    if (text?.value !== undefined) return commandsOf(text, text.value, input);
    const file = argv.slice(1).find(word => !word.value?.startsWith("-"));
    if (flag === -1 && file?.value !== undefined)
      return entryScript(file.value, argv, handed, input) ?? [argv];
  }
  if (argv[0]?.value !== undefined) return entryScript(argv[0].value, argv, handed, input) ?? [argv];
  return [argv];
}

function expandEntry(
  head: readonly Argument[],
  commands: readonly (readonly Argument[])[],
  input: Start,
): readonly (readonly Argument[])[] {
  if (head.length === 0) return commands;
  const entry = expand(head, commands.at(-1) ?? [], input);
  return [...entry.filter(argv => argv[0]?.value !== head[0]?.value), ...commands];
}

function entryScript(
  path: string,
  argv: readonly Argument[],
  handed: readonly Argument[],
  input: Start,
): readonly (readonly Argument[])[] | undefined {
  const script = input.scriptAt(path);
  if (!script) return undefined;
  const commands: (readonly Argument[])[] = [];
  const given = givenTo(path, argv, input);
  for (const command of script.commands) {
    const reached = isReached(script, command, given);
    if (reached === false) continue;
    const passes = command.words.some(word => /^"?\$(@|\*)"?$/.test(word.text));
    if (passes) commands.push(...expandHanded(path, behindScript(argv, path), handed, input));
    else if (command.name && !quiet.has(command.name.value ?? ""))
      commands.push(command.words.map(argumentOf));
    if (reached && command.name?.value === "exec" && command.words.length > 1) break;
  }
  return commands.length > 0 ? commands : [argv];
}

/** Docker hands an entry point its own words and the command's. */
function givenTo(path: string, argv: readonly Argument[], { behind = [], env }: Start): Given {
  const own = behindScript(argv, path).map(word => word.value);
  return { args: [...own, ...behind], env: name => env?.(name) };
}

/** What a script gets as its arguments: `/bin/sh /start.sh` hands nothing on. */
function behindScript(argv: readonly Argument[], path: string): readonly Argument[] {
  return argv.slice(argv.findIndex(word => word.value === path) + 1);
}

/** What an entry script hands on is a program, or another script; each has fewer words than the one before. */
function expandHanded(
  from: string,
  own: readonly Argument[],
  handed: readonly Argument[],
  input: Start,
): readonly (readonly Argument[])[] {
  const rest = handed.length > 0 ? handed : own;
  const scriptAt = (path: string) => (path === from ? undefined : input.scriptAt(path));
  return rest.length > 0 ? expand(rest, [], { ...input, scriptAt }) : [];
}

const quiet = new Set([
  "echo",
  "printf",
  "set",
  "[",
  "[[",
  "test",
  "sleep",
  "cd",
  "export",
  "source",
  ".",
  "true",
  ":",
  "exit",
  "trap",
  "if",
  "shift",
]);

function commandsOfText(command: Command, input: ProcessInput): readonly (readonly Argument[])[] {
  const text =
    command.form === "shell" && command.words.length === 1
      ? command.words[0]!
      : { value: command.text, at: command.at };
  if (text.value === undefined) return [[text]];
  return commandsOf(text, text.value, input);
}

/** Places inside decoded text are not exact, so every word stands at the text's own place. */
function commandsOf(text: Argument, line: string, input: ProcessInput): readonly (readonly Argument[])[] {
  const script = parseShell(plainFragment(text.at.file, line, text.at.span.start));
  input.heard?.(script);
  const commands = script.commands.filter(command => command.name && !quiet.has(command.name.value ?? ""));
  const list = commands.map(command =>
    command.words.map(word => ({ value: argumentOf(word).value, at: text.at })),
  );
  // A shell may start a script. One with more words may run these, in ways of its own.
  const expanded = list.flatMap(argv => {
    const words = shells.has(basename(argv[0]?.value ?? "")) ? argv.slice(1) : argv;
    const [script, ...more] = words;
    if (!/\.(?:ba)?sh$/.test(script?.value ?? "")) return [argv];
    // What a script on the way sets counts in any case.
    if (more.length === 0) return expand(argv, [], input);
    input.scriptAt(script!.value!);
    return [argv];
  });
  return expanded.length > 0 ? expanded : [[text]];
}

function argumentOf(word: Word): Argument {
  return { value: word.value, at: word.at };
}
