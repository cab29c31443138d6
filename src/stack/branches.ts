import {
  assignedBy,
  type ShellCommand,
  type ShellScript,
  type Within,
  type Word,
  type WordPart,
} from "../formats/shell.ts";
import type { Command, Service } from "./stack.ts";

/** What an entry script is started with. */
export interface Given {
  /** `$1` and those after it; a word nothing can resolve is undefined. */
  readonly args: readonly (string | undefined)[];
  /** The value that the container gets; undefined when that is not known. */
  env(name: string): string | undefined;
}

/** A value that nothing outside of the repository replaces. */
export function surelyGiven(
  { environment, envFiles }: Pick<Service, "environment" | "envFiles">,
  name: string,
): string | undefined {
  const found = environment.find(each => each.name === name);
  if (!found?.value || found.value.byDefault) return undefined;
  if (found.from !== "environment" && envFiles.some(use => use.file === undefined)) return undefined;
  return found.value.text;
}

/** What an entry script gets that a service starts by this path: its own words, and those of the command. */
export function givenTo(service: Service, path: string): Given {
  const entrypoint = service.entrypoint ?? service.model?.entrypoint;
  const command = service.command ?? (service.entrypoint ? undefined : service.model?.cmd);
  const wordsIn = (part: Command | undefined) =>
    part?.form === "shell" ? ["/bin/sh", "-c", part.text] : (part?.words.map(word => word.value) ?? []);
  const words = [...wordsIn(entrypoint), ...wordsIn(command)];
  return { args: words.slice(words.indexOf(path) + 1), env: name => surelyGiven(service, name) };
}

/**
 * Whether a script that is started in this way comes by a command: true and false where every condition on the way is
 * a comparison of known words, undefined where one is not. What fails on the way there is not thought of.
 */
export function isReached(script: ShellScript, command: ShellCommand, given: Given): boolean | undefined {
  const steps = [
    afterOthers(script, command, given),
    ...command.within.map(step => isTaken(script, command, step, given)),
  ];
  if (steps.includes(false)) return false;
  return steps.every(Boolean) ? true : undefined;
}

/** `[ A ] && X`, `[ A ] || X`: what stands before it in its list decides. */
function afterOthers(script: ShellScript, command: ShellCommand, given: Given): boolean | undefined {
  const before: ShellCommand[] = [];
  for (let index = command.index - 1; index >= 0; index--) {
    const each = script.commands[index]!;
    if (each.connector !== "&&" && each.connector !== "||") break;
    if (!sameWithin(each, command)) return undefined;
    before.push(each);
  }
  const [nearest] = before;
  if (!nearest) return true;
  if (before.some(each => each.connector !== nearest.connector)) return undefined;
  const held = before.map(each => holds(script, each, given));
  const wanted = nearest.connector === "&&";
  if (held.includes(!wanted)) return false;
  return held.every(each => each === wanted) ? true : undefined;
}

function sameWithin(one: ShellCommand, other: ShellCommand): boolean {
  return (
    one.within.length === other.within.length &&
    one.within.every((step, index) => {
      const own = other.within[index]!;
      return step.construct === own.construct && step.part === own.part && step.patterns === own.patterns;
    })
  );
}

function isTaken(
  script: ShellScript,
  command: ShellCommand,
  step: Within,
  given: Given,
): boolean | undefined {
  const { construct } = step;
  if (construct.kind === "group" || construct.kind === "subshell") return true;
  if (construct.kind === "case") return isMatched(script, command, step, given);
  if (construct.kind !== "if") return step.part === "condition" ? true : undefined;
  const before = conditionsBefore(script, command, step).map(run => runHolds(script, run, given));
  if (step.part === "else") return decide(before.map(not));
  if (step.part === "condition") return decide(before.map(not));
  return decide([...before.slice(0, -1).map(not), before.at(-1)]);
}

/** The conditions of `if` and each `elif` above a command, one list of commands for each. */
function conditionsBefore(script: ShellScript, command: ShellCommand, step: Within): ShellCommand[][] {
  const runs: ShellCommand[][] = [];
  let inCondition = false;
  for (const each of script.commands.slice(0, command.index)) {
    const own = each.within.find(other => other.construct === step.construct);
    if (own?.part === "condition") {
      if (!inCondition) runs.push([]);
      runs.at(-1)!.push(each);
    }
    inCondition = own?.part === "condition";
  }
  // A command that stands in a condition itself belongs to the list that it is in.
  if (step.part === "condition" && inCondition) runs.pop();
  return runs;
}

function runHolds(script: ShellScript, run: readonly ShellCommand[], given: Given): boolean | undefined {
  const held = run.map(each => holds(script, each, given));
  const joints = new Set(run.slice(0, -1).map(each => each.connector));
  if (joints.size === 0) return held[0];
  if (joints.size > 1) return undefined;
  if (joints.has("&&")) return decide(held);
  return joints.has("||") ? not(decide(held.map(not))) : undefined;
}

/** All hold: true; one surely does not: false. */
function decide(held: readonly (boolean | undefined)[]): boolean | undefined {
  if (held.includes(false)) return false;
  return held.includes(undefined) ? undefined : true;
}

function not(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

function isMatched(
  script: ShellScript,
  command: ShellCommand,
  step: Within,
  given: Given,
): boolean | undefined {
  const subject = step.construct.words[0];
  const value = subject && textIn(script, subject, given);
  if (value === undefined || !step.patterns) return undefined;
  for (const each of script.commands.slice(0, command.index)) {
    const other = each.within.find(own => own.construct === step.construct)?.patterns;
    if (!other || other === step.patterns) continue;
    const earlier = matchesOne(other, value);
    if (earlier !== false) return not(earlier);
  }
  return matchesOne(step.patterns, value);
}

function matchesOne(patterns: readonly Word[], value: string): boolean | undefined {
  return not(decide(patterns.map(pattern => not(matches(pattern, value)))));
}

function matches(pattern: Word, value: string): boolean | undefined {
  if (pattern.value === undefined || /[[\]()\\]/.test(pattern.value)) return undefined;
  if (pattern.quoted || !/[*?]/.test(pattern.value)) return pattern.value === value;
  const source = pattern.value
    .replace(/[.+^${}|/]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(value);
}

/** A comparison of words: `[ "$1" = web ]`, `[[ $1 == web* ]]`, `test -z "$X"`. */
function holds(script: ShellScript, command: ShellCommand, given: Given): boolean | undefined {
  const name = command.name?.value;
  if (name !== "[" && name !== "[[" && name !== "test") return undefined;
  const words = command.words.slice(1).filter(word => word.text !== "]" && word.text !== "]]");
  const [left, operator, right] = words;
  let result: boolean | undefined;
  if (words.length === 3) {
    const value = textIn(script, left!, given);
    const unequal = operator!.text === "!=";
    if (value === undefined || !(unequal || operator!.text === "=" || operator!.text === "=="))
      return undefined;
    const other = textIn(script, right!, given);
    const equal =
      name === "[[" && right!.value !== undefined
        ? matches(right!, value)
        : other === undefined
          ? undefined
          : value === other;
    result = unequal ? not(equal) : equal;
  } else if (words.length === 2 && (left!.text === "-z" || left!.text === "-n")) {
    const value = textIn(script, operator!, given);
    result = value === undefined ? undefined : (value === "") === (left!.text === "-z");
  }
  return command.negated ? not(result) : result;
}

function textIn(script: ShellScript, word: Word, given: Given): string | undefined {
  if (word.value !== undefined) return word.value;
  let text = "";
  for (const part of word.parts) {
    const value = part.kind === "literal" ? part.value : variableOf(script, part, given);
    if (value === undefined) return undefined;
    text += value;
  }
  return text;
}

function variableOf(script: ShellScript, part: WordPart, given: Given): string | undefined {
  if (part.kind !== "variable" || part.prefix || part.index !== undefined) return undefined;
  if ((part.name === "@" || part.name === "*") && part.operator === ":")
    return movesArguments(script) ? undefined : sliceOf(part.operand?.value ?? "", given.args);
  const value = plainValue(script, part.name, given);
  if (part.operator === undefined || value === undefined) return value;
  if (part.operator === ":-") return value === "" ? part.operand?.value : value;
  return part.operator === "-" && value !== "" ? value : undefined;
}

/** `"${@: -2:1}"`: of the arguments, from a place, or counted from their end, so many. */
function sliceOf(written: string, args: Given["args"]): string | undefined {
  const [, from, count] = /^\s*(-?\d+)(?::(\d+))?\s*$/.exec(written) ?? [];
  if (from === undefined) return undefined;
  const first = Number(from) < 0 ? args.length + Number(from) : Number(from) - 1;
  // What would begin before the first is the name of the script.
  if (first < 0) return undefined;
  const taken = args.slice(first, count === undefined ? undefined : first + Number(count));
  return taken.includes(undefined) ? undefined : taken.join(" ");
}

/** `shift` and `set --` move the arguments. */
function movesArguments(script: ShellScript): boolean {
  return script.commands.some(each => each.name?.value === "shift" || isSet(each));
}

function plainValue(script: ShellScript, name: string, given: Given): string | undefined {
  const moves = movesArguments(script);
  if (/^\d+$/.test(name)) {
    const place = Number(name) - 1;
    if (moves || place < 0) return undefined;
    return place < given.args.length ? given.args[place] : "";
  }
  if (name === "@" || name === "*")
    return moves || given.args.includes(undefined) ? undefined : given.args.join(" ");
  if (name === "#") return moves ? undefined : String(given.args.length);
  const setters = script.commands.filter(each => assignedBy(each).some(own => own.name === name));
  const [only] = setters;
  if (!only) return given.env(name);
  // `COMMAND=${1:-}` at the top, and nowhere else: what it says, unless it says itself.
  const value = only.assignments.find(own => own.name === name)?.value;
  const plain = setters.length === 1 && !only.name && only.within.length === 0;
  return plain && value && !value.text.includes(name) ? textIn(script, value, given) : undefined;
}

function isSet(command: ShellCommand): boolean {
  return command.name?.value === "set" && command.words.some(word => word.text === "--");
}
