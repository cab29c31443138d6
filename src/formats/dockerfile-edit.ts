import type { Edit } from "../core/fix.ts";
import type { Location, Source } from "../core/source.ts";

/** Adds instructions on lines of their own after the one that ends at `at`. Line ends are those of the file. */
export function insertAfter(source: Source, at: Location, instructions: readonly string[]): Edit {
  const eol = source.text.includes("\r\n") ? "\r\n" : "\n";
  const newline = source.text.indexOf("\n", at.span.end);
  let end = newline === -1 ? source.text.length : newline;
  if (source.text[end - 1] === "\r") end--;
  return {
    at: { file: source.path, span: { start: end, end } },
    text: instructions.map(line => eol + line).join(""),
  };
}

/** Adds a word after the text that matches within a place; undefined where it does not stand there as written. */
export function addWord(source: Source, at: Location, after: RegExp, word: string): Edit | undefined {
  const found = after.exec(source.text.slice(at.span.start, at.span.end));
  if (!found) return undefined;
  const end = at.span.start + found.index + found[0].length;
  return { at: { file: at.file, span: { start: end, end } }, text: ` ${word}` };
}
