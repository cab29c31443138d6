import { type Located, locate, type Source } from "../core/source.ts";

const assigned = /(\w+)\s*(?::=|=)\s*os\.$/;

/**
 * The literal that a Go program takes when `os.Getenv("X")` gives nothing: `if x == "" { x = "literal" }` behind it, or
 * a `return` of one. `end` is where the read ends, before its closing parenthesis.
 */
export function goDefault(source: Source, start: number, end: number): Located<string> | undefined {
  const { text } = source;
  const name = assigned.exec(text.slice(Math.max(0, start - 80), start))?.[1];
  if (name === undefined) return undefined;
  const rest = text.slice(end, end + 240);
  const found = new RegExp(
    String.raw`^\s*\)\s*;?\s*if\s+(?:len\(${name}\)\s*==\s*0|${name}\s*==\s*"")\s*\{\s*(?:(?:log|slog|fmt|logger)\.\w+\([^\n]*\)\s*)?(?:${name}\s*=|return)\s*(?:\[\]byte\()?"([^"\\\n]*)"`,
  ).exec(rest);
  if (!found) return undefined;
  const stop = end + found.index + found[0].length - 1;
  return { value: found[1]!, at: locate(source, stop - found[1]!.length, stop) };
}
