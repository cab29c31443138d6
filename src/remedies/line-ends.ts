import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { locate } from "../core/source.ts";
import type { Stack } from "../stack/stack.ts";

const attributes = ".gitattributes";
const rule = "*.sh text eol=lf";

/** The script with the line ends of Linux, and git told to keep them so on every machine. */
export function linuxLineEnds(stack: Stack, path: string): Fix | undefined {
  const source = sourceOf(stack, path);
  if (!source) return undefined;
  // Sign by sign, so that other fixes of the same lines still fit.
  const edits: Edit[] = [...source.text.matchAll(/\r(?=\n)/g)].map(({ index }) => ({
    at: locate(source, index, index + 1),
    text: "",
  }));
  const known = sourceOf(stack, attributes);
  if (path.endsWith(".sh") && !/\beol=lf\b/.test(known?.text ?? "")) {
    const end = known?.text.length ?? 0;
    const before = known && !/(?:^|\n)$/.test(known.text) ? "\n" : "";
    edits.push({ at: { file: attributes, span: { start: end, end } }, text: `${before}${rule}\n` });
  }
  return {
    title: `End the lines of ${path} as Linux does`,
    grade: "safe",
    edits,
  };
}
