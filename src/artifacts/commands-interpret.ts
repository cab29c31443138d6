import type { Fragment } from "../core/fragment.ts";
import { basename } from "../core/path.ts";
import {
  parseShell,
  type ShellScript,
  type WordPart,
  wordFragment,
  wordsFragment,
} from "../formats/shell.ts";
import { flagValue, hasFlag, type Knowledge, optional, readOptions, words } from "./commands-arguments.ts";
import { composeCall, dockerCall, type Inner } from "./commands-docker.ts";
import type { Argument, Call, CallContext, SshCall, Via } from "./commands-model.ts";
import {
  copyCall,
  databaseCall,
  fileCall,
  httpCall,
  isDatabaseClient,
  isFileTool,
  programCall,
} from "./commands-tools.ts";

/** How a script found inside a command is to be read: `callsIn` with what has changed. */
export type Descend = (
  script: ShellScript,
  change: {
    via: Via;
    remote?: boolean;
    inside?: CallContext["inside"];
    onStdin?: boolean;
    /** Variables that are filled in before the script is handed over. */
    filled?: ReadonlySet<string>;
  },
) => Call[];

/** Wrappers, with their options that take a value and the number of operands before the command. */
const wrappers: Readonly<Record<string, readonly [valued: string, operands: number]>> = {
  sudo: ["-u --user -g --group -h --host -C -p -D -R -T", 0],
  doas: ["-u -C", 0],
  env: ["-u --unset -C --chdir -S", 0],
  timeout: ["-k --kill-after -s --signal", 1],
  nice: ["-n --adjustment", 0],
  ionice: ["-c -n -p", 0],
  nohup: ["", 0],
  exec: ["-a", 0],
  command: ["", 0],
  builtin: ["", 0],
  time: ["-f -o", 0],
  stdbuf: ["-i -o -e", 0],
  setsid: ["", 0],
  xargs: ["-I -n -P -L -d -a -E -s", 0],
  flock: ["-w --timeout -E", 1],
  sshpass: ["-p -f", 0],
  retry: ["", 0],
  watch: ["-n --interval", 0],
  npx: ["-p --package", 0],
  dotenv: ["-e -f", 0],
  gosu: ["", 1],
  "su-exec": ["", 1],
  tini: ["", 0],
};
const runners = words("poetry pipenv uv pdm rye hatch bundle");
const shells = words("sh bash ash dash zsh ksh");
const sshValued = words("-i -p -l -o -F -J -L -R -D -b -c -E -e -I -m -O -Q -S -W -w -B");

interface Unwrapped {
  readonly argv: readonly Argument[];
  readonly names: readonly string[];
  readonly environment: CallContext["environment"];
}

const engines = words("docker docker-compose podman podman-compose nerdctl");

/** `$SUDO docker ps`, `$(BUILDKIT) docker build .`: a word that only the machine fills in stands for nothing or a wrapper. */
function afterUnknown(argv: readonly Argument[]): readonly Argument[] {
  return argv[0]?.value === undefined && engines.has(argv[1]?.value ?? "") ? argv.slice(1) : argv;
}

function unwrap(written: readonly Argument[]): Unwrapped {
  const argv = afterUnknown(written);
  const called = basename(argv[0]?.value ?? "");
  if (!runners.has(called) && !Object.hasOwn(wrappers, called)) return { argv, names: [], environment: [] };
  const names: string[] = [];
  const environment: { name: string; value: string | undefined }[] = [];
  let left = argv;
  for (let guard = 0; guard < 8; guard++) {
    const name = basename(left[0]?.value ?? "");
    const second = left[1]?.value;
    if (runners.has(name) && (second === "run" || second === "exec")) {
      names.push(name);
      left = readOptions(left.slice(2), words("--with --python --env-file --extra --group"), true).operands;
      continue;
    }
    const rule = Object.hasOwn(wrappers, name) ? wrappers[name] : undefined;
    if (!rule) break;
    const { operands, flags } = readOptions(left.slice(1), words(rule[0]), true);
    if (operands.length <= rule[1]) break;
    // `command -v docker` only asks.
    if (name === "command" && hasFlag(flags, "-v", "-V")) break;
    names.push(name);
    left = operands.slice(rule[1]);
    while (name === "env" || name === "sudo") {
      const set = /^([A-Za-z_]\w*)=/.exec(left[0]?.value ?? left[0]?.word.text ?? "");
      if (!set) break;
      environment.push({ name: set[1]!, value: left[0]?.value?.slice(set[0].length) });
      left = left.slice(1);
    }
  }
  return { argv: left, names, environment };
}

/** What one command line means: its own call first, then the calls inside it (exec, ssh, `bash -c`). */
export function interpret(
  words: readonly Argument[],
  outer: CallContext,
  known: Knowledge,
  descend: Descend,
): Call[] {
  const { argv, names, environment } = unwrap(words);
  const called = argv[0];
  if (called?.value === undefined || called.value === "") return [];
  const name = basename(called.value);
  const args = argv.slice(1);
  const context: CallContext =
    names.length === 0
      ? outer
      : {
          ...outer,
          wrappers: [...outer.wrappers, ...names],
          environment: [...outer.environment, ...environment],
        };
  if (name === "docker-compose" || name === "podman-compose")
    return withInner(composeCall(context, name, args, true), context, known, descend);
  if (name === "docker" || name === "podman" || name === "nerdctl")
    return withInner(dockerCall(context, name, args), context, known, descend);
  if (name === "ssh") return sshCalls(context, args, descend);
  if (name === "scp" || name === "rsync") return [copyCall(context, name, args)];
  if (isDatabaseClient(name)) return [databaseCall(context, name, args)];
  if (name === "curl" || name === "wget") return [httpCall(context, name, args)];
  if (isFileTool(name)) return [fileCall(context, name, args)];
  const program = programCall(context, name, args, called);
  const own: Call = program ?? { ...context, kind: "tool", name, args };
  const inner = shellCalls(context, name, args, descend);
  return inner.length === 0 ? [own] : [own, ...inner];
}

function withInner(
  [call, inner]: [Call, Inner?],
  context: CallContext,
  known: Knowledge,
  descend: Descend,
): Call[] {
  if (!inner || inner.command.length === 0) return [call];
  const inside = { kind: inner.kind, name: inner.name } as const;
  // Inside a container the working directory is the image's.
  const nested: CallContext = {
    ...context,
    wrappers: [],
    environment: [],
    cwd: undefined,
    via: "exec",
    inside,
  };
  const deeper: Descend = (script, change) => descend(script, { ...change, inside });
  return [call, ...interpret(inner.command, nested, known, deeper)];
}

/** Scripts that a shell is given as a string or on standard input. */
function shellCalls(context: CallContext, name: string, args: readonly Argument[], descend: Descend): Call[] {
  const isShell = shells.has(name);
  if (!isShell && name !== "su" && name !== "newgrp" && name !== "eval") return [];
  const { script } = context;
  if (name === "eval") {
    const whole = args.filter(arg => !arg.split).map(arg => arg.word);
    return whole.length > 0 ? descend(parseShell(wordsFragment(script, whole)), { via: "shell-string" }) : [];
  }
  const string = args.find((arg, i) => i > 0 && !arg.split && isCommandFlag(args[i - 1]?.value));
  if (string) return descend(parseShell(wordFragment(script, string.word)), { via: "shell-string" });
  const { operands } = readOptions(args, words("-o -O"), true);
  if (isShell && operands.length > 0 && !args.some(arg => arg.value === "-s")) return [];
  const body = stdinText(context);
  return body ? descend(parseShell(body), { via: "shell-stdin", onStdin: true }) : [];
}

function isCommandFlag(value: string | undefined): boolean {
  return value !== undefined && (/^-[a-z]*c$/.test(value) || value === "--command");
}

function stdinRedirect({ command }: CallContext) {
  return command.redirects.findLast(({ op, fd }) => op.startsWith("<") && (fd === undefined || fd === "0"));
}

const stdinHeredoc = (context: CallContext) => stdinRedirect(context)?.heredoc;

/** The text of a heredoc or here-string. */
function stdinText(context: CallContext): Fragment | undefined {
  const redirect = stdinRedirect(context);
  if (redirect?.heredoc) return redirect.heredoc.body;
  return redirect?.op === "<<<" ? wordFragment(context.script, redirect.target) : undefined;
}

function sshCalls(context: CallContext, args: readonly Argument[], descend: Descend): Call[] {
  const machine = args.findIndex(arg => !isOptionVariable(arg) && /^[^-]/.test(arg.word.text));
  const known = args.filter((arg, index) => index > machine || !isOptionVariable(arg));
  const { flags, operands } = readOptions(known, sshValued, true);
  const [destination, ...remoteCommand] = operands;
  const [user, host] = splitDestination(destination?.value);
  const shellOnly = remoteCommand.length === 0 || readsScript(remoteCommand);
  const heredoc = shellOnly ? stdinHeredoc(context) : undefined;
  const body = shellOnly ? stdinText(context) : undefined;
  const written = remoteCommand.filter(arg => !arg.split).map(arg => arg.word);
  const remoteScript = body
    ? parseShell(body)
    : remoteCommand.length > 0 && !shellOnly
      ? parseShell(wordsFragment(context.script, written))
      : undefined;
  const login = flagValue(flags, "-l")?.value;
  const call: SshCall = {
    ...context,
    kind: "ssh",
    name: "ssh",
    args,
    destination,
    ...optional("user", user ?? login),
    ...optional("host", host),
    flags,
    remoteCommand,
    ...optional("remoteScript", remoteScript),
  };
  if (!remoteScript) return [call];
  const via = body ? "ssh-stdin" : "ssh-argument";
  const filled = namesIn(body ? (heredoc?.parts ?? []) : written.flatMap(word => word.parts));
  return [call, ...descend(remoteScript, { via, remote: true, onStdin: body !== undefined, filled })];
}

function namesIn(parts: readonly WordPart[]): ReadonlySet<string> {
  return new Set(parts.flatMap(part => (part.kind === "variable" ? [part.name] : [])));
}

/** `ssh $SSH_OPTS user@host ...`: by its name a list of options, and no machine. */
function isOptionVariable({ value, word }: Argument): boolean {
  return value === undefined && /^"?\$\{?\w*(?:OPTS?|OPTIONS|ARGS|FLAGS)(?:\[@\])?\}?"?$/i.test(word.text);
}

function splitDestination(text: string | undefined): [string | undefined, string | undefined] {
  if (text === undefined) return [undefined, undefined];
  const plain = text.replace(/^ssh:\/\//, "").replace(/:\d+$/, "");
  const at = plain.lastIndexOf("@");
  return at === -1 ? [undefined, plain] : [plain.slice(0, at), plain.slice(at + 1)];
}

/** `bash`, `bash -s`, `sudo -u x bash -se`: the remote command reads its script from standard input. */
function readsScript(command: readonly Argument[]): boolean {
  const { argv } = unwrap(command);
  if (!shells.has(basename(argv[0]?.value ?? ""))) return false;
  const options = argv.slice(1);
  const dash = options.findIndex(arg => arg.value === "-s" || /^-[a-z]*s[a-z]*$/.test(arg.value ?? ""));
  return dash !== -1 || options.every(arg => arg.value?.startsWith("-") && !isCommandFlag(arg.value));
}
