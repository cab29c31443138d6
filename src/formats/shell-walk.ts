import { type Fragment, mappedFragment } from "../core/fragment.ts";
import type { CommandPart, ShellCommand, ShellScript, VariablePart, Word, WordPart } from "./shell-model.ts";

/** A command with the script that lists it: the outer one or that of a substitution. */
export interface PlacedCommand {
  readonly command: ShellCommand;
  readonly script: ShellScript;
}

/** Every part of a word, also those inside operands, arithmetic and lists; not inside `$(...)`. */
export function* partsOf(parts: readonly WordPart[]): Generator<WordPart> {
  for (const part of parts) {
    yield part;
    if (part.kind === "variable" && part.operand) yield* partsOf(part.operand.parts);
    if (part.kind === "arithmetic") yield* partsOf(part.parts);
    if (part.kind === "array") for (const word of part.words) yield* partsOf(word.parts);
  }
}

/** The words of one command: its own, assigned values, redirect targets. */
export function* wordsOf(command: ShellCommand): Generator<Word> {
  for (const assignment of command.assignments) yield assignment.value;
  yield* command.words;
  for (const redirect of command.redirects) yield redirect.target;
}

/** All parts that the shell expands for one command, also in the bodies of its heredocs. */
export function* expansionsOf(command: ShellCommand): Generator<WordPart> {
  for (const word of wordsOf(command)) yield* partsOf(word.parts);
  for (const redirect of command.redirects) if (redirect.heredoc) yield* partsOf(redirect.heredoc.parts);
}

/** All parts that are expanded anywhere in a script, not inside `$(...)`. */
function* partsOfScript(script: ShellScript): Generator<WordPart> {
  for (const command of script.commands) yield* expansionsOf(command);
  for (const construct of script.constructs) {
    for (const word of construct.words) yield* partsOf(word.parts);
    for (const redirect of construct.redirects) {
      yield* partsOf(redirect.target.parts);
      if (redirect.heredoc) yield* partsOf(redirect.heredoc.parts);
    }
  }
}

/** The scripts of `$(...)` in one command. */
export function* substitutionsOf(command: ShellCommand): Generator<CommandPart> {
  for (const part of expansionsOf(command)) if (part.kind === "command") yield part;
}

/** Every command of a script, with those inside `$(...)`; not those of heredocs fed to another shell. */
export function* allCommands(script: ShellScript): Generator<PlacedCommand> {
  for (const command of script.commands) yield { command, script };
  for (const part of partsOfScript(script)) if (part.kind === "command") yield* allCommands(part.script);
}

/** Every variable that a script expands, with those inside `$(...)`. */
export function* variablesOf(script: ShellScript): Generator<VariablePart> {
  for (const part of partsOfScript(script)) {
    if (part.kind === "variable") yield part;
    if (part.kind === "command") yield* variablesOf(part.script);
  }
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
