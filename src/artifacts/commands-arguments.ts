import { isOutside, normalize } from "../core/path.ts";
import {
  type Constants,
  constantValue,
  type EvaluationOptions,
  type ShellCommand,
  type Word,
} from "../formats/shell.ts";
import type { Argument, Flag } from "./commands-model.ts";

/** Stands for the absolute path of the repository's root, which nobody knows on paper. Never leaves this layer. */
export const rootMarker = "\u0001";

/** What is known where a command stands. `assumed` adds what holds while nobody sets a defaulted variable. */
export interface Knowledge {
  readonly constants: Constants;
  readonly assumed: Constants;
  readonly cwd: string | undefined;
  readonly options: EvaluationOptions;
}

/** The value of a word with root markers in it. */
export function markedValue(word: Word, known: Knowledge): { value: string | undefined; assumed: boolean } {
  if (word.value !== undefined) return { value: word.value, assumed: false };
  const certain = constantValue(word, known.constants, known.options);
  if (certain !== undefined) return { value: certain, assumed: false };
  const value = constantValue(word, known.assumed, { ...known.options, assumeDefaults: true });
  return { value, assumed: value !== undefined };
}

/** The arguments that a word becomes: several when an unquoted variable holds blanks or a list is spread. */
export function argumentsOf(word: Word, known: Knowledge): Argument[] {
  if (word.value !== undefined) return [argument(word, word.value, known.cwd, false)];
  const only = word.parts.length === 1 ? word.parts[0] : undefined;
  if (only?.kind === "variable" && (only.index === "@" || only.index === "*")) {
    const list = known.constants.get(only.name) ?? known.assumed.get(only.name);
    if (typeof list === "object")
      return list.map(item => ({ ...argument(word, item, known.cwd, false), split: true as const }));
  }
  const { value, assumed } = markedValue(word, known);
  // Nothing is left of an empty one: `$SUDO docker ...`.
  if (only?.kind === "variable" && !word.quoted && value?.trim() === "") return [];
  if (only?.kind === "variable" && !word.quoted && value !== undefined && /\s/.test(value))
    return value
      .split(/\s+/)
      .filter(text => text !== "")
      .map(text => ({ ...argument(word, text, known.cwd, assumed), split: true as const }));
  return [argument(word, value, known.cwd, assumed)];
}

function argument(
  word: Word,
  value: string | undefined,
  cwd: string | undefined,
  assumed: boolean,
): Argument {
  const plain = value?.includes(rootMarker) ? withoutMarkers(value, cwd) : value;
  return assumed && plain !== undefined
    ? { word, value: plain, at: word.at, assumed: true }
    : { word, value: plain, at: word.at };
}

/** Rewrites paths below the root so that they are relative to the working directory. */
function withoutMarkers(value: string, cwd: string | undefined): string | undefined {
  if (cwd === undefined || cwd.startsWith("/") || cwd.startsWith("~") || cwd.startsWith(".."))
    return undefined;
  return value.replace(/\u0001((?:\/[^\s:,;"'\u0001]*)?)/g, (_, path: string) =>
    fromTo(cwd, normalize(`.${path}`)),
  );
}

/** `target` as seen from `cwd`, both below the root; always with a leading dot. */
function fromTo(cwd: string, target: string): string {
  if (isOutside(target)) return `${"../".repeat(cwd === "" ? 0 : cwd.split("/").length)}${target}`;
  const from = cwd === "" ? [] : cwd.split("/");
  const to = target === "" ? [] : target.split("/");
  let same = 0;
  while (same < from.length && same < to.length && from[same] === to[same]) same++;
  const path = [...from.slice(same).map(() => ".."), ...to.slice(same)].join("/");
  if (path === "") return ".";
  return path.startsWith("..") ? path : `./${path}`;
}

export function commandArguments(command: ShellCommand, known: Knowledge): Argument[] {
  const found: Argument[] = [];
  for (const word of command.words) {
    // Nothing to split and nothing to look up.
    if (word.value !== undefined) found.push(argument(word, word.value, known.cwd, false));
    else found.push(...argumentsOf(word, known));
  }
  return found;
}

export interface OptionsRead {
  readonly flags: readonly Flag[];
  readonly operands: readonly Argument[];
}

/**
 * Splits arguments into flags and operands. `valued` names the options that take a value as their next argument
 * (`-f`, `--file`). `stopAtOperand`: options end at the first operand, as for `docker run IMAGE ...`.
 */
export function readOptions(
  args: readonly Argument[],
  valued: ReadonlySet<string>,
  stopAtOperand = false,
): OptionsRead {
  const flags: Flag[] = [];
  const operands: Argument[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    const text = arg.value ?? staticHead(arg.word);
    if (text === "--") {
      operands.push(...args.slice(i + 1));
      break;
    }
    if (text === undefined || !text.startsWith("-") || text === "-") {
      operands.push(arg);
      if (!stopAtOperand) continue;
      operands.push(...args.slice(i + 1));
      break;
    }
    if (text.startsWith("--")) {
      const equals = text.indexOf("=");
      const name = equals === -1 ? text : text.slice(0, equals);
      if (equals !== -1) flags.push({ name, at: arg.at, value: rest(arg, equals + 1) });
      else if (valued.has(name) && args[i + 1]) flags.push({ name, at: arg.at, value: args[++i]! });
      else flags.push({ name, at: arg.at });
      continue;
    }
    if (valued.has(text) && args[i + 1]) {
      flags.push({ name: text, at: arg.at, value: args[++i]! });
      continue;
    }
    for (let k = 1; k < text.length; k++) {
      const name = `-${text[k]}`;
      if (!valued.has(name)) flags.push({ name, at: arg.at });
      else if (k + 1 < text.length) {
        flags.push({ name, at: arg.at, value: rest(arg, k + 1) });
        break;
      } else if (args[i + 1]) flags.push({ name, at: arg.at, value: args[++i]! });
      else flags.push({ name, at: arg.at });
    }
  }
  return { flags, operands };
}

/** The known beginning of `--file=$X`: enough to see which option it is. */
function staticHead(word: Word): string | undefined {
  const first = word.parts[0];
  if (first?.kind !== "literal" || !/^--?[A-Za-z]/.test(first.value)) return undefined;
  return first.value;
}

/** An argument without its first characters. */
export function rest(arg: Argument, length: number): Argument {
  const from = Math.min(arg.at.span.end, arg.at.span.start + length);
  const plain = arg.word.text.length === arg.at.span.end - arg.at.span.start && !/^["']/.test(arg.word.text);
  const at =
    plain && !arg.split ? { file: arg.at.file, span: { start: from, end: arg.at.span.end } } : arg.at;
  return { ...arg, value: arg.value?.slice(length), at };
}

export function hasFlag(flags: readonly Flag[], ...names: readonly string[]): boolean {
  return flags.some(flag => names.includes(flag.name) && flag.value?.value !== "false");
}

/** The last value given, which is the one that counts. */
export function flagValue(flags: readonly Flag[], ...names: readonly string[]): Argument | undefined {
  return flags.findLast(flag => flag.value && names.includes(flag.name))?.value;
}

export function flagValues(flags: readonly Flag[], ...names: readonly string[]): Argument[] {
  return flags.flatMap(flag => (flag.value && names.includes(flag.name) ? [flag.value] : []));
}

const wordSets = new Map<string, ReadonlySet<string>>();

/** A set from names separated by blanks; the same set for the same text. Only for constants of the code. */
export function words(text: string): ReadonlySet<string> {
  let set = wordSets.get(text);
  if (!set) {
    set = new Set(text.split(" "));
    wordSets.set(text, set);
  }
  return set;
}

/** `{ key: value }`, or nothing when there is no value: for optional fields. */
export function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}
