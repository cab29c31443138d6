import { mappedFragment } from "../core/fragment.ts";
import type { LiteralStyle, Word, WordPart } from "./shell-model.ts";
import { ordinary, ordinaryInQuotes, readPlainWord } from "./shell-plain-word.ts";
import { deeper, emptyWord, lineEndAt, placeOf, report, type Scanner, skipSpace } from "./shell-scanner.ts";
import { arithmeticEnd, decode, expressionEnd } from "./shell-text.ts";

/** Where a word ends: at a metacharacter, at a blank (inside `[[`), at `}` (inside `${...}`). */
export type WordMode = "plain" | "test" | "operand" | "quoted-operand";

const metacharacters = new Set([" ", "\t", "\n", ";", "&", "|", "(", ")", "<", ">"]);
const parameter = /\$\{(?:([#!])(?=[A-Za-z0-9_@*#?$!-]))?([A-Za-z_]\w*|\d+|[@*#?$!-])(?:\[([^\]\n]*)\])?/y;
const operator = /:?[-=?+]|##?|%%?|\/[/#%]?|\^\^?|,,?|@|:/y;
const plainName = /[A-Za-z_]\w*|[0-9@*#?$!-]/y;
const arrayStart = /[A-Za-z_]\w*\+?=\(/y;

/** Reads the word at `pos`. Empty when a metacharacter stands there. */
export function readWord(scanner: Scanner, mode: WordMode = "plain"): Word {
  const { text } = scanner;
  const start = scanner.pos;
  if (mode === "plain" || mode === "test") {
    const plain = readPlainWord(scanner, mode);
    if (plain) return plain;
  }
  const parts: WordPart[] = [];
  arrayStart.lastIndex = start;
  const array = mode === "plain" && arrayStart.test(text) ? arrayStart.lastIndex - 1 : -1;
  let quotes = false;
  while (scanner.pos < text.length) {
    const char = text[scanner.pos]!;
    if (char === "'" && mode !== "quoted-operand") {
      quotes = true;
      readSingle(scanner, parts, "single");
    } else if (char === '"') {
      quotes = true;
      readDouble(scanner, parts);
    } else if (readExpansion(scanner, parts, mode === "quoted-operand")) {
      if (text[scanner.pos - 1] === "'") quotes = true;
    } else if (scanner.pos === array) readArray(scanner, parts);
    else if (mode === "plain" && (char === "<" || char === ">") && text[scanner.pos + 1] === "(")
      readProcess(scanner, parts, char);
    else if (!readBare(scanner, parts, mode, array)) break;
  }
  return wordOf(scanner, start, parts, quotes);
}

function wordOf(scanner: Scanner, start: number, parts: readonly WordPart[], quotes: boolean): Word {
  const end = scanner.pos;
  let value: string | undefined = "";
  let quoted = quotes;
  for (const part of parts) {
    value = part.kind === "literal" && value !== undefined ? value + part.value : undefined;
    if (!part.quoted) quoted = false;
  }
  return {
    text: scanner.text.slice(start, end),
    value,
    parts,
    quoted,
    start,
    end,
    at: placeOf(scanner, start, end),
  };
}

/** `$...`, backquotes. False when there is none at `pos`; a lone `$` is left to the caller. */
function readExpansion(scanner: Scanner, parts: WordPart[], quoted: boolean): boolean {
  const { text } = scanner;
  const char = text[scanner.pos];
  if (char === "`") return readBackquotes(scanner, parts, quoted);
  if (char !== "$") return false;
  const next = text[scanner.pos + 1];
  if (next === "{")
    return text[scanner.pos + 2] === "{"
      ? readExpression(scanner, parts, quoted)
      : readParameter(scanner, parts, quoted);
  if (next === "(") return readParentheses(scanner, parts, quoted);
  if (next === "'" && !quoted) {
    scanner.pos++;
    readSingle(scanner, parts, "ansi");
    return true;
  }
  if (next === '"' && !quoted) {
    scanner.pos++;
    readDouble(scanner, parts);
    return true;
  }
  const start = scanner.pos;
  plainName.lastIndex = start + 1;
  const name = plainName.exec(text)?.[0];
  if (name === undefined) return false;
  scanner.pos += 1 + name.length;
  parts.push({
    kind: "variable",
    name,
    quoted,
    start,
    end: scanner.pos,
    at: placeOf(scanner, start, scanner.pos),
  });
  return true;
}

/** Literal text from `start` to `pos`, if any. */
function pushLiteral(scanner: Scanner, parts: WordPart[], start: number, style: LiteralStyle): void {
  if (scanner.pos === start && style === "bare") return;
  const value = decode(scanner.text.slice(start, scanner.pos), style);
  parts.push({
    kind: "literal",
    value,
    style,
    quoted: style !== "bare",
    start,
    end: scanner.pos,
    at: placeOf(scanner, start, scanner.pos),
  });
}

function readBare(scanner: Scanner, parts: WordPart[], mode: WordMode, array: number): boolean {
  const { text } = scanner;
  const start = scanner.pos;
  while (scanner.pos < text.length && scanner.pos !== array) {
    ordinary.lastIndex = scanner.pos;
    if (array < scanner.pos && ordinary.test(text)) scanner.pos = ordinary.lastIndex;
    if (scanner.pos >= text.length) break;
    const char = text[scanner.pos]!;
    if (char === "\\") {
      scanner.pos = Math.min(text.length, scanner.pos + 1 + (lineEndAt(text, scanner.pos + 1) || 1));
      continue;
    }
    if (char === '"' || char === "`" || (char === "'" && mode !== "quoted-operand")) break;
    if (char === "$" && startsExpansion(text, scanner.pos) && !isPlainDollar(text, scanner.pos, mode)) break;
    if (!endsWord(text, scanner.pos, mode)) scanner.pos++;
    else if (!passExtendedGlob(scanner, start, mode)) break;
  }
  pushLiteral(scanner, parts, start, "bare");
  return scanner.pos > start;
}

/** `$'` and `$"` inside an expansion that is quoted itself: the dollar stands for nothing. */
function isPlainDollar(text: string, offset: number, mode: WordMode): boolean {
  return mode === "quoted-operand" && (text[offset + 1] === "'" || text[offset + 1] === '"');
}

function startsExpansion(text: string, offset: number): boolean {
  const next = text[offset + 1];
  return next !== undefined && /[A-Za-z0-9_@*#?$!({'"-]/.test(next);
}

function endsWord(text: string, offset: number, mode: WordMode): boolean {
  const char = text[offset]!;
  if (mode === "operand" || mode === "quoted-operand") return char === "}";
  if (mode === "test") return char === " " || char === "\t" || char === ";" || lineEndAt(text, offset) > 0;
  return metacharacters.has(char) || lineEndAt(text, offset) > 0;
}

/** `@(a|b)` and its kin, inside a word. */
function passExtendedGlob(scanner: Scanner, start: number, mode: WordMode): boolean {
  const { text } = scanner;
  if (mode !== "plain" || text[scanner.pos] !== "(" || scanner.pos === start) return false;
  if (!/[?*+@!]/.test(text[scanner.pos - 1]!)) return false;
  const close = /[^()\n]*\)/y;
  close.lastIndex = scanner.pos + 1;
  if (!close.test(text)) return false;
  scanner.pos = close.lastIndex;
  return true;
}

function readSingle(scanner: Scanner, parts: WordPart[], style: "single" | "ansi"): void {
  const { text } = scanner;
  const open = scanner.pos++;
  let start = scanner.pos;
  for (;;) {
    const char = text[scanner.pos];
    if (char === undefined) {
      report(scanner, open, open + 1, "This quote is never closed");
      pushLiteral(scanner, parts, start, style);
      return;
    }
    if (char === "'") break;
    // A workflow replaces its expressions before the shell sees the quotes.
    if (char === "$" && text.startsWith("${{", scanner.pos)) {
      if (scanner.pos > start) pushLiteral(scanner, parts, start, style);
      readExpression(scanner, parts, true);
      start = scanner.pos;
    } else scanner.pos = Math.min(text.length, scanner.pos + (char === "\\" && style === "ansi" ? 2 : 1));
  }
  if (scanner.pos > start || start === open + 1) pushLiteral(scanner, parts, start, style);
  scanner.pos++;
}

function readDouble(scanner: Scanner, parts: WordPart[]): void {
  const { text } = scanner;
  const open = scanner.pos++;
  const first = parts.length;
  let start = scanner.pos;
  for (;;) {
    ordinaryInQuotes.lastIndex = scanner.pos;
    if (ordinaryInQuotes.test(text)) scanner.pos = ordinaryInQuotes.lastIndex;
    const char = text[scanner.pos];
    if (char === undefined) {
      report(scanner, open, open + 1, "This quote is never closed");
      pushLiteral(scanner, parts, start, "double");
      return;
    }
    if (char === '"') break;
    if (char === "\\") scanner.pos = Math.min(text.length, scanner.pos + 2);
    else if ((char === "$" && startsExpansion(text, scanner.pos)) || char === "`") {
      const before = scanner.pos;
      if (before > start) pushLiteral(scanner, parts, start, "double");
      if (readExpansion(scanner, parts, true)) start = scanner.pos;
      else {
        start = before;
        scanner.pos = before + 1;
      }
    } else scanner.pos++;
  }
  if (scanner.pos > start || parts.length === first) pushLiteral(scanner, parts, start, "double");
  scanner.pos++;
}

function readExpression(scanner: Scanner, parts: WordPart[], quoted: boolean): boolean {
  const { text } = scanner;
  const start = scanner.pos;
  const close = expressionEnd(text, start);
  if (close === undefined) report(scanner, start, start + 3, "This expression is never closed");
  scanner.pos = close ?? text.length;
  const inner = text.slice(start + 3, close === undefined ? text.length : close - 2).trim();
  parts.push({
    kind: "expression",
    text: inner,
    quoted,
    start,
    end: scanner.pos,
    at: placeOf(scanner, start, scanner.pos),
  });
  return true;
}

function readParameter(scanner: Scanner, parts: WordPart[], quoted: boolean): boolean {
  const { text } = scanner;
  const start = scanner.pos;
  parameter.lastIndex = start;
  const match = parameter.exec(text);
  if (!match) {
    const close = text.indexOf("}", start);
    scanner.pos = close === -1 ? text.length : close + 1;
    report(scanner, start, start + 2, "This is not a parameter expansion");
    pushLiteral(scanner, parts, start, quoted ? "double" : "bare");
    return true;
  }
  scanner.pos = parameter.lastIndex;
  operator.lastIndex = scanner.pos;
  const op = text[scanner.pos] === "}" ? undefined : operator.exec(text)?.[0];
  scanner.pos += op?.length ?? 0;
  const operand = deeper(scanner, readWord, quoted ? "quoted-operand" : "operand");
  if (text[scanner.pos] === "}") scanner.pos++;
  else report(scanner, start, start + 2, "This expansion is never closed");
  const [, prefix, name = "", index] = match;
  parts.push({
    kind: "variable",
    name,
    quoted,
    ...(op !== undefined ? { operator: op, operand: operand ?? emptyWord(scanner, scanner.pos) } : {}),
    ...(prefix === "#" || prefix === "!" ? { prefix } : {}),
    ...(index !== undefined ? { index } : {}),
    start,
    end: scanner.pos,
    at: placeOf(scanner, start, scanner.pos),
  });
  return true;
}

function readParentheses(scanner: Scanner, parts: WordPart[], quoted: boolean): boolean {
  const start = scanner.pos;
  const close = scanner.text[start + 2] === "(" ? arithmeticEnd(scanner.text, start + 3) : undefined;
  if (close !== undefined) {
    const inner = readArithmetic(scanner, start + 3, close);
    const text = scanner.text.slice(start + 3, close);
    parts.push({
      kind: "arithmetic",
      text,
      parts: inner,
      quoted,
      start,
      end: scanner.pos,
      at: placeOf(scanner, start, scanner.pos),
    });
    return true;
  }
  scanner.pos += 2;
  const script = deeper(scanner, () => scanner.readSubstitution(scanner));
  if (script)
    parts.push({
      kind: "command",
      script,
      quoted,
      start,
      end: scanner.pos,
      at: placeOf(scanner, start, scanner.pos),
    });
  return true;
}

/** The expansions between `start` and `close`; leaves `pos` after the two parentheses. */
export function readArithmetic(scanner: Scanner, start: number, close: number): WordPart[] {
  const inner: WordPart[] = [];
  scanner.pos = start;
  deeper(scanner, () => {
    while (scanner.pos < close) if (!readExpansion(scanner, inner, true)) scanner.pos++;
  });
  scanner.pos = Math.max(scanner.pos, close + 2);
  return inner;
}

function readProcess(scanner: Scanner, parts: WordPart[], direction: "<" | ">"): void {
  const start = scanner.pos;
  scanner.pos += 2;
  const script = deeper(scanner, () => scanner.readSubstitution(scanner));
  if (script)
    parts.push({
      kind: "command",
      script,
      direction,
      quoted: true,
      start,
      end: scanner.pos,
      at: placeOf(scanner, start, scanner.pos),
    });
}

function readBackquotes(scanner: Scanner, parts: WordPart[], quoted: boolean): boolean {
  const { text } = scanner;
  const start = scanner.pos;
  let inner = "";
  const offsets: number[] = [];
  let i = start + 1;
  for (; i < text.length && text[i] !== "`"; i++) {
    const next = text[i + 1];
    if (text[i] === "\\" && (next === "`" || next === "\\" || next === "$" || (quoted && next === '"'))) i++;
    inner += text[i];
    offsets.push(scanner.fragment.toFile(i));
  }
  offsets.push(scanner.fragment.toFile(i));
  if (i >= text.length) report(scanner, start, start + 1, "This backquote is never closed");
  scanner.pos = Math.min(text.length, i + 1);
  const fragment = mappedFragment(scanner.fragment.file, inner, offsets);
  const script = deeper(scanner, () => scanner.readNested(fragment, scanner));
  if (script)
    parts.push({
      kind: "command",
      script,
      quoted,
      start,
      end: scanner.pos,
      at: placeOf(scanner, start, scanner.pos),
    });
  return true;
}

function readArray(scanner: Scanner, parts: WordPart[]): void {
  const { text } = scanner;
  const start = scanner.pos++;
  const words: Word[] = [];
  deeper(scanner, () => {
    for (;;) {
      skipSpace(scanner);
      if (scanner.pos >= text.length || text[scanner.pos] === ")") return;
      const word = readWord(scanner);
      if (word.end > word.start) words.push(word);
      else scanner.pos++;
    }
  });
  if (text[scanner.pos] === ")") scanner.pos++;
  else report(scanner, start, start + 1, "This list is never closed");
  parts.push({
    kind: "array",
    words,
    quoted: true,
    start,
    end: scanner.pos,
    at: placeOf(scanner, start, scanner.pos),
  });
}

/** Expansions in the body of an unquoted heredoc, where quotes mean nothing. */
export function readHeredocExpansions(scanner: Scanner): WordPart[] {
  const parts: WordPart[] = [];
  while (scanner.pos < scanner.text.length) {
    if (scanner.text[scanner.pos] === "\\") scanner.pos += 2;
    else if (!readExpansion(scanner, parts, true)) scanner.pos++;
  }
  return parts;
}
