import type { Fragment } from "../core/fragment.ts";
import { fragmentLocation, sliceFragment } from "../core/fragment.ts";
import type { Located } from "../core/source.ts";
import type { DockerfileFlag } from "./dockerfile.ts";
import { isSpace } from "./dockerfile-lex.ts";

/** A part of the fragment without the blanks at both ends. */
export function trimFragment(fragment: Fragment, start = 0, end = fragment.text.length): Fragment {
  let from = start;
  let to = end;
  while (from < to && isSpace(fragment.text[from])) from++;
  while (to > from && isSpace(fragment.text[to - 1])) to--;
  return sliceFragment(fragment, from, to);
}

/** BuildKit's splitting for COPY, FROM, EXPOSE...: at blanks only, quotes mean nothing. */
export function splitAtBlanks(fragment: Fragment): Located<string>[] {
  return [...fragment.text.matchAll(/[^\t\v\f\r ]+/g)].map(match => ({
    value: match[0],
    at: fragmentLocation(fragment, match.index, match.index + match[0].length),
  }));
}

/** BuildKit's splitting for ENV, LABEL and ARG: blanks inside quotes or after an escape do not split; quotes stay. */
export function splitQuoted(fragment: Fragment, escapeChar: string): Located<string>[] {
  const { text } = fragment;
  const words: Located<string>[] = [];
  let pos = 0;
  while (pos < text.length) {
    if (isSpace(text[pos])) {
      pos++;
      continue;
    }
    const start = pos;
    const out: string[] = [];
    let quote: string | undefined;
    for (; pos < text.length; pos++) {
      const ch = text[pos]!;
      if (!quote && isSpace(ch)) break;
      if (ch === escapeChar && quote !== "'") {
        if (pos + 1 === text.length) continue; // an escape at the very end is dropped
        out.push(ch, text[++pos]!);
        continue;
      }
      if (quote === ch) quote = undefined;
      else if (!quote && (ch === '"' || ch === "'")) quote = ch;
      out.push(ch);
    }
    words.push({ value: out.join(""), at: fragmentLocation(fragment, start, pos) });
  }
  return words;
}

/** Words as a shell would see them, without expansion: quotes and escapes are removed. For commands in shell form. */
export function shellWords(fragment: Fragment): Located<string>[] {
  return splitQuoted(fragment, "\\").map(word => ({ value: unquote(word.value), at: word.at }));
}

/** Removes shell quotes and escapes; text with unbalanced quotes is returned as far as it makes sense. */
export function unquote(word: string): string {
  if (!/["'\\]/.test(word)) return word;
  const out: string[] = [];
  let quote: string | undefined;
  for (let i = 0; i < word.length; i++) {
    const ch = word[i]!;
    if (ch === quote) quote = undefined;
    else if (!quote && (ch === '"' || ch === "'")) quote = ch;
    else if (ch === "\\" && quote !== "'" && (!quote || /["$`\\]/.test(word[i + 1] ?? "")))
      out.push(word[++i] ?? "");
    else out.push(ch);
  }
  return out.join("");
}

export type JsonForm = { readonly words: readonly Located<string>[] } | "not json" | "not strings";

/**
 * The JSON form of an argument list: valid only when the whole text is a JSON array of strings.
 * Each word's place is the text between its quotes.
 */
export function jsonWords(fragment: Fragment): JsonForm {
  const { text } = fragment;
  if (text[0] !== "[") return "not json";
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return "not json"; // BuildKit then takes it for the shell form
  }
  if (!Array.isArray(parsed)) return "not json";
  const values: unknown[] = parsed;
  if (!values.every(value => typeof value === "string")) return "not strings";
  // Valid JSON with strings only: every quote that is not escaped opens or closes one of them.
  const words: Located<string>[] = [];
  let open = -1;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === '"') {
      if (open === -1) open = i + 1;
      else {
        words.push({ value: values[words.length] as string, at: fragmentLocation(fragment, open, i) });
        open = -1;
      }
    }
  }
  return { words };
}

/** Takes `--name=value` from the front of the arguments, as BuildKit does; `--` ends them. */
export function takeFlags(
  fragment: Fragment,
  escapeChar: string,
): { flags: DockerfileFlag[]; body: Fragment } {
  const { text } = fragment;
  const flags: DockerfileFlag[] = [];
  let pos = 0;
  for (;;) {
    while (pos < text.length && isSpace(text[pos])) pos++;
    if (!text.startsWith("--", pos)) return { flags, body: trimFragment(fragment, pos) };
    const start = pos;
    const out: string[] = [];
    // Where the value starts in the text: right behind the first "=" outside quotes or not.
    let valueStart = -1;
    let quote: string | undefined;
    for (; pos < text.length; pos++) {
      const ch = text[pos]!;
      if (!quote && isSpace(ch)) break;
      if (ch === escapeChar) {
        if (pos + 1 < text.length) out.push(text[++pos]!);
      } else if (quote === ch) quote = undefined;
      else if (!quote && (ch === '"' || ch === "'")) quote = ch;
      else {
        out.push(ch);
        if (ch === "=" && valueStart === -1) valueStart = pos + 1;
      }
    }
    const word = out.join("");
    if (word === "--") return { flags, body: trimFragment(fragment, pos) };
    const equals = word.indexOf("=");
    const hasValue = equals !== -1 && valueStart !== -1;
    flags.push({
      name: hasValue ? word.slice(2, equals) : word.slice(2),
      value: hasValue ? word.slice(equals + 1) : undefined,
      at: fragmentLocation(fragment, start, pos),
      valueAt: fragmentLocation(fragment, hasValue ? valueStart : start, pos),
    });
  }
}
