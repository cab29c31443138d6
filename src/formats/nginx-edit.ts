import type { Edit } from "../core/fix.ts";
import type { Location, Source } from "../core/source.ts";
import type { NginxDirective } from "./nginx.ts";

/**
 * Whether a directive stands in this file as it was read: not in an included file, and not in a part of a template that
 * a value was put into. Only such a place can be edited.
 */
export function isVerbatim(source: Source, directive: NginxDirective): boolean {
  const { at, name, args, block } = directive;
  if (at.file !== source.path || at.span.end > source.text.length) return false;
  const text = source.text.slice(at.span.start, at.span.end);
  if (!text.endsWith(block ? "}" : ";")) return false;
  return [name.at, ...args.map(arg => arg.at)].every(
    place =>
      place.span.end > place.span.start &&
      place.span.start >= at.span.start &&
      place.span.end <= at.span.end &&
      (place === name.at
        ? source.text.slice(place.span.start, place.span.end) === name.value
        : args.some(
            arg => arg.at === place && source.text.slice(place.span.start, place.span.end) === arg.raw,
          )),
  );
}

/** Adds directives on lines of their own behind one, or on its line where other things follow there. */
export function addAfter(
  source: Source,
  directive: NginxDirective,
  lines: readonly string[],
): Edit | undefined {
  if (!isVerbatim(source, directive)) return undefined;
  const { text } = source;
  const { start, end } = directive.at.span;
  const indent = indentBefore(text, start);
  const rest = /^[ \t]*(?:#[^\r\n]*)?(?=\r?$)/.exec(text.slice(end, lineEnd(text, end)));
  if (indent === undefined || !rest) return onLine(source, directive.at, end, lines);
  return insert(
    source,
    end + rest[0].length,
    lines.map(line => eolOf(text) + (line && indent + line)).join(""),
  );
}

/** Adds directives on lines of their own before one, with the comment lines that belong to it left on it. */
export function addBefore(
  source: Source,
  directive: NginxDirective,
  lines: readonly string[],
): Edit | undefined {
  if (!isVerbatim(source, directive)) return undefined;
  const { text } = source;
  const { start } = directive.at.span;
  const indent = indentBefore(text, start);
  if (indent === undefined)
    return lines.some(line => line.startsWith("#"))
      ? undefined
      : insert(source, start, `${lines.join(" ")} `);
  let at = start - indent.length;
  for (let before = commentLine(text, at); before !== undefined; before = commentLine(text, at)) at = before;
  return insert(source, at, lines.map(line => (line && indent + line) + eolOf(text)).join(""));
}

/** Adds directives as the first of a block. */
export function addFirst(source: Source, block: NginxDirective, lines: readonly string[]): Edit | undefined {
  const first = block.block?.find(each => isInside(block, each));
  if (!block.open || !block.close || !isVerbatim(source, block)) return undefined;
  const { text } = source;
  const { end } = block.open.span;
  const rest = /^[ \t]*(?:#[^\r\n]*)?(?=\r?\n)/.exec(text.slice(end));
  const own = indentBefore(text, block.at.span.start);
  if (!rest || own === undefined) return onLine(source, block.at, end, lines);
  const indent = (first && indentBefore(text, first.at.span.start)) ?? `${own}    `;
  return insert(
    source,
    end + rest[0].length,
    lines.map(line => eolOf(text) + (line && indent + line)).join(""),
  );
}

/** Takes a directive out with its line; undefined where it shares the line with something else. */
export function removeDirective(source: Source, directive: NginxDirective): Edit | undefined {
  if (!isVerbatim(source, directive)) return undefined;
  const { text } = source;
  const { start, end } = directive.at.span;
  const indent = indentBefore(text, start);
  const stop = lineEnd(text, end);
  if (indent === undefined || text.slice(end, stop).trim() !== "") return undefined;
  const span = { start: start - indent.length, end: text[stop] === "\n" ? stop + 1 : stop };
  return { at: { file: source.path, span }, text: "" };
}

/** Puts other words behind a directive's name. */
export function replaceArgs(source: Source, directive: NginxDirective, words: string): Edit | undefined {
  const [first, last] = [directive.args[0], directive.args.at(-1)];
  if (!first || !last || !isVerbatim(source, directive)) return undefined;
  // A comment between the words would be lost.
  const { start } = first.at.span;
  const { end } = last.at.span;
  if (/#[^\n]*\n/.test(source.text.slice(start, end))) return undefined;
  return { at: { file: source.path, span: { start, end } }, text: words };
}

function onLine(source: Source, at: Location, offset: number, lines: readonly string[]): Edit | undefined {
  // A comment would swallow what follows on the line.
  if (lines.some(line => line.startsWith("#")) || at.file !== source.path) return undefined;
  return insert(source, offset, lines.map(line => ` ${line}`).join(""));
}

function insert(source: Source, offset: number, text: string): Edit {
  return { at: { file: source.path, span: { start: offset, end: offset } }, text };
}

function isInside(block: NginxDirective, inner: NginxDirective): boolean {
  return (
    inner.at.file === block.at.file &&
    inner.at.span.start >= block.at.span.start &&
    inner.at.span.end <= block.at.span.end
  );
}

/** The blanks before an offset, when nothing else stands before it on its line. */
function indentBefore(text: string, offset: number): string | undefined {
  const before = text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset).replace(/^\ufeff/, "");
  return /^[ \t]*$/.test(before) ? before : undefined;
}

function lineEnd(text: string, offset: number): number {
  const newline = text.indexOf("\n", offset);
  return newline === -1 ? text.length : newline;
}

/** Where the comment line starts that ends just before a line's start. */
function commentLine(text: string, start: number): number | undefined {
  if (start === 0) return undefined;
  const before = text.lastIndexOf("\n", start - 2) + 1;
  return /^[ \t]*#/.test(text.slice(before, start)) ? before : undefined;
}

function eolOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}
