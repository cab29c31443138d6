import type { LiteralPart, Word } from "./shell-model.ts";
import { placeOf, type Scanner } from "./shell-scanner.ts";

/** Nothing that means anything in any mode: passed in one go. */
export const ordinary = /[\w./:=+,@%~^-]+/y;
export const ordinaryInQuotes = /[^"\\$`]+/y;

/** Most words are one run of ordinary characters, or one run in double quotes: they need no other reading. */
export function readPlainWord(scanner: Scanner, mode: "plain" | "test"): Word | undefined {
  const { text, pos: start } = scanner;
  const quoted = text[start] === '"';
  const from = quoted ? start + 1 : start;
  const run = quoted ? ordinaryInQuotes : ordinary;
  run.lastIndex = from;
  if (!run.test(text)) return undefined;
  const to = run.lastIndex;
  if (quoted && text[to] !== '"') return undefined;
  const end = quoted ? to + 1 : to;
  const next = text[end];
  const ended = next === undefined || next === " " || next === "\n" || next === ";" || next === "\t";
  if (!ended && !(mode === "plain" && (next === ")" || next === "|" || next === "&"))) return undefined;
  scanner.pos = end;
  const value = text.slice(from, to);
  const at = placeOf(scanner, start, end);
  const part: LiteralPart = quoted
    ? {
        kind: "literal",
        value,
        style: "double",
        quoted,
        start: from,
        end: to,
        at: placeOf(scanner, from, to),
      }
    : { kind: "literal", value, style: "bare", quoted, start, end, at };
  return { text: quoted ? text.slice(start, end) : value, value, parts: [part], quoted, start, end, at };
}
