import type { Located, Location, Source } from "../core/source.ts";
import type { YamlMap, YamlNode, YamlPair, YamlScalar, YamlSeq } from "./yaml.ts";
import { alignedFragment } from "./yaml-fragment.ts";
import { folded, notPlain, plainOf } from "./yaml-plain-scalar.ts";

/** Where the reading stands. Between lines, `pos` is at the content of the line whose indentation is `indent`. */
interface Scan {
  readonly source: Source;
  readonly text: string;
  pos: number;
  /** Of the next line with content; -1 at the end of the text. */
  indent: number;
  /** End of the last value, with a comment on its line: there a block collection ends. */
  tail: number;
  /** Lines with nothing but a comment were passed before this one. */
  commented: boolean;
  depth: number;
}

const deepest = 60;

const plainKey = /(?:[^\s#&*!|>'"%@`,[\]{}?:~-]|[-](?=[^\s:]))[^:\n#\t\r&*]*?(?= *:(?:[ \n]|$))/y;
const quotedKey = /"[^"\\\n\t\r]*"(?= *:(?:[ \n]|$))|'[^'\n\t\r]*'(?= *:(?:[ \n]|$))/y;
const doubleQuoted = /"((?:[^"\\\n\t\r]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*)"/y;
const singleQuoted = /'((?:[^'\n\t\r]|'')*)'/y;
/** Begins with what begins nothing else, and holds no colon or number sign that could end it. */
const plainValue = /(?:[^\s#&*!|>'"%@`,[\]{}?:-]|-(?=[^\s,[\]{}]))(?:[^:#\n\t\r]|:(?=[^\s])|(?<=\S)#)*/y;
const plainInFlow = /(?:[^\s#&*!|>'"%@`,[\]{}?:-]|-(?=[^\s,[\]{}]))(?:[^:#\n\t\r,[\]{}]|:(?=[^\s,[\]{}]))*/y;
const blockHeader = /([|>])(-?)\n/y;
/**
 * Reads the YAML that nearly all deployment files are written in (block maps and lists, scalars of one line, block
 * scalars, flow collections) in one pass, and JSON. Undefined for everything else, and for everything doubtful: then the full
 * parser reads the text. Gives exactly what that would give.
 */
export function parsePlainYaml(source: Source): YamlNode | undefined {
  const scan: Scan = { source, text: source.text, pos: 0, indent: -1, tail: 0, commented: false, depth: 0 };
  try {
    const first = source.text[0];
    if (first === "{" || first === "[") {
      const root = readFlow(scan, -1);
      skipFlowSpace(scan, -1);
      return scan.pos === scan.text.length ? root : undefined;
    }
    if (source.text.startsWith("---\n")) scan.pos = 4;
    nextLine(scan);
    if (scan.indent !== 0 || startsItem(scan)) return undefined;
    const root = readMap(scan, 0);
    return isAtEnd(scan) ? root : undefined;
  } catch (error) {
    if (error !== notPlain) throw error;
    return undefined;
  }
}

function isAtEnd(scan: Scan): boolean {
  return scan.indent === -1;
}

function placeAt(scan: Scan, start: number, end: number): Location {
  return { file: scan.source.path, span: { start, end } };
}

/** From the start of a line to the content of the first one that has any. */
function nextLine(scan: Scan): void {
  const { text } = scan;
  let { pos } = scan;
  let comment = 0;
  scan.commented = false;
  for (;;) {
    const start = pos;
    while (text.charCodeAt(pos) === 0x20) pos++;
    const code = text.charCodeAt(pos);
    if (Number.isNaN(code)) {
      if (comment > 0) throw notPlain;
      scan.indent = -1;
      scan.pos = pos;
      return;
    }
    if (code === 0x0a) pos++;
    else if (code === 0x23) {
      comment = Math.max(comment, pos - start);
      scan.commented = true;
      pos = lineEnd(text, pos) + 1;
      if (pos > text.length) pos = text.length;
    } else {
      scan.indent = pos - start;
      scan.pos = pos;
      // The full parser knows to which collection a comment that stands deeper belongs.
      if (comment > scan.indent) throw notPlain;
      if (scan.indent === 0 && (text.startsWith("---", pos) || text.startsWith("...", pos))) throw notPlain;
      if (code === 0x09 || code === 0x0d || code === 0xfeff) throw notPlain;
      return;
    }
  }
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}

/** Nothing but blanks and a comment up to the line's end, which is passed. */
function endLine(scan: Scan): boolean {
  const { text } = scan;
  let { pos } = scan;
  let tail = pos;
  while (text.charCodeAt(pos) === 0x20) pos++;
  if (pos < text.length && text[pos] !== "\n") {
    if (text[pos] !== "#") return false;
    if (pos === scan.pos) throw notPlain;
    pos = lineEnd(text, pos);
    tail = pos;
    while (isBlank(text.charCodeAt(tail - 1))) tail--;
  }
  scan.tail = tail;
  scan.pos = Math.min(text.length, pos + 1);
  return true;
}

function startsItem({ text, pos }: Scan): boolean {
  return text[pos] === "-" && (text[pos + 1] === " " || text[pos + 1] === "\n" || pos + 1 === text.length);
}

function readBlock(scan: Scan): YamlNode {
  if (++scan.depth > deepest) throw notPlain;
  const node = startsItem(scan) ? readSeq(scan, scan.indent) : readMap(scan, scan.indent);
  scan.depth--;
  return node;
}

/** The map whose first key stands at `pos`, in column `indent`. */
function readMap(scan: Scan, indent: number): YamlMap {
  const entries: YamlPair[] = [];
  const seen = new Set<string>();
  do {
    if (startsItem(scan)) throw notPlain;
    const key = readKey(scan);
    if (seen.has(key.value)) throw notPlain;
    seen.add(key.value);
    const value = readValue(scan, indent);
    entries.push(pairOf(scan, key, value));
    if (scan.indent > indent) throw notPlain;
  } while (scan.indent === indent);
  const at = placeAt(scan, entries[0]!.at.span.start, scan.tail);
  return { kind: "map", entries, at, flow: false };
}

function pairOf(scan: Scan, key: Located<string>, value: YamlNode): YamlPair {
  return { key, value, at: placeAt(scan, key.at.span.start, value.at.span.end) };
}

/** The key at `pos`; passes its colon. */
function readKey(scan: Scan): Located<string> {
  const { text, pos } = scan;
  const pattern = text[pos] === '"' || text[pos] === "'" ? quotedKey : plainKey;
  pattern.lastIndex = pos;
  if (!pattern.test(text)) throw notPlain;
  const end = pattern.lastIndex;
  const written = text.slice(pos, end);
  scan.pos = text.indexOf(":", end) + 1;
  if (pattern === quotedKey) return { value: written.slice(1, -1), at: placeAt(scan, pos, end) };
  if (written === "<<" || typeof plainOf(written) !== "string") throw notPlain;
  return { value: written, at: placeAt(scan, pos, end) };
}

/** What stands after a colon, on its line or below; then stands before the next line with content. */
function readValue(scan: Scan, indent: number): YamlNode {
  const { text, pos: after } = scan;
  if (endLine(scan)) {
    nextLine(scan);
    if (scan.indent > indent) return readBlock(scan);
    if (scan.indent === indent && startsItem(scan)) return readSeq(scan, indent);
    if (scan.tail !== after || scan.commented || text[after] === " ") throw notPlain;
    return scalar(scan, null, "plain", after, after);
  }
  return readInline(scan, indent);
}

function readSeq(scan: Scan, indent: number): YamlSeq {
  const start = scan.pos;
  const items: YamlNode[] = [];
  do {
    items.push(readItem(scan, indent));
    if (scan.indent > indent) throw notPlain;
  } while (scan.indent === indent && startsItem(scan));
  return { kind: "seq", items, at: placeAt(scan, start, scan.tail), flow: false };
}

function readItem(scan: Scan, indent: number): YamlNode {
  const { text } = scan;
  scan.pos++;
  if (endLine(scan)) {
    nextLine(scan);
    if (scan.indent <= indent) throw notPlain;
    return readBlock(scan);
  }
  const dash = scan.pos - 1;
  while (text.charCodeAt(scan.pos) === 0x20) scan.pos++;
  if (!startsItem(scan) && !startsKey(scan)) return readInline(scan, indent);
  scan.indent = indent + scan.pos - dash;
  return readBlock(scan);
}

function startsKey({ text, pos }: Scan): boolean {
  const pattern = text[pos] === '"' || text[pos] === "'" ? quotedKey : plainKey;
  pattern.lastIndex = pos;
  return pattern.test(text);
}

/** A value that begins on this line, below a collection with this indentation; passes its line. */
function readInline(scan: Scan, indent: number): YamlNode {
  const { text } = scan;
  while (text.charCodeAt(scan.pos) === 0x20) scan.pos++;
  const char = text[scan.pos];
  if (char === "|" || char === ">") return readBlockScalar(scan, indent);
  const node = char === "[" || char === "{" ? readFlow(scan, indent) : readScalar(scan, plainValue);
  if (!endLine(scan)) throw notPlain;
  nextLine(scan);
  return node;
}

function readScalar(scan: Scan, plain: RegExp): YamlScalar {
  const { text, pos } = scan;
  const char = text[pos];
  const pattern = char === '"' ? doubleQuoted : char === "'" ? singleQuoted : plain;
  pattern.lastIndex = pos;
  const match = pattern.exec(text);
  if (!match) throw notPlain;
  scan.pos = pattern.lastIndex;
  if (char === '"') {
    const inner = match[1]!;
    const value = inner.includes("\\") ? (JSON.parse(match[0]) as string) : inner;
    return scalar(scan, value, "double", pos, scan.pos);
  }
  if (char === "'") return scalar(scan, match[1]!.replaceAll("''", "'"), "single", pos, scan.pos);
  const written = match[0].trimEnd();
  scan.pos = pos + written.length;
  return scalar(scan, plainOf(written), "plain", pos, scan.pos);
}

function scalar(
  scan: Scan,
  value: string | number | boolean | null,
  style: YamlScalar["style"],
  start: number,
  end: number,
): YamlScalar {
  const { source } = scan;
  const at = placeAt(scan, start, end);
  const text = value === null ? "" : String(value);
  let fragment: YamlScalar["fragment"] | undefined;
  return {
    kind: "scalar",
    value,
    at,
    style,
    text,
    get fragment() {
      fragment ??= alignedFragment(source, at, style, text);
      return fragment;
    },
  };
}

/** `|` and `>`, kept or stripped at the end; other forms are left to the full parser. */
function readBlockScalar(scan: Scan, indent: number): YamlScalar {
  const { text, pos: start } = scan;
  blockHeader.lastIndex = start;
  const header = blockHeader.exec(text);
  if (!header) throw notPlain;
  const lines: string[] = [];
  let own = -1;
  let pos = blockHeader.lastIndex;
  let end = pos;
  let count = 0;
  while (pos < text.length) {
    const newline = text.indexOf("\n", pos);
    let first = pos;
    while (text.charCodeAt(first) === 0x20) first++;
    if (first === text.length || first === newline) {
      // Blank: its further spaces would be content.
      if (first - pos > Math.max(own, 0)) throw notPlain;
      lines.push("");
    } else {
      const width = first - pos;
      if (own === -1) {
        if (width <= indent || text[first] === "\t") throw notPlain;
        own = width;
      }
      if (width < own) {
        if (width > indent && text[first] !== "#") throw notPlain;
        break;
      }
      if (newline === -1) throw notPlain;
      const line = text.slice(pos + own, newline);
      if (line.includes("\r") || (header[1] === ">" && (line[0] === " " || line[0] === "\t"))) throw notPlain;
      lines.push(line);
      count = lines.length;
      end = newline;
    }
    if (newline === -1) {
      pos = text.length;
      break;
    }
    pos = newline + 1;
  }
  if (own === -1) throw notPlain;
  lines.length = count;
  const body = header[1] === "|" ? lines.join("\n") : folded(lines);
  scan.pos = pos;
  nextLine(scan);
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  scan.tail = end;
  const value = header[2] === "-" ? body : `${body}\n`;
  return scalar(scan, value, header[1] === "|" ? "literal" : "folded", start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** Blanks and line ends inside brackets; what follows a line end stands deeper than the collection around it. */
function skipFlowSpace(scan: Scan, indent: number): void {
  const { text } = scan;
  let { pos } = scan;
  let line = -1;
  for (;;) {
    const code = text.charCodeAt(pos);
    if (code === 0x0a) line = pos + 1;
    else if (code === 0x0d || (code === 0x09 && indent >= 0)) throw notPlain;
    else if (code !== 0x20 && code !== 0x09) break;
    pos++;
  }
  if (line !== -1 && indent >= 0 && pos - line <= indent) throw notPlain;
  scan.pos = pos;
}

/** `[...]` or `{...}` at `pos`. */
function readFlow(scan: Scan, indent: number): YamlNode {
  const { text, pos: start } = scan;
  const char = text[start];
  if (char !== "[" && char !== "{") return readScalar(scan, plainInFlow);
  if (++scan.depth > deepest) throw notPlain;
  const items: YamlNode[] = [];
  const entries: YamlPair[] = [];
  const seen = new Set<string>();
  const close = char === "[" ? "]" : "}";
  scan.pos++;
  for (;;) {
    skipFlowSpace(scan, indent);
    if (text[scan.pos] === close) break;
    const node = readFlow(scan, indent);
    skipFlowSpace(scan, indent);
    if (char === "[") items.push(node);
    else {
      const key = node.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;
      const colon = text[scan.pos] === ":" && (text[scan.pos + 1] === " " || isQuoted(node));
      if (key === undefined || key === "<<" || !colon || seen.has(key)) throw notPlain;
      seen.add(key);
      scan.pos++;
      skipFlowSpace(scan, indent);
      const value = readFlow(scan, indent);
      entries.push(pairOf(scan, { value: key, at: node.at }, value));
      skipFlowSpace(scan, indent);
    }
    if (text[scan.pos] === ",") scan.pos++;
    else if (text[scan.pos] !== close) throw notPlain;
  }
  scan.pos++;
  scan.depth--;
  const at = placeAt(scan, start, scan.pos);
  return char === "[" ? { kind: "seq", items, at, flow: true } : { kind: "map", entries, at, flow: true };
}

function isQuoted(node: YamlNode): boolean {
  return node.kind === "scalar" && (node.style === "double" || node.style === "single");
}
