import { type Fragment, mappedFragment } from "../core/fragment.ts";
import type { Location, Source } from "../core/source.ts";

const escapeLengths: Record<string, number> = { x: 4, u: 6, U: 10 };

/** Maps each character of a decoded scalar to its place: both texts are walked together, indentation is skipped. */
export function alignedFragment(
  source: Source,
  at: Location,
  style: "plain" | "single" | "double" | "literal" | "folded",
  text: string,
): Fragment {
  const raw = source.text;
  const limit = at.span.end;
  let i = at.span.start;
  if (style === "literal" || style === "folded")
    i = Math.min(limit, indexOrEnd(raw.indexOf("\n", i), limit) + 1);
  else if (style !== "plain") i++;
  const offsets: number[] = [];
  for (let k = 0; k < text.length; k++) {
    const c = text[k]!;
    const blank = c === " " || c === "\n" || c === "\t";
    if (!blank) while (i < limit && raw[i] !== c && isSpace(raw.charCodeAt(i))) i++;
    // A character always stands before the end, also where the two texts cannot be laid side by side.
    offsets.push(Math.min(i, Math.max(at.span.start, limit - 1)));
    if (style === "double" && raw[i] === "\\" && !(raw[i] === c && raw[i + 1] !== "\\")) {
      i += escapeLengths[raw[i + 1] ?? ""] ?? 2;
      continue;
    }
    if (style === "single" && c === "'" && raw[i] === "'" && raw[i + 1] === "'") {
      i += 2;
      continue;
    }
    if (raw[i] === c) i++;
    else if (c === "\n" && raw[i] === "\r") i += 2;
    else if (blank && isSpace(raw.charCodeAt(i))) i++;
  }
  offsets.push(Math.min(i, limit));
  return mappedFragment(at.file, text, offsets);
}

function indexOrEnd(index: number, end: number): number {
  return index === -1 ? end : index;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
