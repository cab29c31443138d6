import type { Assignment, Redirect, ShellCommand, Within, Word } from "./shell-model.ts";
import { readRedirect } from "./shell-redirects.ts";
import { lineEndAt, placeOf, report, type Scanner, skipBlanks, skipSpace } from "./shell-scanner.ts";
import { arithmeticEnd } from "./shell-text.ts";
import { readArithmetic, readWord } from "./shell-words.ts";

const assignment = /([A-Za-z_]\w*)(\[(?:[^\]\n"']|"[^"\n]*"|'[^'\n]*')*\])?(\+?)=/y;

interface CommandList {
  readonly commands: ShellCommand[];
}

type Place = Pick<ShellCommand, "negated" | "pipeline" | "stage">;

/** Reads words, assignments and redirects up to an operator, and adds the command to the draft. */
export function readSimpleCommand(
  scanner: Scanner,
  draft: CommandList,
  within: readonly Within[],
  place: Place,
): ShellCommand {
  const { text } = scanner;
  const start = scanner.pos;
  const index = draft.commands.length;
  // Taken now, so that commands are listed in the order of the text.
  const command: { -readonly [K in keyof ShellCommand]: ShellCommand[K] } = {
    words: [],
    assignments: [],
    redirects: [],
    within,
    index,
    ...place,
    connector: "end",
    at: placeOf(scanner, start, start),
  };
  draft.commands.push(command);
  const words: Word[] = [];
  const assignments: Assignment[] = [];
  const redirects: Redirect[] = [];
  let end = start;
  if (text.startsWith("((", start)) words.push(...readArithmeticCommand(scanner));
  else if (/^\[\[\s/.test(text.slice(start, start + 3))) readTest(scanner, words);
  if (words.length > 0) end = scanner.pos;
  for (;;) {
    skipBlanks(scanner);
    const char = text[scanner.pos];
    if (char === undefined || char === "#" || lineEndAt(text, scanner.pos) > 0) break;
    const before = scanner.pos;
    const redirect = readRedirect(scanner);
    if (redirect) redirects.push(redirect);
    else if (char === ";" || char === "&" || char === "|" || char === ")") break;
    else if (char === "(") {
      report(scanner, before, before + 1, "Unexpected (");
      scanner.pos++;
    } else if (words.length > 0 || !readAssignment(scanner, assignments)) words.push(readWord(scanner));
    if (scanner.pos === before) scanner.pos++;
    end = scanner.pos;
  }
  command.words = words;
  command.assignments = assignments;
  command.redirects = redirects;
  if (words[0]) command.name = words[0];
  command.at = placeOf(scanner, start, end);
  return command;
}

function readAssignment(scanner: Scanner, assignments: Assignment[]): boolean {
  const start = scanner.pos;
  assignment.lastIndex = start;
  const match = assignment.exec(scanner.text);
  if (!match) return false;
  const [head, name = "", index, plus] = match;
  // Read with its name, because only then are parentheses a list; then cut the name off.
  const whole = readWord(scanner);
  const from = start + head.length;
  assignments.push({
    name,
    value: afterOffset(scanner, whole, from),
    append: plus === "+",
    indexed: index !== undefined,
    at: placeOf(scanner, start, scanner.pos),
  });
  return true;
}

/** The part of a word that begins at `from`, inside or at the end of its first literal part. */
export function afterOffset(scanner: Pick<Scanner, "text" | "fragment">, word: Word, from: number): Word {
  const [first, ...rest] = word.parts;
  const cut = first?.kind === "literal" ? first.value.slice(from - first.start) : "";
  const parts =
    first?.kind === "literal" && cut !== ""
      ? [{ ...first, value: cut, start: from, at: placeOf(scanner as Scanner, from, first.end) }, ...rest]
      : rest;
  return {
    text: scanner.text.slice(from, word.end),
    value: word.value === undefined ? undefined : word.value.slice(from - word.start),
    parts,
    quoted: parts.length > 0 && parts.every(part => part.quoted),
    start: from,
    end: word.end,
    at: placeOf(scanner as Scanner, from, word.end),
  };
}

function readTest(scanner: Scanner, words: Word[]): void {
  const { text } = scanner;
  const open = scanner.pos;
  const bracket = (): Word => {
    const start = scanner.pos;
    scanner.pos += 2;
    const written = text.slice(start, scanner.pos);
    const at = placeOf(scanner, start, scanner.pos);
    const part = {
      kind: "literal",
      value: written,
      style: "bare",
      quoted: false,
      start,
      end: scanner.pos,
      at,
    } as const;
    return { text: written, value: written, parts: [part], quoted: false, start, end: scanner.pos, at };
  };
  words.push(bracket());
  for (;;) {
    skipSpace(scanner);
    if (scanner.pos >= text.length) {
      report(scanner, open, open + 2, "No ]] ends what begins here");
      return;
    }
    if (/^\]\](?:[\s;&|)]|$)/.test(text.slice(scanner.pos, scanner.pos + 3))) {
      words.push(bracket());
      return;
    }
    const word = readWord(scanner, "test");
    if (word.end > word.start) words.push(word);
    else scanner.pos++;
  }
}

function readArithmeticCommand(scanner: Scanner): Word[] {
  const start = scanner.pos;
  const close = arithmeticEnd(scanner.text, start + 2);
  if (close === undefined) return [];
  const parts = readArithmetic(scanner, start + 2, close);
  const at = placeOf(scanner, start, scanner.pos);
  const text = scanner.text.slice(start + 2, close);
  const name = {
    text: "((",
    value: "((",
    parts: [],
    quoted: false,
    start,
    end: start + 2,
    at: placeOf(scanner, start, start + 2),
  };
  const inner = { kind: "arithmetic", text, parts, quoted: true, start, end: scanner.pos, at } as const;
  return [name, { text, value: undefined, parts: [inner], quoted: true, start: start + 2, end: close, at }];
}
