import {
  type CommandPart,
  type Constants,
  noConstants,
  resolveVariables,
  type ShellCommand,
  type ShellScript,
  substitutionsOf,
} from "../formats/shell.ts";
import { commandArguments, type Knowledge, markedValue, rootMarker } from "./commands-arguments.ts";
import { absolute, changeDirectory, substitutions } from "./commands-cwd.ts";
import { type Descend, interpret } from "./commands-interpret.ts";
import type { Argument, Call, CallContext } from "./commands-model.ts";
import { writesOf } from "./commands-tools.ts";

export type * from "./commands-model.ts";

export interface CallOptions {
  /** Where the script starts; the root of the repository when left out, unknown when undefined. */
  readonly cwd?: string | undefined;
  /** Values that the caller sets: a workflow's `env`, a Makefile's variables. */
  readonly env?: Constants;
  /** The script's own path below the root: what `$0` stands for. */
  readonly path?: string;
  /** The script is one that another machine runs. */
  readonly remote?: boolean;
  readonly via?: CallContext["via"];
}

/** What holds for all commands of one script, and for those found inside it. */
interface Surroundings {
  readonly env: Constants;
  readonly remote: boolean;
  readonly via: CallContext["via"];
  readonly inside: CallContext["inside"];
  readonly onStdin: boolean;
  readonly depth: number;
}

const deepest = 12;

/**
 * The calls of a script in the order of its text, functions after the commands that are at the top level. Goes into
 * `$(...)`, strings and heredocs given to a shell, ssh, and what is executed inside containers.
 */
export function callsIn(script: ShellScript, options: CallOptions = {}): Call[] {
  const env = new Map(options.env ?? noConstants);
  if (options.path !== undefined) {
    env.set("0", `${rootMarker}/${options.path}`);
    env.set("BASH_SOURCE", [`${rootMarker}/${options.path}`]);
  }
  if (!options.remote) env.set("GITHUB_WORKSPACE", rootMarker);
  const around: Surroundings = {
    env,
    remote: options.remote ?? false,
    via: options.via,
    inside: undefined,
    onStdin: false,
    depth: 0,
  };
  const cwd = "cwd" in options ? options.cwd : options.remote ? "~" : "";
  return new Walk(script, around).from(cwd);
}

/** The working directory while commands are passed one after the other. */
interface Position {
  cwd: string | undefined;
  previous: string | undefined;
  readonly stack: (string | undefined)[];
}

const noAssignments: CallContext["environment"] = [];
const noWrappers: CallContext["wrappers"] = [];
const noWrites: CallContext["writes"] = [];

const composeFiles = "COMPOSE_FILE";
const exportsComposeFiles = /(?:^|[\n;&]\s*)export\s[^\n;]*\bCOMPOSE_FILE\b/;

/** One pass over the commands of one script. */
class Walk {
  private readonly script: ShellScript;
  private readonly around: Surroundings;
  private readonly constants: Constants;
  private readonly assumed: Constants;
  private known: Knowledge | undefined;
  private readonly calls: Call[] = [];
  private readonly bodies = new Map<string, ShellCommand[]>();
  private readonly starts = new Map<string, string | undefined>();
  private readonly order: string[] = [];
  private position: Position = { cwd: undefined, previous: undefined, stack: [] };
  /** What the script gives to every command, as far as it decides which files Compose reads. */
  private readonly exported: CallContext["environment"];

  constructor(script: ShellScript, around: Surroundings) {
    this.script = script;
    this.around = around;
    const options = substitutions(() => this.position.cwd);
    this.position.cwd = around.remote ? "~" : "";
    this.constants = resolveVariables(script, options, around.env);
    this.assumed = resolveVariables(script, { ...options, assumeDefaults: true }, around.env);
    const value = this.constants.get(composeFiles) ?? this.assumed.get(composeFiles);
    // What a pipeline gives a step is in the environment of all its commands.
    const isGiven = around.depth === 0 && !around.remote && around.env.has(composeFiles);
    this.exported =
      isGiven ||
      (script.fragment.text.includes(composeFiles) && exportsComposeFiles.test(script.fragment.text))
        ? [{ name: composeFiles, value: typeof value === "string" ? value : undefined }]
        : noAssignments;
  }

  from(cwd: string | undefined): Call[] {
    const top: ShellCommand[] = [];
    for (const command of this.script.commands) {
      const name = outermostFunction(command);
      if (name === undefined) top.push(command);
      else {
        const body = this.bodies.get(name);
        if (body) body.push(command);
        else this.bodies.set(name, [command]);
      }
    }
    this.pass(top, cwd);
    // A function starts where it is first called; one that nobody calls, where the script starts.
    const done = new Set<string>();
    for (let next = this.nextFunction(done); next !== undefined; next = this.nextFunction(done)) {
      done.add(next);
      this.pass(this.bodies.get(next)!, this.starts.has(next) ? this.starts.get(next) : cwd);
    }
    return this.calls;
  }

  private nextFunction(done: ReadonlySet<string>): string | undefined {
    return this.order.find(name => !done.has(name)) ?? [...this.bodies.keys()].find(name => !done.has(name));
  }

  private pass(commands: readonly ShellCommand[], cwd: string | undefined): void {
    this.position = { cwd, previous: undefined, stack: [] };
    let before: ShellCommand | undefined;
    const entered = new Map<unknown, { cwd: string | undefined; kind: string }>();
    for (const command of commands) {
      this.leave(entered, command);
      for (const { construct, part } of command.within)
        if (part !== "condition" && !entered.has(construct))
          entered.set(construct, { cwd: this.position.cwd, kind: construct.kind });
      const guarded = before?.connector === "&&" && isTest(before);
      this.visit(command);
      if (guarded && command.name?.value === "cd" && command.connector !== "&&")
        this.position.cwd = undefined;
      before = command;
    }
  }

  /** After a subshell the directory is the old one; after a branch that may not have run, it is unknown if it moved. */
  private leave(
    entered: Map<unknown, { cwd: string | undefined; kind: string }>,
    command: ShellCommand,
  ): void {
    if (entered.size === 0) return;
    const inside = (construct: unknown): boolean => command.within.some(step => step.construct === construct);
    // Innermost first; most commands stand where the one before them stood, and leave nothing.
    const left = [...entered.keys()].filter(construct => !inside(construct)).reverse();
    for (const construct of left) {
      const entry = entered.get(construct)!;
      entered.delete(construct);
      if (entry.kind === "subshell") this.position.cwd = entry.cwd;
      else if (entry.kind !== "group" && entry.kind !== "function" && entry.cwd !== this.position.cwd)
        this.position.cwd = undefined;
    }
  }

  private visit(command: ShellCommand): void {
    const known = this.knowledge();
    for (const part of substitutionsOf(command)) {
      if (isGivenToShell(command, part)) continue;
      this.descend(part.script, { via: "substitution" }, known);
    }
    const name = command.name?.value;
    if (name === "cd" || name === "pushd" || name === "popd") this.move(command, known);
    const args = this.withoutAlias(commandArguments(command, known), known);
    if (name !== undefined && this.bodies.has(name) && !this.starts.has(name)) {
      this.starts.set(name, this.position.cwd);
      this.order.push(name);
    }
    if (this.isAliasBody(command)) return;
    // Assignments alone call nothing.
    if (args.length === 0) return;
    const context = this.contextOf(command, known);
    const found = interpret(args, context, known, (script, change) => this.inner(script, change, known));
    for (const call of found) this.calls.push(call);
  }

  private knowledge(): Knowledge {
    const { cwd } = this.position;
    if (this.known && this.known.cwd === cwd) return this.known;
    this.known = {
      constants: this.withDirectory(this.constants, cwd),
      assumed: this.withDirectory(this.assumed, cwd),
      cwd,
      options: substitutions(() => cwd),
    };
    return this.known;
  }

  private withDirectory(constants: Constants, cwd: string | undefined): Constants {
    const path = absolute(cwd);
    if (path === undefined || constants.has("PWD") || !this.script.fragment.text.includes("PWD"))
      return constants;
    return new Map(constants).set("PWD", path);
  }

  private contextOf(command: ShellCommand, known: Knowledge): CallContext {
    const { around } = this;
    const assigned =
      command.assignments.length === 0
        ? this.exported
        : [
            ...command.assignments.map(({ name, value }) => ({
              name,
              value: markedValue(value, known).value,
            })),
            ...this.exported,
          ];
    const inFunction = outermostFunction(command);
    // Made for every command: spreading what is mostly absent costs more than all the rest.
    const context: { -readonly [K in keyof CallContext]: CallContext[K] } = {
      at: command.at,
      command,
      script: this.script,
      cwd: this.position.cwd,
      remote: around.remote,
      wrappers: noWrappers,
      environment: assigned,
      stdin: stdinOf(command, around.onStdin),
      writes: command.redirects.length === 0 ? noWrites : writesOf(command, known),
    };
    if (around.via) context.via = around.via;
    if (around.inside) context.inside = around.inside;
    if (inFunction !== undefined) context.function = inFunction;
    return context;
  }

  private inner(script: ShellScript, change: Parameters<Descend>[1], known: Knowledge): Call[] {
    const before = this.calls.length;
    this.descend(script, change, known);
    return this.calls.splice(before);
  }

  private descend(script: ShellScript, change: Parameters<Descend>[1], known: Knowledge): void {
    if (this.around.depth >= deepest) return;
    const elsewhere = change.remote === true || change.inside !== undefined;
    const around: Surroundings = {
      env: elsewhere ? filledIn(known.constants, change.filled) : known.constants,
      remote: this.around.remote || (change.remote ?? false),
      via: change.via,
      inside: change.remote ? undefined : (change.inside ?? this.around.inside),
      onStdin: change.onStdin ?? (elsewhere ? false : this.around.onStdin),
      depth: this.around.depth + 1,
    };
    const cwd = change.inside !== undefined ? undefined : change.remote ? "~" : this.position.cwd;
    this.calls.push(...new Walk(script, around).from(cwd));
  }

  private move(command: ShellCommand, known: Knowledge): void {
    const { position } = this;
    if (command.stage > 0 || command.connector === "|") return;
    const target = command.words
      .slice(1)
      .find(word => word.value === undefined || !/^-[LPe@]*$|^--$/.test(word.value));
    const from = position.cwd;
    if (command.name?.value === "popd") position.cwd = position.stack.pop();
    else if (command.words[1]?.value === "-") position.cwd = position.previous;
    else if (!target) position.cwd = "~";
    else position.cwd = changeDirectory(from, markedValue(target, known).value);
    if (command.name?.value === "pushd") position.stack.push(from);
    position.previous = from;
  }

  /** `dc() { docker compose -f x "$@"; }`: a call of `dc up` is read as the command that it stands for. */
  private withoutAlias(args: Argument[], known: Knowledge): Argument[] {
    const name = args[0]?.value;
    const bodies = name === undefined ? undefined : this.bodies.get(name);
    const body = bodies?.length === 1 ? bodies[0] : undefined;
    if (!body || !this.isAliasBody(body)) return args;
    return body.words.flatMap(word =>
      isAllArguments(word.text) ? args.slice(1) : commandArguments({ ...body, words: [word] }, known),
    );
  }

  private isAliasBody(command: ShellCommand): boolean {
    const name = outermostFunction(command);
    return (
      name !== undefined &&
      this.bodies.get(name)?.length === 1 &&
      command.words.some(word => isAllArguments(word.text))
    );
  }
}

/** What a script that runs elsewhere has of the variables around it; a path of this machine means nothing there. */
function filledIn(constants: Constants, names: ReadonlySet<string> | undefined): Constants {
  if (!names || names.size === 0 || constants.size === 0) return noConstants;
  return new Map(
    [...constants].filter(
      ([name, value]) => names.has(name) && typeof value === "string" && !value.includes(rootMarker),
    ),
  );
}

/** Expansions in a heredoc that a shell reads are found again when that script is read. */
function isGivenToShell(command: ShellCommand, part: CommandPart): boolean {
  const shell = /^(?:.*\/)?(?:ssh|bash|sh|su|newgrp)$/;
  if (!command.redirects.some(({ heredoc }) => heredoc?.parts.includes(part))) return false;
  return command.words.some(word => shell.test(word.value ?? ""));
}

const isAllArguments = (text: string): boolean => text === '"$@"' || text === "$@" || text === "$*";

function outermostFunction(command: ShellCommand): string | undefined {
  for (const { construct } of command.within) if (construct.kind === "function") return construct.name;
  return undefined;
}

function isTest(command: ShellCommand): boolean {
  const name = command.name?.value;
  return name === "[" || name === "[[" || name === "test";
}

function stdinOf(command: ShellCommand, onStdin: boolean): CallContext["stdin"] {
  const redirect =
    command.redirects.length === 0
      ? undefined
      : command.redirects.findLast(({ op, fd }) => op.startsWith("<") && (fd === undefined || fd === "0"));
  if (redirect) return redirect.op.startsWith("<<") ? "heredoc" : "file";
  if (command.stage > 0) return "pipe";
  for (let i = command.within.length - 1; i >= 0; i--) {
    const { construct } = command.within[i]!;
    const own =
      construct.redirects.length === 0
        ? undefined
        : construct.redirects.findLast(({ op }) => op.startsWith("<"));
    if (own) return own.op.startsWith("<<") ? "heredoc" : "file";
    if (construct.stage > 0) return "pipe";
  }
  return onStdin ? "script" : "inherited";
}
