import { type Fragment, fragmentLocation, mappedFragment, sliceFragment } from "../core/fragment.ts";
import type { Problem } from "../core/problem.ts";
import type { Located, Location } from "../core/source.ts";
import type { Heredoc, ShellScript, Word, WordPart } from "./shell-model.ts";

/** Deeper nesting than people write; keeps hostile text off the stack. */
const deepest = 120;

export interface PendingHeredoc {
  readonly delimiter: string;
  readonly quoted: boolean;
  readonly indented: boolean;
  readonly at: Location;
  settle(heredoc: Heredoc): void;
}

/** Where the reading of one fragment stands. Word and command readers share it. */
export interface Scanner {
  readonly fragment: Fragment;
  readonly text: string;
  pos: number;
  depth: number;
  pending: PendingHeredoc[];
  readonly problems: Problem[];
  readonly comments: Located<string>[];
  /** Reads commands from `pos` to the `)` that closes them, and passes it. */
  readonly readSubstitution: (scanner: Scanner) => ShellScript;
  /** Parses a fragment of its own, one level deeper. */
  readonly readNested: (fragment: Fragment, scanner: Scanner) => ShellScript;
  /** Expansions in the body of a heredoc. */
  readonly readHeredocParts: (fragment: Fragment, scanner: Scanner) => readonly WordPart[];
}

export function placeOf(scanner: Scanner, start: number, end: number): Location {
  return fragmentLocation(scanner.fragment, start, end);
}

export function report(scanner: Scanner, start: number, end: number, message: string, hint?: string): void {
  const at = placeOf(scanner, start, Math.min(end, scanner.text.length));
  scanner.problems.push(hint === undefined ? { at, message } : { at, message, hint });
}

/** Runs `read` one level deeper; at the limit the rest of the text is given up, with a problem. */
export function deeper<T, A extends readonly unknown[]>(
  scanner: Scanner,
  read: (scanner: Scanner, ...rest: A) => T,
  ...rest: A
): T | undefined {
  if (scanner.depth >= deepest) {
    report(scanner, scanner.pos, scanner.pos + 1, `Nested more than ${deepest} levels deep`);
    scanner.pos = scanner.text.length;
    return undefined;
  }
  scanner.depth++;
  const result = read(scanner, ...rest);
  scanner.depth--;
  return result;
}

/** The length of a line end at `offset`, 0 for none: `\n` or `\r\n`. */
export function lineEndAt(text: string, offset: number): number {
  const char = text[offset];
  if (char === "\n") return 1;
  return char === "\r" && text[offset + 1] === "\n" ? 2 : 0;
}

/** Passes spaces, tabs and continued line ends. */
export function skipBlanks(scanner: Scanner): void {
  const { text } = scanner;
  for (;;) {
    const char = text[scanner.pos];
    if (char === " " || char === "\t") scanner.pos++;
    else if (char === "\\" && lineEndAt(text, scanner.pos + 1) > 0)
      scanner.pos += 1 + lineEndAt(text, scanner.pos + 1);
    else return;
  }
}

/** Passes a comment up to, not including, its line end. */
export function skipComment(scanner: Scanner): void {
  const { text } = scanner;
  if (text[scanner.pos] !== "#") return;
  const start = scanner.pos;
  const newline = text.indexOf("\n", start);
  let end = newline === -1 ? text.length : newline;
  if (text[end - 1] === "\r" && newline !== -1) end--;
  scanner.comments.push({ value: text.slice(start + 1, end), at: placeOf(scanner, start, end) });
  scanner.pos = end;
}

/** Passes a line end and the heredoc bodies that begin after it. False when there is none. */
export function takeLineEnd(scanner: Scanner): boolean {
  const length = lineEndAt(scanner.text, scanner.pos);
  if (length === 0) return false;
  scanner.pos += length;
  readHeredocs(scanner);
  return true;
}

/** Passes blanks, line ends and comments. True when a line end was among them. */
export function skipSpace(scanner: Scanner): boolean {
  let newline = false;
  for (;;) {
    skipBlanks(scanner);
    skipComment(scanner);
    if (!takeLineEnd(scanner)) return newline;
    newline = true;
  }
}

/** Reads the bodies of the heredocs announced on the line that has just ended. */
export function readHeredocs(scanner: Scanner): void {
  const waiting = scanner.pending;
  if (waiting.length === 0) return;
  scanner.pending = [];
  for (const heredoc of waiting) readHeredoc(scanner, heredoc);
}

function readHeredoc(scanner: Scanner, pending: PendingHeredoc): void {
  const { text } = scanner;
  const start = scanner.pos;
  let lookalike: Location | undefined;
  let bodyEnd: number | undefined;
  for (let line = start; line < text.length; ) {
    const newline = text.indexOf("\n", line);
    const next = newline === -1 ? text.length : newline + 1;
    const end = newline === -1 ? text.length : text[newline - 1] === "\r" ? newline - 1 : newline;
    const written = text.slice(line, end);
    if ((pending.indented ? written.replace(/^\t+/, "") : written) === pending.delimiter) {
      bodyEnd = line;
      scanner.pos = next;
      break;
    }
    if (!lookalike && written.length < pending.delimiter.length + 200 && written.trim() === pending.delimiter)
      lookalike = placeOf(scanner, line, end);
    line = next;
  }
  if (bodyEnd === undefined) {
    scanner.pos = text.length;
    const hint = lookalike
      ? "A line with only the delimiter is indented or padded; it must start at the beginning of the line."
      : undefined;
    const message = `The here-document that begins with ${pending.delimiter} never ends`;
    scanner.problems.push(
      hint === undefined ? { at: pending.at, message } : { at: pending.at, message, hint },
    );
  }
  const raw = sliceFragment(scanner.fragment, start, bodyEnd ?? text.length);
  const flush = pending.indented ? without(raw, /^\t+/gm) : raw;
  pending.settle({
    delimiter: pending.delimiter,
    quoted: pending.quoted,
    indented: pending.indented,
    body: pending.quoted ? flush : without(flush, /\\(?:(?=[$`\\])|\r?\n)/g, true),
    parts: pending.quoted ? [] : scanner.readHeredocParts(flush, scanner),
    terminated: bodyEnd !== undefined,
    ...(lookalike && bodyEnd === undefined ? { lookalike } : {}),
  });
}

/** The fragment with every match left out. `escapes`: the character after a match is never the start of one. */
function without(fragment: Fragment, pattern: RegExp, escapes = false): Fragment {
  const { text } = fragment;
  let kept = "";
  const offsets: number[] = [];
  let from = 0;
  const keep = (start: number, end: number) => {
    kept += text.slice(start, end);
    for (let i = start; i < end; i++) offsets.push(fragment.toFile(i));
  };
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    keep(from, match.index);
    from = match.index + match[0].length;
    if (escapes && match[0] === "\\") pattern.lastIndex = from + 1;
  }
  if (from === 0) return fragment;
  keep(from, text.length);
  offsets.push(fragment.toFile(text.length));
  return mappedFragment(fragment.file, kept, offsets);
}

export const emptyWord = (scanner: Scanner, offset: number): Word => ({
  text: "",
  value: "",
  parts: [],
  quoted: false,
  start: offset,
  end: offset,
  at: placeOf(scanner, offset, offset),
});
