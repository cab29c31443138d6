import type { ReportedDrill } from "../core/report.ts";

/** `1 finding`, `2 findings`. */
/** `drills: 2 proved, 1 refuted (web)`; empty where nothing was drilled. */
export function drilled(drills: readonly ReportedDrill[] = []): string {
  const parts = (["refuted", "proved", "inconclusive"] as const).flatMap(outcome => {
    const mine = drills.filter(drill => drill.outcome === outcome);
    if (mine.length === 0) return [];
    const who = outcome === "refuted" ? ` (${mine.map(({ subject }) => subject).join(", ")})` : "";
    return [`${mine.length} ${outcome}${who}`];
  });
  return parts.length === 0 ? "" : `drills: ${parts.join(", ")}`;
}

export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}

/** Text of the user's files as a terminal may show it: one cell per tab, no control characters. */
export function printable(text: string): string {
  return text
    .replace(/\t/g, " ")
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

/** Columns that a text takes in a terminal: wide characters take two, combining ones none. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const char of text) {
    if (/\p{Mn}|\p{Me}|\u200d|\ufe0f/u.test(char)) continue;
    width += isWide(char.codePointAt(0)!) ? 2 : 1;
  }
  return width;
}

function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  );
}

/** Breaks at blanks so that no line is wider than `width`; a longer word keeps a line of its own. */
export function wrap(text: string, width: number | undefined, indent = ""): string {
  if (width === undefined) return indent + text;
  const room = Math.max(20, width - indent.length);
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && displayWidth(line) + 1 + displayWidth(word) > room) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines.map(each => indent + each).join("\n");
}
