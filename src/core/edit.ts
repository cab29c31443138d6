import type { Edit } from "./fix.ts";

/**
 * Applies edits of one file to its text. Edits are given in any order; insertions at one place keep theirs.
 * @throws RangeError when two overlap or one lies outside the text: that is a mistake of the fix's author.
 */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const sorted = [...edits].sort(
    (a, b) => a.at.span.start - b.at.span.start || a.at.span.end - b.at.span.end,
  );
  let result = "";
  let last = 0;
  for (const edit of sorted) {
    const { start, end } = edit.at.span;
    if (start < last || end < start || end > text.length)
      throw new RangeError(`edit ${start}..${end} of ${edit.at.file} overlaps or lies outside`);
    result += text.slice(last, start) + edit.text;
    last = end;
  }
  return result + text.slice(last);
}
