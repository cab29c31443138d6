import type { Edit } from "../core/fix.ts";
import { locate, type Source } from "../core/source.ts";

/**
 * Adds lines at the end of an env file, with its own line ends; creates a file that is absent. `path` is used where
 * there is no source.
 */
export function appendLines(path: string, source: Source | undefined, lines: readonly string[]): Edit {
  const text = source?.text ?? "";
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const gap = text === "" || text.endsWith("\n") ? "" : eol;
  const place = locate({ path, text }, text.length, text.length);
  return { at: place, text: gap + lines.map(line => line + eol).join("") };
}

/** Adds lines at the end as a paragraph of their own: what stands above them is about something else. */
export function appendParagraph(path: string, source: Source | undefined, lines: readonly string[]): Edit {
  const isApart = !source || source.text.trim() === "" || /\n[ \t]*\r?\n$/.test(source.text);
  return appendLines(path, source, isApart ? lines : ["", ...lines]);
}

/** `NAME=value` as Compose reads it back; undefined for a value that no quotes can hold. */
export function assignment(name: string, value: string): string | undefined {
  if (/^[\w./:@%+=-]*$/.test(value)) return `${name}=${value}`;
  return /['\n\r\\]/.test(value) ? undefined : `${name}='${value}'`;
}
