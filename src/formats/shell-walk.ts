import { type Fragment, mappedFragment } from "../core/fragment.ts";
import type { CommandPart, ShellCommand, ShellScript, VariablePart, Word, WordPart } from "./shell-model.ts";

/** A command with the script that lists it: the outer one or that of a substitution. */
export interface PlacedCommand {
  readonly command: ShellCommand;
  readonly script: ShellScript;
}

// Lists, not generators: this is walked for every word of every script, and most words are plain text.

function collectParts(parts: readonly WordPart[], into: WordPart[]): void {
  for (const part of parts) {
    into.push(part);
    if (part.kind === "variable" && part.operand) collectParts(part.operand.parts, into);
    else if (part.kind === "arithmetic") collectParts(part.parts, into);
    else if (part.kind === "array") for (const word of part.words) collectParts(word.parts, into);
  }
}

/** The parts of a word that the shell expands: none where the value is known. */
function collectExpansions(word: Word, into: WordPart[]): void {
  if (word.value === undefined) collectParts(word.parts, into);
}

/** The words of one command: its own, assigned values, redirect targets. */
export function wordsOf(command: ShellCommand): readonly Word[] {
  const { assignments, words, redirects } = command;
  if (assignments.length === 0 && redirects.length === 0) return words;
  return [...assignments.map(each => each.value), ...words, ...redirects.map(each => each.target)];
}

const none: readonly WordPart[] = [];

/** All parts of words that the shell expands for one command, also in the bodies of its heredocs. Plain words have none. */
export function expansionsOf(command: ShellCommand): readonly WordPart[] {
  let found: WordPart[] | undefined;
  for (const word of wordsOf(command)) {
    if (word.value !== undefined) continue;
    found ??= [];
    collectParts(word.parts, found);
  }
  for (const { heredoc } of command.redirects) {
    if (!heredoc) continue;
    found ??= [];
    collectParts(heredoc.parts, found);
  }
  return found ?? none;
}

/** All parts that are expanded anywhere in a script, not inside `$(...)`. */
function partsOfScript(script: ShellScript): readonly WordPart[] {
  const known = partsOfScripts.get(script);
  if (known) return known;
  const found: WordPart[] = [];
  for (const command of script.commands) for (const part of expansionsOf(command)) found.push(part);
  for (const construct of script.constructs) {
    for (const word of construct.words) collectExpansions(word, found);
    for (const { target, heredoc } of construct.redirects) {
      collectExpansions(target, found);
      if (heredoc) collectParts(heredoc.parts, found);
    }
  }
  partsOfScripts.set(script, found);
  return found;
}

const partsOfScripts = new WeakMap<ShellScript, readonly WordPart[]>();

/** The scripts of `$(...)` in one command. */
export function substitutionsOf(command: ShellCommand): readonly CommandPart[] {
  const parts = expansionsOf(command);
  return parts.length === 0 ? [] : parts.filter(part => part.kind === "command");
}

/** Every command of a script, with those inside `$(...)`; not those of heredocs fed to another shell. */
export function allCommands(script: ShellScript): readonly PlacedCommand[] {
  return scriptsOf(script).flatMap(nested => nested.commands.map(command => ({ command, script: nested })));
}

/** A script and those of its `$(...)`, outer ones first. */
export function scriptsOf(script: ShellScript): readonly ShellScript[] {
  const found: ShellScript[] = [];
  const collect = (each: ShellScript): void => {
    found.push(each);
    for (const part of partsOfScript(each)) if (part.kind === "command") collect(part.script);
  };
  collect(script);
  return found;
}

/** Every variable that a script expands, with those inside `$(...)`. */
export function variablesOf(script: ShellScript): readonly VariablePart[] {
  const found: VariablePart[] = [];
  const collect = (each: ShellScript): void => {
    for (const part of partsOfScript(each)) {
      if (part.kind === "variable") found.push(part);
      else if (part.kind === "command") collect(part.script);
    }
  };
  collect(script);
  return found;
}

/** The command that the connector joins to this one, if any. */
export function commandAfter(script: ShellScript, command: ShellCommand): ShellCommand | undefined {
  return command.connector === "end" ? undefined : script.commands[command.index + 1];
}

/** Inside the condition of an `if` or a loop, where a failure does not end a script with `set -e`. */
export function inCondition(command: ShellCommand): boolean {
  return command.within.some(step => step.part === "condition");
}

/** The innermost function around a command. */
export function functionOf(command: ShellCommand): string | undefined {
  return command.within.findLast(step => step.construct.kind === "function")?.construct.name;
}

/**
 * The text that a word hands to a program, with the way back: quotes and escapes are gone, expansions stand as
 * written. That is what `bash -c "..."` or a remote shell gets to read, up to local expansion.
 */
export function wordFragment(script: ShellScript, word: Word): Fragment {
  return wordsFragment(script, [word]);
}

/** Several words with one blank between each, as `ssh host words...` joins them. */
export function wordsFragment(script: ShellScript, words: readonly Word[]): Fragment {
  const { fragment } = script;
  let text = "";
  const offsets: number[] = [];
  const add = (char: string, offset: number) => {
    text += char;
    for (let i = 0; i < char.length; i++) offsets.push(fragment.toFile(offset));
  };
  for (const [n, word] of words.entries()) {
    if (n > 0) add(" ", Math.max(0, word.start - 1));
    for (const part of word.parts) {
      const raw = fragment.text.slice(part.start, part.end);
      const escapes = part.kind === "literal" && part.style !== "single" && raw.includes("\\");
      for (let i = 0; i < raw.length; i++) {
        if (!escapes || raw[i] !== "\\" || !isEscaped(part.style, raw[i + 1])) {
          add(raw[i]!, part.start + i);
          continue;
        }
        i++;
        if (raw[i] === "\r" && raw[i + 1] === "\n") i++;
        if (raw[i] !== "\n" && raw[i] !== undefined) add(raw[i]!, part.start + i);
      }
    }
  }
  const last = words.at(-1);
  offsets.push(fragment.toFile(last ? last.end : 0));
  return mappedFragment(fragment.file, text, offsets);
}

function isEscaped(style: string, next: string | undefined): boolean {
  if (style !== "double") return true;
  return next !== undefined && '$`"\\\n\r'.includes(next);
}
