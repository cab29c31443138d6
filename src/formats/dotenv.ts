import type { Parsed } from "../core/artifact.ts";
import type { Edit } from "../core/fix.ts";
import { type Fragment, fragmentLocation, mappedFragment, plainFragment } from "../core/fragment.ts";
import type { Problem } from "../core/problem.ts";
import { type Located, type Location, locate, located, type Source } from "../core/source.ts";
import { type EnvOperator, scanTemplate, substitute } from "./dotenv-template.ts";

export type EnvQuote = "none" | "single" | "double";

export interface EnvReference {
  readonly name: string;
  readonly operator?: EnvOperator;
  readonly operand?: string;
  readonly at: Location;
}

/** One variable of an env file, read as Compose reads it (`env_file`, `--env-file`, `.env`). */
export interface EnvEntry {
  readonly name: Located<string>;
  /** Quotes and escapes are gone. Final when `references` is empty; otherwise references stay as written. */
  readonly value: Located<string>;
  /** As written, with quotes, without the comment behind it. */
  readonly raw: Located<string>;
  readonly quote: EnvQuote;
  readonly exported: boolean;
  /** True for a bare `NAME`: the value is taken from the environment of the caller. */
  readonly inherited: boolean;
  /** From the name (or `export`) to the end of the value. */
  readonly at: Location;
  /** Variables that Compose puts in. Empty in single quotes. */
  readonly references: readonly EnvReference[];
  /** The value in Compose's template syntax, where `$$` is a dollar. */
  readonly template: string;
  /** Comment lines directly above, and the one behind the value; text after `#`. */
  readonly comments: readonly Located<string>[];
}

interface Cursor {
  readonly source: Source;
  readonly entries: EnvEntry[];
  readonly problems: Problem[];
  comments: Located<string>[];
  offset: number;
}

// Compose's own idea of a blank inside a line: all of these, and no line feed.
const blanks = "\t\v\f\r \u0085\u00a0";
const nameCharacter = /[\p{L}\p{N}_.\-[\]]/u;

/**
 * Reads an env file with the semantics of Compose 2 (measured with `docker compose config`), which differ from a
 * shell's and from the npm package's: text after a closing quote starts a new statement, only ` #` starts a comment,
 * `:` separates as `=` does. Where Compose refuses the whole file, this gives a problem and goes on with the next line.
 */
export function parseDotenv(source: Source): Parsed<readonly EnvEntry[]> {
  const start = source.text.startsWith("\ufeff") ? 1 : 0;
  const cursor: Cursor = { source, entries: [], problems: [], comments: [], offset: start };
  while (toStatement(cursor)) statement(cursor);
  return { model: cursor.entries, problems: cursor.problems };
}

function isBlank(char: string | undefined): boolean {
  return char !== undefined && blanks.includes(char);
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}

/** Moves to the next statement and collects the comments on the way; false at the end of the text. */
function toStatement(cursor: Cursor): boolean {
  const { text } = cursor.source;
  let newlines = 0;
  while (cursor.offset < text.length) {
    const char = text[cursor.offset]!;
    if (char === "#") {
      const end = lineEnd(text, cursor.offset);
      cursor.comments.push(comment(cursor.source, cursor.offset + 1, end));
      cursor.offset = end;
      newlines = 0;
      continue;
    }
    if (char !== "\n" && !isBlank(char) && !/\s/.test(char)) return true;
    // A blank line parts a comment from what follows.
    if (char === "\n" && ++newlines > 1) cursor.comments = [];
    cursor.offset++;
  }
  return false;
}

function comment(source: Source, start: number, end: number): Located<string> {
  const trimmed = source.text.slice(start, end).trimEnd();
  return located(trimmed.trimStart(), locate(source, start, start + trimmed.length));
}

function problem(cursor: Cursor, start: number, end: number, message: string, hint?: string): void {
  const at = locate(cursor.source, start, Math.max(start, end));
  cursor.problems.push(hint === undefined ? { at, message } : { at, message, hint });
}

function statement(cursor: Cursor): void {
  const { source } = cursor;
  const { text } = source;
  const begin = cursor.offset;
  const exported = /^export[^\S\n]/.test(text.slice(begin, begin + 7));
  let nameStart = exported ? begin + 6 : begin;
  while (isBlank(text[nameStart])) nameStart++;
  let i = nameStart;
  for (; i < text.length; i++) {
    const char = text[i]!;
    if (char === "=" || char === ":" || char === "\n") break;
    if (isBlank(char)) continue;
    const point = String.fromCodePoint(text.codePointAt(i)!);
    if (nameCharacter.test(point)) {
      i += point.length - 1;
      continue;
    }
    problem(
      cursor,
      i,
      i + point.length,
      `Compose rejects this file: ${JSON.stringify(point)} cannot stand in a variable's name`,
    );
    cursor.offset = lineEnd(text, i);
    return;
  }
  const written = text.slice(nameStart, i).trimEnd();
  const nameEnd = nameStart + written.length;
  const name = located(written, locate(source, nameStart, nameEnd));
  if (written.includes(" ")) {
    problem(
      cursor,
      nameStart,
      nameEnd,
      "Compose rejects this file: a variable's name cannot contain a space",
    );
    cursor.offset = lineEnd(text, i);
    return;
  }
  const ends = i >= text.length || text[i] === "\n";
  if (written === "" || (ends && i >= text.length)) {
    problem(cursor, begin, Math.max(i, nameEnd), "Compose reads this as a variable without a name");
    cursor.offset = lineEnd(text, i);
    return;
  }
  if (ends) {
    pushEntry(cursor, {
      name,
      begin,
      exported,
      quote: "none",
      inherited: true,
      start: nameEnd,
      end: nameEnd,
    });
    cursor.offset = i;
    return;
  }
  let start = i + 1;
  while (isBlank(text[start])) start++;
  const quote = text[start];
  if (quote === '"' || quote === "'") quoted(cursor, name, begin, exported, start, quote);
  else unquoted(cursor, name, begin, exported, start);
}

interface Draft {
  readonly name: Located<string>;
  readonly begin: number;
  readonly exported: boolean;
  readonly quote: EnvQuote;
  readonly inherited: boolean;
  readonly start: number;
  readonly end: number;
  /** The value with escapes resolved, dollars still in template syntax. */
  readonly decoded?: Fragment;
}

function unquoted(
  cursor: Cursor,
  name: Located<string>,
  begin: number,
  exported: boolean,
  start: number,
): void {
  const { source } = cursor;
  const end = lineEnd(source.text, start);
  const line = source.text.slice(start, end);
  const hash = line.indexOf(" #");
  const value = (hash === -1 ? line : line.slice(0, hash)).replace(/[\s\u0085]+$/, "");
  if (hash !== -1) cursor.comments.push(comment(source, start + hash + 2, end));
  const decoded = plainFragment(source.path, value, start);
  pushEntry(cursor, {
    name,
    begin,
    exported,
    quote: "none",
    inherited: false,
    start,
    end: start + value.length,
    decoded,
  });
  cursor.offset = end;
}

function quoted(
  cursor: Cursor,
  name: Located<string>,
  begin: number,
  exported: boolean,
  start: number,
  quote: string,
): void {
  const { source } = cursor;
  const { text } = source;
  let close = start + 1;
  while (close < text.length && text[close] !== quote) close += text[close] === "\\" ? 2 : 1;
  if (close >= text.length) {
    const end = lineEnd(text, start);
    problem(cursor, start, end, "Compose rejects this file: this quote is never closed");
    cursor.offset = end;
    return;
  }
  const end = close + 1;
  const decoded = decodeQuoted(source, start + 1, close, quote);
  // A comment behind the value belongs to it; anything else there is the next statement, as Compose reads it.
  let after = end;
  while (isBlank(text[after])) after++;
  if (text[after] === "#") {
    const stop = lineEnd(text, after);
    cursor.comments.push(comment(source, after + 1, stop));
    cursor.offset = stop;
  } else cursor.offset = end;
  pushEntry(cursor, {
    name,
    begin,
    exported,
    quote: quote === '"' ? "double" : "single",
    inherited: false,
    start,
    end,
    decoded,
  });
}

const controls: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
};

/** The text between quotes with escapes resolved; single quotes know only their own. */
function decodeQuoted(source: Source, start: number, end: number, quote: string): Fragment {
  const { text } = source;
  const inner = text.slice(start, end);
  if (!inner.includes("\\")) return plainFragment(source.path, inner, start);
  let result = "";
  const offsets: number[] = [];
  const push = (value: string, at: number): void => {
    for (let i = 0; i < value.length; i++) offsets.push(at);
    result += value;
  };
  for (let i = start; i < end; i++) {
    if (text[i] !== "\\") {
      push(text[i]!, i);
      continue;
    }
    const next = text[i + 1]!;
    const octal = quote === '"' ? /^0[0-3][0-7]{2}/.exec(text.slice(i + 1, i + 5))?.[0] : undefined;
    if (next === quote) push(quote, i++);
    else if (octal) {
      push(String.fromCharCode(Number.parseInt(octal, 8)), i);
      i += 4;
    } else if (quote === "'") {
      push("\\", i);
      push(next, ++i);
    } else if (next === "$") {
      push("$", i);
      push("$", ++i);
    } else if (controls[next] !== undefined) push(controls[next], i++);
    // Kept as written, except that the zero of a short octal goes (Compose 2.26).
    else if (next === "0") push("\\", i++);
    else push("\\", i);
  }
  offsets.push(end);
  return mappedFragment(source.path, result, offsets);
}

function pushEntry(cursor: Cursor, draft: Draft): void {
  const { source } = cursor;
  const { name, exported, inherited, quote } = draft;
  const decoded = draft.decoded ?? plainFragment(source.path, "", draft.end);
  const references: EnvReference[] = [];
  let value = "";
  for (const piece of quote === "single" ? [] : scanTemplate(decoded.text)) {
    value += piece.kind === "reference" ? piece.raw : piece.text;
    if (piece.kind === "invalid") {
      const { span } = fragmentLocation(decoded, piece.start, piece.end);
      problem(cursor, span.start, span.end, "Compose rejects this file: this reference is not well formed");
    }
    if (piece.kind !== "reference") continue;
    const { start, end, ...rest } = piece.reference;
    references.push({ ...rest, at: fragmentLocation(decoded, start, end) });
  }
  const single = quote === "single";
  const text = source.text.slice(draft.start, draft.end);
  const at = locate(source, draft.start, draft.end);
  cursor.entries.push({
    name,
    value: located(single ? decoded.text : value, at),
    raw: located(text, at),
    quote,
    exported,
    inherited,
    at: locate(source, draft.begin, draft.end),
    references,
    template: single ? decoded.text.replaceAll("$", "$$$$") : decoded.text,
    comments: cursor.comments,
  });
  cursor.comments = [];
}

/**
 * The variables as Compose loads them: later lines win and see earlier ones, `lookup` (the caller's environment)
 * wins over both. A value is `undefined` when Compose would refuse the file because of it.
 */
export function evaluateEnv(
  entries: readonly EnvEntry[],
  lookup: (name: string) => string | undefined = () => undefined,
): ReadonlyMap<string, string | undefined> {
  const values = new Map<string, string | undefined>();
  for (const entry of entries) {
    const name = entry.name.value;
    if (entry.inherited) {
      const value = lookup(name);
      if (value !== undefined) values.set(name, value);
      continue;
    }
    values.set(
      name,
      substitute(entry.template, key => lookup(key) ?? values.get(key)),
    );
  }
  return values;
}

/** How to write a value so that Compose reads exactly it; `bare` forbids the unquoted form. */
export function quoteEnvValue(value: string, bare = true): string {
  const plain = /^[^\s"'#$\\][^\n\r$]*$/.test(value) && !value.includes(" #") && !/[\s\u0085]$/.test(value);
  if (bare && (plain || value === "") && !value.startsWith("\u0085")) return value;
  if (!/['\\\n\r]/.test(value) && /["$]/.test(value)) return `'${value}'`;
  const escaped = value
    .replace(/[\\"$]/g, "\\$&")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r");
  return `"${escaped}"`;
}

/**
 * Edits that make `name` have exactly `value`; every other byte stays. The last assignment is the one that counts and
 * the one that is changed; a variable that is absent is appended.
 */
export function setValue(source: Source, name: string, value: string): Edit[] {
  const { text } = source;
  const entry = parseDotenv(source).model.findLast(candidate => candidate.name.value === name);
  if (!entry) {
    const eol = text.includes("\r\n") ? "\r\n" : "\n";
    const lead = text === "" || text === "\ufeff" || text.endsWith("\n") ? "" : eol;
    const at = locate(source, text.length, text.length);
    return [{ at, text: `${lead}${name}=${quoteEnvValue(value)}${eol}` }];
  }
  const { span } = entry.raw.at;
  const rest = text.slice(span.end, lineEnd(text, span.end));
  const followed = rest.trim() !== "";
  // Only a blank and a hash may follow a bare value; behind anything else it would grow.
  const bare =
    !followed || (value !== "" && / #/.test(rest) && rest.slice(0, rest.indexOf(" #")).trim() === "");
  const written = quoteEnvValue(value, bare);
  return [{ at: entry.raw.at, text: entry.inherited ? `=${written}` : written }];
}
