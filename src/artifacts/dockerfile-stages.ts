import type { Parsed } from "../core/artifact.ts";
import { fragmentLocation, sliceFragment } from "../core/fragment.ts";
import { join } from "../core/path.ts";
import type { Problem } from "../core/problem.ts";
import type { Located } from "../core/source.ts";
import type { DockerfileInstruction, DockerfileSyntax } from "../formats/dockerfile.ts";
import { heredocMark } from "../formats/dockerfile-heredoc.ts";
import type { Lexed } from "../formats/dockerfile-lex.ts";
import { trimFragment } from "../formats/dockerfile-words.ts";
import type {
  ArgDeclaration,
  ContainerCommand,
  CopyStep,
  Dockerfile,
  EnvSetting,
  ImageHealthcheck,
  ImagePath,
  RunStep,
  Stage,
  StageStep,
} from "./dockerfile.ts";
import { durationMs, instructionProblems } from "./dockerfile-checks.ts";
import { Scope } from "./dockerfile-scope.ts";
import { stageMeant } from "./stage-names.ts";

type Draft = { -readonly [K in keyof Stage]: Stage[K] extends readonly (infer T)[] ? T[] : Stage[K] };

/** Each stage copies its parent's environment: a bound keeps hostile files cheap. */
const mostStages = 500;

/** Groups instructions into stages and works out variables, working directories and users at each step. */
export function readStages(
  file: string,
  syntax: DockerfileSyntax,
  buildArgs: ReadonlyMap<string, string | undefined>,
): Parsed<Dockerfile> {
  const problems: Problem[] = [];
  const global = new Scope(syntax.escape, false);
  const args: ArgDeclaration[] = [];
  const stages: Stage[] = [];
  const context: FileContext = {
    syntax,
    global,
    stages,
    scopes: [],
    users: [],
    names: new Map(),
    buildArgs,
    problems,
  };
  let builder: StageBuilder | undefined;
  const finish = () => {
    if (!builder) return;
    stages.push(builder.draft);
    context.scopes.push(builder.scope);
    context.users.push(builder.user);
    if (builder.draft.name) context.names.set(builder.draft.name.value.toLowerCase(), builder.draft.index);
  };
  for (const instruction of syntax.instructions) {
    problems.push(...instructionProblems(instruction));
    if (instruction.keyword === "FROM") {
      if (stages.length === mostStages) {
        problems.push({
          at: instruction.at,
          message: `The file has more than ${mostStages} stages; the rest was not read.`,
        });
        break;
      }
      finish();
      builder = startStage(instruction, context);
    } else if (builder) builder.add(instruction);
    else if (instruction.keyword === "ARG") args.push(...declareArgs(instruction, global, buildArgs));
    else
      problems.push({
        at: instruction.keywordAt,
        message: `${instruction.keyword} stands before the first FROM.`,
      });
  }
  finish();
  const first = syntax.instructions[0];
  if (stages.length === 0 && first) problems.push({ at: first.keywordAt, message: "The file has no FROM." });
  return {
    model: {
      file,
      syntax,
      instructions: syntax.instructions,
      args,
      stages: linkCopies(stages, context.names),
    },
    problems,
  };
}

interface FileContext {
  readonly syntax: DockerfileSyntax;
  readonly global: Scope;
  readonly stages: Stage[];
  readonly scopes: Scope[];
  /** The user at the end of each stage. */
  readonly users: (Located<string> | undefined)[];
  /** Stage numbers by lower-case name; a name given twice means the later stage. */
  readonly names: Map<string, number>;
  readonly buildArgs: ReadonlyMap<string, string | undefined>;
  readonly problems: Problem[];
}

function startStage(from: DockerfileInstruction, context: FileContext): StageBuilder {
  const { stages, scopes, global, syntax } = context;
  const image = from.words[0] ?? { value: "", at: from.at };
  const expanded = global.expand(image);
  if (expanded.error)
    context.problems.push({ at: image.at, message: `The image name cannot be read: ${expanded.error}.` });
  else if (!expanded.unresolved && expanded.text === "" && image.value !== "") {
    const hint = "Only an ARG that stands before the first FROM has a value here.";
    context.problems.push({ at: image.at, message: `The base image name ${image.value} is empty.`, hint });
  }
  const resolved = expanded.error || expanded.unresolved || expanded.text === "" ? undefined : expanded.text;
  const parent = resolved === undefined ? undefined : context.names.get(resolved.toLowerCase());
  const platform = from.flags.find(flag => flag.name === "platform");
  const name = from.words.length === 3 ? from.words[2] : undefined;
  const inherited = parent === undefined ? undefined : scopes[parent];
  const scope = new Scope(syntax.escape, resolved !== "scratch", inherited);
  const draft: Draft = {
    index: stages.length,
    ...(name ? { name } : {}),
    from: {
      image,
      ...(resolved === undefined ? {} : { resolved }),
      ...(parent === undefined ? {} : { parent }),
      ...(platform?.value === undefined ? {} : { platform: { value: platform.value, at: platform.valueAt } }),
      at: from.at,
    },
    instructions: [from],
    env: [],
    args: [],
    workdir: parent === undefined ? (resolved === "scratch" ? "/" : "./") : stages[parent]!.workdir,
    workdirs: [],
    exposes: [],
    volumes: [],
    copies: [],
    runs: [],
    steps: [],
    labels: [],
  };
  const user = parent === undefined ? undefined : context.users[parent];
  return new StageBuilder(draft, scope, user, context);
}

function declareArgs(
  instruction: DockerfileInstruction,
  scope: Scope,
  buildArgs: ReadonlyMap<string, string | undefined>,
  global?: Scope,
): ArgDeclaration[] {
  return instruction.words.map(word => {
    const { name, value } = splitPair(word);
    const expanded = value && scope.expand(value);
    const given = buildArgs.get(name.value);
    const fallback = expanded && !expanded.error && !expanded.unresolved ? expanded.text : undefined;
    // The build gives it a value that only the caller knows.
    const isHidden = buildArgs.has(name.value) && given === undefined;
    const text = given ?? (isHidden ? undefined : value ? fallback : global?.argValue(name.value));
    scope.setArg(name.value, text, isHidden);
    const shown = expanded?.text ?? text;
    return {
      name,
      ...(shown === undefined ? {} : { value: { value: shown, at: value?.at ?? name.at } }),
      at: word.at,
    };
  });
}

/** `name=value` with a place for each; without "=" there is no value. Quotes are kept. */
function splitPair(word: Located<string>): { name: Located<string>; value?: Located<string> } {
  const equals = word.value.indexOf("=");
  if (equals === -1) return { name: word };
  const { file, span } = word.at;
  // Names hold neither quotes nor continuations in practice; else the value's place starts a little off, inside the word.
  const cut = Math.min(span.start + equals, span.end);
  return {
    name: { value: word.value.slice(0, equals), at: { file, span: { start: span.start, end: cut } } },
    value: {
      value: word.value.slice(equals + 1),
      at: { file, span: { start: Math.min(cut + 1, span.end), end: span.end } },
    },
  };
}

class StageBuilder {
  readonly draft: Draft;
  readonly scope: Scope;
  /** The user in force at this point, inherited or not. */
  user: Located<string> | undefined;
  private readonly context: FileContext;

  constructor(draft: Draft, scope: Scope, user: Located<string> | undefined, context: FileContext) {
    this.draft = draft;
    this.scope = scope;
    this.user = user;
    this.context = context;
  }

  add(instruction: DockerfileInstruction): void {
    const { draft } = this;
    draft.instructions.push(instruction);
    const { keyword, words } = instruction;
    if (keyword === "ENV") for (const each of this.pairs(instruction, true)) draft.env.push(each);
    else if (keyword === "LABEL") draft.labels.push(...this.pairs(instruction, false));
    else if (keyword === "ARG") {
      draft.args.push(...declareArgs(instruction, this.scope, this.context.buildArgs, this.context.global));
    } else if (keyword === "WORKDIR" && words[0]) this.workdir(words[0]);
    else if (keyword === "USER" && words[0]) this.user = draft.user = this.value(words[0]);
    else if (keyword === "CMD") draft.cmd = command(instruction);
    else if (keyword === "ENTRYPOINT") draft.entrypoint = command(instruction);
    else if (keyword === "HEALTHCHECK") draft.healthcheck = healthcheck(instruction);
    else if (keyword === "EXPOSE") draft.exposes.push(...words.map(word => this.value(word)));
    else if (keyword === "VOLUME") draft.volumes.push(...words.map(word => this.value(word)));
    else if (keyword === "STOPSIGNAL" && words[0]) draft.stopsignal = this.value(words[0]);
    else if (keyword === "SHELL") draft.shell = [...words];
    else if (keyword === "RUN") this.run(instruction);
    else if (keyword === "COPY" || keyword === "ADD") this.copy(instruction, keyword);
  }

  private expand(word: Located<string>): Lexed {
    const expanded = this.scope.expand(word);
    if (expanded.error)
      this.context.problems.push({
        at: word.at,
        message: `"${word.value}" cannot be read: ${expanded.error}.`,
      });
    return expanded;
  }

  private value(word: Located<string>): Located<string> {
    return { value: this.expand(word).text, at: word.at };
  }

  private step(step: StageStep): void {
    this.draft.steps.push(step);
  }

  private pairs(instruction: DockerfileInstruction, isEnv: boolean): EnvSetting[] {
    const { words, body } = instruction;
    const first = words[0];
    if (!first) return [];
    let written = words.flatMap(word => {
      const { name, value } = splitPair(word);
      return value ? [{ name, value, at: word.at }] : [];
    });
    if (!first.value.includes("=")) {
      // The old form: everything after the name is one value.
      const name = /^[^\t\v\f\r ]*/.exec(body.text)![0];
      const rest = trimFragment(body, name.length);
      if (rest.text === "") return [];
      const at = fragmentLocation(body, 0, name.length);
      const value = { value: rest.text, at: fragmentLocation(rest, 0, rest.text.length) };
      written = [{ name: { value: name, at }, value, at: fragmentLocation(body, 0, body.text.length) }];
    }
    // All values of one ENV see the environment before it.
    const settings = written.map(each => ({
      each,
      name: this.value(each.name),
      lexed: this.expand(each.value),
    }));
    if (isEnv) for (const { name, lexed } of settings) this.scope.setEnv(name.value, lexed);
    return settings.map(({ each, name, lexed }) => ({
      name,
      value: { value: lexed.text, at: each.value.at },
      resolved: !lexed.unresolved && !lexed.error,
      at: each.at,
    }));
  }

  private workdir(word: Located<string>): void {
    const { text, unresolved, error } = this.expand(word);
    this.draft.workdir = unresolved || error ? undefined : below(this.draft.workdir, text);
    this.draft.workdirs.push({ value: text, at: word.at });
    this.step({ kind: "workdir", path: this.draft.workdir, at: word.at });
  }

  private run(instruction: DockerfileInstruction): void {
    const { at, form, body: fragment, heredocs, flags, words } = instruction;
    const run: RunStep = {
      at,
      form,
      fragment,
      ...(form === "exec" ? { exec: words } : {}),
      heredocs,
      flags,
      ...(this.user ? { user: this.user } : {}),
      workdir: this.draft.workdir,
    };
    this.draft.runs.push(run);
    this.step({ kind: "run", run });
  }

  private copy(instruction: DockerfileInstruction, keyword: "COPY" | "ADD"): void {
    const { words, flags, at, heredocs, form } = instruction;
    if (words.length < 2) return;
    const written = words.at(-1)!;
    const target = this.expand(written);
    const places = words.slice(0, -1).filter(word => form === "exec" || !heredocMark(word.value));
    const lexed = places.map(word => ({ word, lexed: this.expand(word) }));
    const flagValue = (name: string): Located<string> | undefined => {
      const flag = flags.find(each => each.name === name && each.value !== undefined);
      return flag && { value: flag.value!, at: flag.valueAt };
    };
    const optional = (name: string, value = flagValue(name)) => (value ? { [name]: value } : {});
    const resolved =
      !target.unresolved && !target.error && lexed.every(each => !each.lexed.unresolved && !each.lexed.error);
    const path = target.unresolved || target.error ? undefined : below(this.draft.workdir, target.text);
    const copy: CopyStep = {
      keyword,
      at,
      sources: lexed.map(each => ({ value: each.lexed.text, at: each.word.at })),
      destination: { value: target.text, at: written.at },
      ...optional("from"),
      ...optional("chown"),
      ...optional("chmod"),
      resolved,
      destinationPath: path,
      absoluteDestination: path?.startsWith("/") ? path : undefined,
      intoDirectory: /(^|\/)\.?$/.test(target.text) || words.length > 2,
      exclude: flags.flatMap(flag =>
        flag.name === "exclude" && flag.value !== undefined ? [{ value: flag.value, at: flag.valueAt }] : [],
      ),
      parents: flags.some(flag => flag.name === "parents" && flag.value !== "false"),
      inline: heredocs,
      workdir: this.draft.workdir,
    };
    this.draft.copies.push(copy);
    this.step({ kind: "copy", copy });
  }
}

/** A path seen from a working directory that may itself be relative to an unknown one. */
function below(workdir: ImagePath, path: string): ImagePath {
  if (path.startsWith("/")) return join("/", path);
  if (workdir === undefined) return undefined;
  if (workdir.startsWith("/")) return join(workdir, path);
  const relative = join(workdir, path);
  return relative.startsWith("..") ? undefined : `./${relative}`;
}

function command(instruction: DockerfileInstruction, skip = 0): ContainerCommand {
  const { form, words: all, body, at } = instruction;
  const words = all.slice(skip > 0 ? 1 : 0);
  if (form === "exec") return { form, words, text: words.map(word => word.value).join(" "), at };
  const fragment = skip > 0 ? trimFragment(body, skip) : sliceFragment(body, 0, body.text.length);
  return { form, words, text: fragment.text, fragment, at };
}

function healthcheck(instruction: DockerfileInstruction): ImageHealthcheck {
  const { at, words } = instruction;
  const type = words[0]?.value ?? "";
  const options = new Map(
    instruction.flags.flatMap(flag => (flag.value === undefined ? [] : [[flag.name, flag.value] as const])),
  );
  if (type.toUpperCase() === "NONE") return { disabled: true, options, at };
  const retries = options.get("retries") ?? "";
  const times = {
    intervalMs: durationMs(options.get("interval")),
    timeoutMs: durationMs(options.get("timeout")),
    startPeriodMs: durationMs(options.get("start-period")),
    startIntervalMs: durationMs(options.get("start-interval")),
    retries: /^\d{1,6}$/.test(retries) ? Number(retries) : undefined,
  };
  const known: Record<string, number> = {};
  for (const [name, value] of Object.entries(times)) if (value !== undefined) known[name] = value;
  return { disabled: false, command: command(instruction, type.length), options, ...known, at };
}

/** Fills in which stage each `--from` means; only now are all names known. */
function linkCopies(stages: readonly Stage[], names: ReadonlyMap<string, number>): readonly Stage[] {
  const link = (stage: Stage, copy: CopyStep): CopyStep => {
    if (!copy.from) return copy;
    const { value } = copy.from;
    const name = value.toLowerCase();
    const found = names.get(name) ?? (/^\d{1,4}$/.test(value) ? Number(value) : undefined);
    if (found === undefined) {
      const meant = stageMeant(name, stages.slice(0, stage.index));
      return meant ? { ...copy, fromStage: meant.index, misnamed: true } : copy;
    }
    // A later stage has no files yet when this one is built: an engine takes its bare base, or refuses.
    return found >= stage.index ? copy : { ...copy, fromStage: found };
  };
  return stages.map(stage => {
    const copies = stage.copies.map(copy => link(stage, copy));
    const linked = new Map(stage.copies.map((copy, index) => [copy, copies[index]!]));
    const steps = stage.steps.map(step =>
      step.kind === "copy" ? { ...step, copy: linked.get(step.copy)! } : step,
    );
    return { ...stage, copies, steps };
  });
}
