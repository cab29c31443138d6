import type { Fragment } from "../core/fragment.ts";
import { mappedFragment, plainFragment } from "../core/fragment.ts";
import type { Source } from "../core/source.ts";
import { isSpace } from "./dockerfile-lex.ts";

/** One physical line: `end` is before its line end, `next` after it. */
export interface PhysicalLine {
  readonly start: number;
  readonly end: number;
  readonly next: number;
}

/** Reads the lines of a file one by one; a BOM at its start belongs to no line. */
export function* physicalLines(source: Source): Generator<PhysicalLine, undefined> {
  const { text } = source;
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (start < text.length) {
    const newline = text.indexOf("\n", start);
    const next = newline === -1 ? text.length : newline + 1;
    let end = newline === -1 ? text.length : newline;
    while (end > start && text[end - 1] === "\r") end--;
    yield { start, end, next };
    start = next;
  }
}

export function skipBlanks(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(text[at])) at++;
  return at;
}

/**
 * Where the line's text ends when it goes on in the next one, else undefined: an escape that is last but for blanks,
 * and not itself escaped (BuildKit looks back one character only).
 */
export function continuationAt(
  text: string,
  start: number,
  end: number,
  escapeChar: string,
): number | undefined {
  let at = end;
  while (at > start && (text[at - 1] === " " || text[at - 1] === "\t")) at--;
  if (at === start || text[at - 1] !== escapeChar) return undefined;
  return at - 1 > start && text[at - 2] === escapeChar ? undefined : at - 1;
}

/** Several pieces of one file joined into one text that still knows where each character stands. */
export function joinPieces(source: Source, pieces: readonly { start: number; end: number }[]): Fragment {
  const only = pieces[0];
  if (!only) return plainFragment(source.path, "", 0);
  if (pieces.length === 1)
    return plainFragment(source.path, source.text.slice(only.start, only.end), only.start);
  const offsets: number[] = [];
  for (const { start, end } of pieces) for (let at = start; at < end; at++) offsets.push(at);
  offsets.push(pieces.at(-1)!.end);
  return mappedFragment(
    source.path,
    pieces.map(piece => source.text.slice(piece.start, piece.end)).join(""),
    offsets,
  );
}
