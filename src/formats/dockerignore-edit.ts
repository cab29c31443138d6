import type { Edit } from "../core/fix.ts";
import type { Source } from "../core/source.ts";

/**
 * Adds lines at the end, where they count more than all before them, as a paragraph of their own that says why. Line
 * ends are those of the file.
 */
export function appendLines(source: Source, why: string, lines: readonly string[]): Edit {
  const { text, path } = source;
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const end = text.length;
  const isOpen = end > 0 && !text.endsWith("\n");
  const isApart = text.trim() === "" || /\n[ \t]*\r?\n$/.test(text);
  const added = [...(isApart ? [] : [""]), `# ${why}`, ...lines];
  return {
    at: { file: path, span: { start: end, end } },
    text: (isOpen ? eol : "") + added.map(line => line + eol).join(""),
  };
}
