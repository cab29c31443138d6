import type { Edit } from "../core/fix.ts";
import type { Location, Source } from "../core/source.ts";
import { parseYaml, type YamlMap, type YamlNode, type YamlPair, type YamlSeq } from "./yaml.ts";

/**
 * Adds `lines` (the first one is `key: value`; further ones are relative to it) to a block mapping, after the last
 * of the keys in `after` that is there, else at its end. Undefined where a line cannot be added: flow mappings, and
 * mappings whose entries all come from elsewhere.
 */
export function addPair(
  source: Source,
  map: YamlMap,
  lines: readonly string[],
  after: readonly string[] = [],
): Edit | undefined {
  const own = ownEntries(source, map);
  if (map.flow || own.length === 0) return undefined;
  const anchor = own.filter(entry => after.includes(entry.key.value)).at(-1) ?? own.at(-1)!;
  const indent = indentOf(source, own[0]!.key.at.span.start);
  if (indent === undefined) return undefined;
  return insertAfter(source, pastOwnComments(source, anchor.at.span.end, indent), indent, lines);
}

/** Comments in the next lines that stand deeper than the keys are about the value above them. */
function pastOwnComments(source: Source, offset: number, indent: string): number {
  let end = offset;
  for (;;) {
    const newline = source.text.indexOf("\n", end);
    const comment = newline === -1 ? null : /^\n( +)#[^\n]*/.exec(source.text.slice(newline));
    if (!comment || comment[1]!.length <= indent.length) return end;
    end = newline + comment[0].length;
  }
}

/** Adds an item to a block or flow sequence, as its last one. */
export function addItem(source: Source, seq: YamlSeq, text: string): Edit | undefined {
  const last = seq.items.at(-1);
  if (!last || last.at.file !== source.path) return undefined;
  if (seq.flow)
    return {
      at: { file: source.path, span: { start: last.at.span.end, end: last.at.span.end } },
      text: `, ${text}`,
    };
  const lineStart = source.text.lastIndexOf("\n", last.at.span.start - 1) + 1;
  const dash = /^[ \t]*-/.exec(source.text.slice(lineStart, last.at.span.start));
  if (!dash) return undefined;
  return insertAfter(source, last.at.span.end, dash[0].slice(0, -1), [`- ${text}`]);
}

/**
 * Adds a scalar at a path of block mappings, the missing ones with it: `["deploy", "resources"]` below a service.
 * Undefined where a part of the path is there already as something else, or comes from an anchor.
 */
export function addPath(
  source: Source,
  map: YamlMap,
  path: readonly string[],
  value: string,
  after: readonly string[] = [],
): Edit | undefined {
  const [key, ...rest] = path as [string, ...string[]];
  const there = map.entries.find(entry => entry.key.value === key);
  if (!there && map.flow) return addFlowPair(source, map, path, value);
  if (!there) {
    const lines = path.map((name, depth) => `${"  ".repeat(depth)}${name}:`);
    return addPair(source, map, [...lines.slice(0, -1), `${lines.at(-1)!} ${value}`], after);
  }
  const own = ownEntries(source, map).includes(there) && there.value.at.span.end <= map.at.span.end;
  if (!own || rest.length === 0 || there.value.kind !== "map") return undefined;
  return isShared(source, there.value) ? undefined : addPath(source, there.value, rest, value);
}

/** `{ a: 1 }` becomes `{ a: 1, b: { c: 2 } }`. */
function addFlowPair(source: Source, map: YamlMap, path: readonly string[], value: string): Edit | undefined {
  const last = ownEntries(source, map).at(-1);
  // What a merge key or an alias brings has no end in the brackets to be followed.
  if (!last || last.value.at.span.end > map.at.span.end || last.value.at.file !== source.path)
    return undefined;
  if (ownEntries(source, map).length !== map.entries.length) return undefined;
  const { end } = last.at.span;
  const text = path.map(name => `${name}: `).join("{ ") + value + " }".repeat(path.length - 1);
  return { at: { file: source.path, span: { start: end, end } }, text: `, ${text}` };
}

/** Whether a node has an anchor that an alias or a merge key of the file brings to other places. */
export function isShared(source: Source, node: YamlNode): boolean {
  const before = source.text.slice(0, node.at.span.start);
  // Comments may stand between the anchor and the first key.
  const anchor = /&([^\s,[\]{}]+)[ \t]*(?:#[^\r\n]*)?(?:\r?\n[ \t]*(?:#[^\r\n]*)?)*$/.exec(before)?.[1];
  if (anchor === undefined) return false;
  const alias = anchor.replace(/[.*+?^$()|\\]/g, "\\$&");
  return new RegExp(`\\*${alias}(?=[\\s,\\]}]|$)`).test(source.text);
}

/** Puts `text` in place of a node's own text. */
export function replaceNode(node: YamlNode, text: string): Edit {
  return { at: node.at, text };
}

/** Takes a pair out with its lines. Undefined when it shares a line with something else. A comment in them stays. */
export function removePair(source: Source, pair: YamlPair): Edit | undefined {
  const start = source.text.lastIndexOf("\n", pair.at.span.start - 1) + 1;
  if (source.text.slice(start, pair.at.span.start).trim() !== "" || pair.at.file !== source.path)
    return undefined;
  const newline = source.text.indexOf("\n", pair.at.span.end);
  const end = newline === -1 ? source.text.length : newline + 1;
  const rest = source.text.slice(pair.at.span.end, newline === -1 ? end : newline).trim();
  if (rest !== "" && !rest.startsWith("#")) return undefined;
  // What another place borrows from it cannot go.
  const lent = [...source.text.slice(start, end).matchAll(/(?<=[\s:])&([\w-]+)/g)].map(([, name]) => name!);
  if (lent.some(name => new RegExp(`\\*${name}(?![\\w-])`).test(source.text))) return undefined;
  return withoutLines(source, start, end);
}

/** A text as a scalar that reads as the same text in block style: in quotes where it would be something else. */
export function scalarText(text: string): string {
  const special = /^[\s\-?:,[\]{}#&*!|>'"%@`]|: | #|[:\s]$|^$|[\n\t]/.test(text);
  const typed =
    /^(?:true|false|null|yes|no|on|off|~|[-+]?[\d._]+(?:e[-+]?\d+)?|0[xob][\da-f]+|\.(?:inf|nan))$/i.test(
      text,
    );
  return special || typed ? JSON.stringify(text) : text;
}

/**
 * Takes whole lines out, `end` standing behind the line end. Lines with a comment are commented out instead: what
 * people wrote is theirs to delete. The line end before them goes and the one behind them stays, so that the same fix
 * can put something in behind them.
 */
export function withoutLines(source: Source, start: number, end: number): Edit {
  const last = end - /(?:\r?\n)?$/.exec(source.text.slice(start, end))![0].length;
  const lines = source.text.slice(start, last);
  const isRemark = /(?:^|\s)#/.test(lines);
  const before = /(?:\r?\n)?$/.exec(source.text.slice(0, start))![0].length;
  const span =
    isRemark || before === 0 ? { start, end: isRemark ? last : end } : { start: start - before, end: last };
  const text = isRemark ? lines.replace(/^([ \t]*)(?=[^\s#])/gm, "$1# ") : "";
  return { at: { file: source.path, span }, text };
}

/** Takes an item of a block sequence out with its lines. Undefined when it shares a line with something else. */
export function removeItem(source: Source, seq: YamlSeq, item: YamlNode): Edit | undefined {
  if (seq.flow || item.at.file !== source.path || seq.items.length < 2) return undefined;
  const start = source.text.lastIndexOf("\n", item.at.span.start - 1) + 1;
  const newline = source.text.indexOf("\n", item.at.span.end);
  const end = newline === -1 ? source.text.length : newline + 1;
  const rest = source.text.slice(item.at.span.end, newline === -1 ? end : newline).trim();
  // A comment would go with the item.
  if (!/^[ \t]*-[ \t]+$/.test(source.text.slice(start, item.at.span.start)) || rest !== "") return undefined;
  return withoutLines(source, start, end);
}

/** The entries that are written inside the mapping itself, not brought in by a merge key. */
function ownEntries(source: Source, map: YamlMap): readonly YamlPair[] {
  return map.entries.filter(
    entry =>
      entry.at.file === source.path &&
      entry.at.span.start >= map.at.span.start &&
      entry.at.span.end <= map.at.span.end,
  );
}

/** Where the line of an offset starts. */
export function lineStartOf(source: Source, offset: number): number {
  return source.text.lastIndexOf("\n", offset - 1) + 1;
}

/** Nothing but a comment follows on the line. */
export function endsLine(source: Source, offset: number): boolean {
  return /^[ \t]*(?:\r?\n|$|#)/.test(source.text.slice(offset));
}

function indentOf(source: Source, offset: number): string | undefined {
  const start = source.text.lastIndexOf("\n", offset - 1) + 1;
  const indent = source.text.slice(start, offset).replace(/^﻿/, "");
  return /^[ ]*$/.test(indent) ? indent : /^[ ]*- +$/.test(indent) ? " ".repeat(indent.length) : undefined;
}

/** Adds lines below the line in which an offset stands, its comment included. */
export function insertAfter(source: Source, offset: number, indent: string, lines: readonly string[]): Edit {
  const newline = source.text.indexOf("\n", offset);
  let end = newline === -1 ? source.text.length : newline;
  if (source.text[end - 1] === "\r") end--;
  const eol = source.text.includes("\r\n") ? "\r\n" : "\n";
  const text = lines.map(line => eol + (line === "" ? "" : indent + line)).join("");
  return { at: { file: source.path, span: { start: end, end } }, text };
}

/** The top node of a file with one document. Undefined in a broken file, where places are guesses. */
export function rootOf(source: Source): YamlNode | undefined {
  const { model, problems } = parseYaml(source);
  return problems.length === 0 && model.length === 1 ? model[0]!.root : undefined;
}

/** The innermost node that is written at a place, for a model that keeps places and not the tree. */
export function nodeAt(source: Source, at: Location): YamlNode | undefined {
  const root = rootOf(source);
  const open = root ? [root] : [];
  let found: YamlNode | undefined;
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.at.span.start === at.span.start && node.at.span.end === at.span.end) found = node;
    const below =
      node.kind === "map" ? node.entries.map(entry => entry.value) : node.kind === "seq" ? node.items : [];
    open.push(
      ...below.filter(
        each =>
          each.at.file === at.file && each.at.span.start <= at.span.start && at.span.end <= each.at.span.end,
      ),
    );
  }
  return found;
}
