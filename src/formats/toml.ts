import type { Parsed } from "../core/artifact.ts";
import type { Problem } from "../core/problem.ts";
import { type Located, type Location, locate, type Source } from "../core/source.ts";

/** A TOML value, as far as manifests use them. Dates and what is not understood are `text`. */
export type TomlValue =
  | { readonly kind: "text"; readonly value: string; readonly at: Location }
  | { readonly kind: "bool"; readonly value: boolean; readonly at: Location }
  | { readonly kind: "array"; readonly items: readonly TomlValue[]; readonly at: Location }
  | { readonly kind: "table"; readonly entries: readonly TomlEntry[]; readonly at: Location };

/** `path` holds all keys from the root: `tool.poetry.dependencies.django`. */
export interface TomlEntry {
  readonly path: readonly string[];
  readonly key: Located<string>;
  readonly value: TomlValue;
}

const deepest = 40;

/** All key-value pairs of a TOML file in order, with their full paths. Linear; never throws; a bad line is a problem. */
export function parseToml(source: Source): Parsed<readonly TomlEntry[]> {
  const reader = { source, text: source.text, at: source.text.startsWith("\ufeff") ? 1 : 0 };
  const entries: TomlEntry[] = [];
  const problems: Problem[] = [];
  let table: readonly string[] = [];
  while (reader.at < reader.text.length) {
    skip(reader, true);
    if (reader.at >= reader.text.length) break;
    const start = reader.at;
    if (reader.text[start] === "[") {
      const header = /\[\[?([^\]\n]*)\]?\]?[^\n]*/y;
      header.lastIndex = start;
      const found = header.exec(reader.text)!;
      table = keyParts(found[1]!);
      reader.at = start + found[0].length;
      continue;
    }
    const entry = pair(reader, table, 0);
    if (entry) entries.push(entry);
    else
      problems.push({
        at: locate(source, start, Math.max(reader.at, start)),
        message: "this line is not a TOML assignment",
      });
    endLine(reader);
  }
  return { model: entries, problems };
}

interface Cursor {
  readonly source: Source;
  readonly text: string;
  at: number;
}

function skip(cursor: Cursor, lines: boolean): void {
  for (; cursor.at < cursor.text.length; cursor.at++) {
    const character = cursor.text[cursor.at]!;
    if (character === "#") {
      const end = cursor.text.indexOf("\n", cursor.at);
      cursor.at = (end < 0 ? cursor.text.length : end) - 1;
    } else if (character === "\n" ? !lines : !/\s/.test(character)) return;
  }
}

function endLine(cursor: Cursor): void {
  const end = cursor.text.indexOf("\n", cursor.at);
  cursor.at = end < 0 ? cursor.text.length : end + 1;
}

const keyPart = /\s*(?:"([^"\n]*)"|'([^'\n]*)'|([\p{L}\p{N}_-]+))\s*\.?/uy;

function keyParts(text: string): string[] {
  const parts: string[] = [];
  keyPart.lastIndex = 0;
  for (let found = keyPart.exec(text); found; found = keyPart.exec(text))
    parts.push(found[1] ?? found[2] ?? found[3]!);
  return parts;
}

const keyBefore =
  /(?:"[^"\n]*"|'[^'\n]*'|[\p{L}\p{N}_-]+)(?:[ \t]*\.[ \t]*(?:"[^"\n]*"|'[^'\n]*'|[\p{L}\p{N}_-]+))*/uy;

function pair(cursor: Cursor, before: readonly string[], depth: number): TomlEntry | undefined {
  keyBefore.lastIndex = cursor.at;
  const found = keyBefore.exec(cursor.text);
  if (!found) return undefined;
  const parts = keyParts(found[0]);
  const at = locate(cursor.source, cursor.at, cursor.at + found[0].length);
  cursor.at += found[0].length;
  skip(cursor, false);
  if (cursor.text[cursor.at] !== "=") return undefined;
  cursor.at++;
  skip(cursor, false);
  const path = [...before, ...parts];
  const value = readValue(cursor, path, depth);
  return value && { path, key: { value: parts.at(-1) ?? "", at }, value };
}

function readValue(cursor: Cursor, path: readonly string[], depth: number): TomlValue | undefined {
  const start = cursor.at;
  const character = cursor.text[start];
  if (character === undefined || depth > deepest) return undefined;
  if (character === '"' || character === "'") return quoted(cursor, character);
  if (character === "[") return array(cursor, path, depth);
  if (character === "{") return table(cursor, path, depth);
  const bare = /[^\s,\]}#]+/y;
  bare.lastIndex = start;
  const word = bare.exec(cursor.text)?.[0];
  if (!word) return undefined;
  cursor.at += word.length;
  const at = locate(cursor.source, start, cursor.at);
  if (word === "true" || word === "false") return { kind: "bool", value: word === "true", at };
  return { kind: "text", value: word, at };
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", '"': '"', "\\": "\\" };

function quoted(cursor: Cursor, quote: string): TomlValue | undefined {
  const start = cursor.at;
  const long = cursor.text.startsWith(quote.repeat(3), start);
  const close = long ? quote.repeat(3) : quote;
  let end = start + close.length;
  for (; end < cursor.text.length && !cursor.text.startsWith(close, end); end++) {
    if (!long && cursor.text[end] === "\n") return undefined;
    if (quote === '"' && cursor.text[end] === "\\") end++;
  }
  if (end >= cursor.text.length) return undefined;
  const inner = cursor.text.slice(start + close.length, end);
  cursor.at = end + close.length;
  const value =
    quote === '"' ? inner.replace(/\\(.)/g, (whole, each: string) => escapes[each] ?? whole) : inner;
  return { kind: "text", value, at: locate(cursor.source, start, cursor.at) };
}

function array(cursor: Cursor, path: readonly string[], depth: number): TomlValue | undefined {
  const start = cursor.at++;
  const items: TomlValue[] = [];
  for (;;) {
    skip(cursor, true);
    if (cursor.text[cursor.at] === "]") {
      cursor.at++;
      return { kind: "array", items, at: locate(cursor.source, start, cursor.at) };
    }
    const item = readValue(cursor, path, depth + 1);
    if (!item) return undefined;
    items.push(item);
    skip(cursor, true);
    if (cursor.text[cursor.at] === ",") cursor.at++;
  }
}

function table(cursor: Cursor, path: readonly string[], depth: number): TomlValue | undefined {
  const start = cursor.at++;
  const entries: TomlEntry[] = [];
  for (;;) {
    skip(cursor, true);
    if (cursor.text[cursor.at] === "}") {
      cursor.at++;
      return { kind: "table", entries, at: locate(cursor.source, start, cursor.at) };
    }
    const entry = pair(cursor, path, depth + 1);
    if (!entry) return undefined;
    entries.push(entry);
    skip(cursor, true);
    if (cursor.text[cursor.at] === ",") cursor.at++;
  }
}
