import { printable } from "./words.ts";

/** Inline code for any text, also one with backticks; nothing for no text. */
export function code(text: string): string {
  const shown = printable(text);
  if (shown === "") return "";
  const longest = Math.max(0, ...(shown.match(/`+/g) ?? []).map(ticks => ticks.length));
  const ticks = "`".repeat(longest + 1);
  const pad = /^`|`$/.test(shown) ? " " : "";
  return ticks + pad + shown + pad + ticks;
}

/** A sentence of the report: what it quotes in backticks stays code, the rest cannot become markup. */
export function prose(text: string): string {
  return printable(text.replace(/\r?\n/g, " "))
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/[\\*_[\]<>#|~]/g, "\\$&")))
    .join("");
}

export function fence(language: string, text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(ticks => ticks.length));
  const ticks = "`".repeat(longest + 1);
  const shown = text.split("\n").map(printable).join("\n");
  return `${ticks}${language}\n${shown}\n${ticks}`;
}

/** Cells may hold inline markup; a pipe in one is escaped once more than in prose. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map(cell => cell.replace(/(?<!\\)\|/g, "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
