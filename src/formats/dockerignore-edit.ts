import type { Edit } from "../core/fix.ts";
import type { Source } from "../core/source.ts";

/** Adds lines at the end, where they count more than all before them. Line ends are those of the file. */
export function appendLines(source: Source, lines: readonly string[]): Edit {
  const eol = source.text.includes("\r\n") ? "\r\n" : "\n";
  const end = source.text.length;
  const isOpen = end > 0 && !source.text.endsWith("\n");
  return {
    at: { file: source.path, span: { start: end, end } },
    text: (isOpen ? eol : "") + lines.map(line => line + eol).join(""),
  };
}
