import type { LiteralStyle } from "./shell-model.ts";

/** The offset after the `}}` of the `${{` at `start`; text in single quotes is passed over. */
export function expressionEnd(text: string, start: number): number | undefined {
  const token = /'[^']*'|\}\}/g;
  token.lastIndex = start + 3;
  for (let match = token.exec(text); match; match = token.exec(text))
    if (match[0] === "}}") return token.lastIndex;
  return undefined;
}

/** The offset of the `))` that closes an arithmetic expression whose inside starts at `start`. */
export function arithmeticEnd(text: string, start: number): number | undefined {
  let open = 0;
  for (let i = start; i < text.length; i++) {
    const char = text[i];
    if (char === "(") open++;
    else if (char === ")" && open-- === 0) return text[i + 1] === ")" ? i : undefined;
  }
  return undefined;
}

const ansiEscapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  e: "\x1b",
  a: "\x07",
  b: "\b",
  0: "\0",
};

/** The meaning of literal text: escapes resolved as its style demands. */
export function decode(raw: string, style: LiteralStyle): string {
  if (style === "single" || !raw.includes("\\")) return raw;
  if (style === "bare")
    return raw.replace(/\\(\r?\n|[\s\S]?)/g, (_, next: string) => (next.endsWith("\n") ? "" : next));
  if (style === "double")
    return raw.replace(/\\(\r?\n|[$`"\\])/g, (_, next: string) => (next.endsWith("\n") ? "" : next));
  return raw.replace(/\\([\s\S])/g, (_, next: string) => ansiEscapes[next] ?? next);
}
