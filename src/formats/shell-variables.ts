import type { ShellCommand, ShellScript, VariablePart, Word } from "./shell-model.ts";
import { functionOf } from "./shell-walk.ts";

/** What is known about variables: a text, or the elements of a list. */
export type Constants = ReadonlyMap<string, string | readonly string[]>;

export const noConstants: Constants = new Map();

export interface EvaluationOptions {
  /** Take `x` for `${X:-x}` when X is not known: what happens when nobody sets it. */
  readonly assumeDefaults?: boolean;
  /** The value of `$(...)`, for a caller that knows some commands. */
  readonly substitution?: (script: ShellScript, constants: Constants) => string | undefined;
}

const declarations = new Set(["export", "readonly", "declare", "typeset", "local"]);
const readers = new Set(["read", "mapfile", "readarray", "getopts", "unset", "wait"]);

/** The text of a word when all it expands is known; undefined otherwise. */
export function constantValue(
  word: Word,
  constants: Constants = noConstants,
  options: EvaluationOptions = {},
): string | undefined {
  if (word.value !== undefined) return word.value;
  let text = "";
  for (const part of word.parts) {
    if (part.kind === "literal") text += part.value;
    else {
      const value =
        part.kind === "variable"
          ? variableValue(part, constants, options)
          : part.kind === "command" && part.direction === undefined
            ? options.substitution?.(part.script, constants)
            : part.kind === "expression"
              ? expressionValue(part.text, constants)
              : undefined;
      if (value === undefined) return undefined;
      text += value;
    }
  }
  return text;
}

/** A workflow expression is looked up under its own spelling: `${{ env.X }}`. */
function expressionValue(text: string, constants: Constants): string | undefined {
  const known = constants.get(`\${{ ${text} }}`);
  return typeof known === "string" ? known : undefined;
}

/** The text of `$X` and of `${X:-default}`; undefined when unknown or another operation is asked for. */
export function variableValue(
  part: VariablePart,
  constants: Constants,
  options: EvaluationOptions = {},
): string | undefined {
  if (part.prefix !== undefined) return undefined;
  const stored = constants.get(part.name);
  // A list without an index is its first element, as in Bash.
  const known = typeof stored === "object" ? stored[Number(part.index ?? 0)] : stored;
  if (part.index !== undefined && typeof stored !== "object") return undefined;
  const { operator, operand } = part;
  const isDefault = operator === ":-" || operator === "-" || operator === ":=" || operator === "=";
  if (isDefault && operand && (known === undefined || (known === "" && operator[0] === ":")))
    return known !== undefined || options.assumeDefaults
      ? constantValue(operand, constants, options)
      : undefined;
  if (known === undefined || operator === undefined || isDefault) return known;
  if (operator === ":?" || operator === "?") return known;
  if (operator === "%" && operand?.text === "/*") return known.replace(/\/[^/]*$/, "");
  if (operator === "##" && operand?.text === "*/") return known.replace(/^.*\//, "");
  return undefined;
}

/**
 * Variables that a script assigns exactly once, at its top level, unconditionally, and with a constant.
 * `given` are values known from outside; an assignment in the script overrides them, or makes them unknown.
 */
export function resolveVariables(
  script: ShellScript,
  options: EvaluationOptions = {},
  given: Constants = noConstants,
): Constants {
  const counts = assignmentCounts(script);
  // Most substitutions assign nothing: they share what is known around them.
  if (counts.size === 0) return given;
  const constants = new Map(given);
  for (const name of counts.keys()) constants.delete(name);
  takeCertain(script, counts, options, constants);
  // A value of its own may be made of such a word: `COMPOSE="$SUDO docker compose"`.
  if (takePrefixes(script, counts, options, constants)) {
    takeCertain(script, counts, options, constants);
    takePrefixes(script, counts, options, constants);
  }
  return constants;
}

function takeCertain(
  script: ShellScript,
  counts: ReadonlyMap<string, number>,
  options: EvaluationOptions,
  constants: Map<string, string | readonly string[]>,
): void {
  for (const command of script.commands) {
    const assigned = assignedBy(command);
    if (assigned.length === 0 || !isUnconditional(script, command)) continue;
    for (const { name, value, append, indexed } of assigned) {
      if (counts.get(name) !== 1 || append || indexed) continue;
      // `X=${X:-y}` reads what the caller of the script may have set.
      const known = assignedValue(value, constants, options);
      if (known !== undefined) constants.set(name, known);
    }
  }
}

function assignedValue(
  value: Word,
  constants: Constants,
  options: EvaluationOptions,
): string | string[] | undefined {
  const list = value.parts[0];
  if (list?.kind !== "array") return constantValue(value, constants, options);
  const items = list.words.map(item => constantValue(item, constants, options));
  return items.every(item => item !== undefined) ? items : undefined;
}

/** What stands before a command, or is how Compose is called: with and without `sudo`, old program or new. */
const prefix =
  /^(?:(?:sudo|doas)\b *(?:-[EHn] +)*)?((?:docker[ -]compose|docker|podman[ -]compose|podman)(?: .*)?)?$/;

/**
 * Variables that hold one of several words which mean the same (`sudo` or nothing, `docker compose` or
 * `docker-compose`), whichever branch has assigned them. Tells whether one was found.
 */
function takePrefixes(
  script: ShellScript,
  counts: ReadonlyMap<string, number>,
  options: EvaluationOptions,
  constants: Map<string, string | readonly string[]>,
): boolean {
  const held = new Map<string, string[]>();
  for (const command of script.commands)
    for (const { name, value, append, indexed } of assignedBy(command)) {
      if (constants.has(name) || append || indexed) continue;
      const known = assignedValue(value, constants, options);
      const text = typeof known === "object" ? known.join(" ") : known;
      if (text === undefined) continue;
      const texts = held.get(name);
      if (texts) texts.push(text);
      else held.set(name, [text]);
    }
  let found = false;
  for (const [name, texts] of held) {
    if (texts.length !== counts.get(name) || !texts.some(text => text.trim() !== "")) continue;
    const programs = new Set(texts.map(text => programOf(text)));
    const [program] = programs;
    if (programs.size !== 1 || program === undefined) continue;
    constants.set(name, program === "" ? "sudo" : program);
    found = true;
  }
  return found;
}

function programOf(text: string): string | undefined {
  const match = prefix.exec(text.trim());
  return match ? (match[1] ?? "").replace(/^(docker|podman)-/, "$1 ") : undefined;
}

/** Names that a script assigns, reads into, or loops over, anywhere, with how often. */
export function assignmentCounts(script: ShellScript): ReadonlyMap<string, number> {
  let counts = countsOf.get(script);
  if (!counts) {
    counts = countAssignments(script);
    countsOf.set(script, counts);
  }
  return counts;
}

const countsOf = new WeakMap<ShellScript, ReadonlyMap<string, number>>();

function countAssignments(script: ShellScript): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const command of script.commands) {
    for (const { name } of assignedBy(command)) count(name);
    const called = command.name?.value;
    if (called !== undefined && readers.has(called))
      for (const word of command.words.slice(1)) if (/^[A-Za-z_]\w*$/.test(word.text)) count(word.text);
    if (called === "printf" && command.words[1]?.value === "-v") count(command.words[2]?.text ?? "");
    if (called === "((" || called === "let")
      for (const word of command.words.slice(1))
        for (const match of word.text.matchAll(/([A-Za-z_]\w*)\s*(?:\+\+|--|[-+*/%]?=(?!=))/g))
          count(match[1]!);
    for (const word of command.words) {
      if (word.value !== undefined) continue;
      for (const part of word.parts)
        if (part.kind === "variable" && (part.operator === ":=" || part.operator === "=")) count(part.name);
    }
  }
  for (const construct of script.constructs)
    if ((construct.kind === "for" || construct.kind === "select") && construct.name) count(construct.name);
  return counts;
}

interface Assigned {
  readonly name: string;
  readonly value: Word;
  readonly append: boolean;
  readonly indexed: boolean;
}

/** What a command assigns to variables of its shell; `X=1 command` assigns nothing that lasts. */
export function assignedBy(command: ShellCommand): readonly Assigned[] {
  if (!command.name) return command.assignments;
  const called = command.name.value;
  if (called === undefined || !declarations.has(called)) return nothing;
  const assigned: Assigned[] = [];
  for (let i = 1; i < command.words.length; i++) {
    const word = command.words[i]!;
    const match = /^([A-Za-z_]\w*)(\+?)=/.exec(word.text);
    if (match)
      assigned.push({
        name: match[1]!,
        append: match[2] === "+",
        indexed: false,
        value: tail(word, match[0].length),
      });
  }
  return assigned;
}

const nothing: readonly Assigned[] = [];

/** A word without its first characters, which are plain. */
function tail(word: Word, length: number): Word {
  const [first, ...rest] = word.parts;
  if (first?.kind !== "literal") return word;
  const value = first.value.slice(length);
  return {
    ...word,
    text: word.text.slice(length),
    value: word.value?.slice(length),
    parts: value === "" ? rest : [{ ...first, value, start: first.start + length }, ...rest],
    start: word.start + length,
  };
}

function isUnconditional(script: ShellScript, command: ShellCommand): boolean {
  if (functionOf(command) !== undefined || command.stage > 0) return false;
  if (command.within.some(step => step.construct.kind !== "group")) return false;
  const before = script.commands[command.index - 1]?.connector;
  return before !== "&&" && before !== "||" && command.connector !== "|" && command.connector !== "&";
}
