/** A half-open range of UTF-16 offsets in one file's text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A span in a file. `file` is relative to the audited root, with forward slashes. */
export interface Location {
  readonly file: string;
  readonly span: Span;
}

/** A value that knows where it is written. */
export interface Located<T> {
  readonly value: T;
  readonly at: Location;
}

/** One file's text. Only this module turns offsets into lines and columns. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Lines and columns, both from 1; columns count UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

const lineStarts = new WeakMap<Source, number[]>();

function startsOf(source: Source): number[] {
  let starts = lineStarts.get(source);
  if (!starts) {
    starts = [0];
    for (let i = source.text.indexOf("\n"); i !== -1; i = source.text.indexOf("\n", i + 1))
      starts.push(i + 1);
    lineStarts.set(source, starts);
  }
  return starts;
}

/** Where an offset stands. Offsets outside the text are clamped to it. */
export function positionAt(source: Source, offset: number): Position {
  const starts = startsOf(source);
  const clamped = Math.max(0, Math.min(offset, source.text.length));
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= clamped) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: clamped - starts[low]! + 1 };
}

/** The offset at which a line (from 1) starts; the text's length for a line past the end. */
export function lineStart(source: Source, line: number): number {
  return startsOf(source)[line - 1] ?? source.text.length;
}

/** A line's text without its line end. */
export function lineText(source: Source, line: number): string {
  return source.text.slice(lineStart(source, line), lineStart(source, line + 1)).replace(/\r?\n$/, "");
}

export function locate(source: Source, start: number, end: number): Location {
  return { file: source.path, span: { start, end } };
}

export function located<T>(value: T, at: Location): Located<T> {
  return { value, at };
}
