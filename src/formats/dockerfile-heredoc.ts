import type { Fragment } from "../core/fragment.ts";
import { isSpace, lex } from "./dockerfile-lex.ts";

/** A here-document as it is announced in an instruction, before its body is read. */
export interface HeredocMark {
  readonly delimiter: string;
  /** False when the delimiter is quoted: the body is then taken literally. */
  readonly expand: boolean;
  /** `<<-`: tabs at the start of each line are dropped. */
  readonly chomp: boolean;
  readonly fileDescriptor: number;
}

const options = { escape: "\\", lookup: () => null };

/** Reads one word as a heredoc announcement, or nothing. */
export function heredocMark(word: string): HeredocMark | undefined {
  const match = /^(\d*)<<(-?)([^<]*)$/.exec(word);
  if (!match) return undefined;
  let start = 0;
  const rest = match[3]!;
  while (isSpace(rest[start])) start++;
  const name = rest.slice(start);
  if (name === "") return undefined;
  const plain = lex(name, options);
  const raw = lex(name, { ...options, rawQuotes: true });
  const delimiter = plain.words[0];
  if (plain.words.length !== 1 || raw.words.length !== 1 || delimiter === undefined) return undefined;
  const quotes = (text: string) => text.length - text.replace(/['"]/g, "").length;
  return {
    delimiter,
    expand: quotes(delimiter) === quotes(raw.words[0]!),
    chomp: match[2] === "-",
    fileDescriptor: match[1] === "" ? 0 : Number(match[1]),
  };
}

/** All heredocs that a whole instruction line announces, in order. */
export function heredocMarks(line: Fragment): HeredocMark[] {
  if (!line.text.includes("<<")) return [];
  const { words } = lex(line.text, { ...options, rawQuotes: true, rawEscapes: true });
  return words.flatMap(word => heredocMark(word) ?? []);
}
