import type { Edit } from "../core/fix.ts";
import { locate, type Source } from "../core/source.ts";
import type { YamlNode, YamlPair, YamlSeq } from "./yaml.ts";
import { endsLine, insertAfter, lineStartOf, removePair, withoutLines } from "./yaml-edit.ts";

/**
 * Turns a list of names into a mapping of these names, with lines below each: comments stay where they are. Undefined
 * for a flow list over several lines, and for items that are no plain names, each on a line of its own.
 */
export function listToMap(
  source: Source,
  seq: YamlSeq,
  linesOf: (name: string) => readonly string[],
): Edit[] | undefined {
  const names = seq.items.map(item => (item.kind === "scalar" ? item.text : ""));
  if (names.length === 0 || new Set(names).size < names.length) return undefined;
  if (!names.every(name => /^[A-Za-z_][\w.-]*$/.test(name))) return undefined;
  return seq.flow ? flowToMap(source, seq, names, linesOf) : blockToMap(source, seq, names, linesOf);
}

type LinesOf = (name: string) => readonly string[];

function flowToMap(
  source: Source,
  seq: YamlSeq,
  names: readonly string[],
  linesOf: LinesOf,
): Edit[] | undefined {
  const { start, end } = seq.at.span;
  const before = source.text.slice(lineStartOf(source, start), start);
  const key = /^( *)[\w-]+:([ \t]+)$/.exec(before);
  if (!key || source.text.slice(start, end).includes("\n") || !endsLine(source, end)) return undefined;
  const lines = names.flatMap(name => [`${name}:`, ...linesOf(name).map(line => `  ${line}`)]);
  return [
    { at: locate(source, start - key[2]!.length, end), text: "" },
    insertAfter(source, end, `${key[1]}  `, lines),
  ];
}

function blockToMap(
  source: Source,
  seq: YamlSeq,
  names: readonly string[],
  linesOf: LinesOf,
): Edit[] | undefined {
  const edits: Edit[] = [];
  for (const [index, item] of seq.items.entries()) {
    const { start, end } = item.at.span;
    const line = lineStartOf(source, start);
    const dash = /^( *)- +$/.exec(source.text.slice(line, start));
    if (!dash || item.at.file !== source.path || !endsLine(source, end)) return undefined;
    // A list may stand at its key's own indentation, a mapping may not.
    const deeper = dash[1]!.length <= keyIndent(source, seq) ? "  " : "";
    const indent = `${dash[1]}${deeper}`;
    edits.push(
      { at: locate(source, line, end), text: `${indent}${names[index]}:` },
      insertAfter(source, end, `${indent}  `, linesOf(names[index]!)),
    );
  }
  return edits;
}

/** The indentation of the key that a block list belongs to: the last line above that is neither blank nor a comment. */
function keyIndent(source: Source, seq: YamlSeq): number {
  const above = source.text.slice(0, lineStartOf(source, seq.at.span.start)).split("\n");
  const key = above.findLast(line => !/^\s*(?:#|$)/.test(line)) ?? "";
  return /^ */.exec(key)![0].length;
}

/** Takes items out of a block list with their lines, or the whole pair when they are all that it has. Comments stay. */
export function removeItems(source: Source, pair: YamlPair, items: readonly YamlNode[]): Edit[] | undefined {
  const { value } = pair;
  if (value.kind !== "seq" || value.flow) return undefined;
  if (value.items.length === items.length) {
    const edit = removePair(source, pair);
    return edit && [edit];
  }
  const edits = items.flatMap(item => lineOf(source, item) ?? []);
  return edits.length === items.length ? edits : undefined;
}

/** The edit that takes out the lines of an item that shares them with nothing else. */
function lineOf(source: Source, item: YamlNode): Edit | undefined {
  if (item.at.file !== source.path) return undefined;
  const { start, end } = item.at.span;
  const line = lineStartOf(source, start);
  if (!/^ *- +$/.test(source.text.slice(line, start)) || !endsLine(source, end)) return undefined;
  const newline = source.text.indexOf("\n", end);
  return withoutLines(source, line, newline === -1 ? source.text.length : newline + 1);
}
