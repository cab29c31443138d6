import type { Location } from "./source.ts";

/**
 * Text of one language inside a file of another (a RUN line, a `run:` block, a heredoc), with the way back:
 * continuations and indentation are gone from `text`, yet every offset still finds its place in the file.
 */
export interface Fragment {
  readonly file: string;
  readonly text: string;
  /** File offset of `text[offset]`; `text.length` gives the end of the last character. */
  toFile(offset: number): number;
}

/** The whole or a contiguous part of a file. */
export function plainFragment(file: string, text: string, start = 0): Fragment {
  return { file, text, toFile: offset => start + Math.min(Math.max(offset, 0), text.length) };
}

/** A fragment from a table with one file offset per character, plus one for the end. */
export function mappedFragment(file: string, text: string, offsets: readonly number[]): Fragment {
  return { file, text, toFile: offset => offsets[Math.min(Math.max(offset, 0), text.length)] ?? 0 };
}

/** A part of a fragment, as a fragment. */
export function sliceFragment(fragment: Fragment, start: number, end: number): Fragment {
  const text = fragment.text.slice(start, end);
  return {
    file: fragment.file,
    text,
    toFile: offset => fragment.toFile(start + Math.min(Math.max(offset, 0), text.length)),
  };
}

/** Where a range of the fragment's text stands in the file. */
export function fragmentLocation(fragment: Fragment, start: number, end: number): Location {
  const from = fragment.toFile(start);
  // The end is taken from the last character, so that a continuation after it is not included.
  const to = end > start ? fragment.toFile(end - 1) + 1 : from;
  return { file: fragment.file, span: { start: from, end: Math.max(from, to) } };
}
