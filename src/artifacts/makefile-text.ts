import { type Fragment, mappedFragment } from "../core/fragment.ts";

/** A variable's text as written, with the offset of each character in the file. */
export interface Written {
  readonly text: string;
  readonly offsets: readonly number[];
}

export type Definitions = ReadonlyMap<string, string>;

/** Longer expansions than people write; stops variables that double each other. */
const longest = 20_000;
const deepest = 20;

/**
 * A recipe as the shell gets it: `$$` is `$`, known variables are replaced, unknown ones become `${NAME}` (make passes
 * its environment on), `$(shell ...)` becomes `$(...)`, and other functions a variable that nobody sets.
 */
export function expandRecipe(file: string, written: Written, end: number, variables: Definitions): Fragment {
  let text = "";
  const offsets: number[] = [];
  const add = (piece: string, from: number, to: number) => {
    for (let i = 0; i < piece.length && text.length < longest; i++) {
      text += piece[i];
      offsets.push(written.offsets[i === piece.length - 1 ? to - 1 : from] ?? end);
    }
  };
  const copy = (from: number, to: number) => {
    const until = Math.min(to, from + longest - text.length);
    text += written.text.slice(from, until);
    for (let i = from; i < until; i++) offsets.push(written.offsets[i] ?? end);
  };
  scan(
    written.text,
    (piece, from, to, verbatim) => (verbatim ? copy(from, to) : add(piece, from, to)),
    variables,
  );
  offsets.push(end);
  return mappedFragment(file, text, offsets);
}

/** The value of a text, or undefined when something in it is not known. */
export function expandText(text: string, variables: Definitions, depth = 0): string | undefined {
  let value = "";
  let known = depth < deepest;
  scan(
    text,
    piece => {
      value += piece;
      if (value.length > longest) known = false;
    },
    variables,
    () => {
      known = false;
    },
    depth,
  );
  return known ? value : undefined;
}

function scan(
  text: string,
  add: (piece: string, from: number, to: number, verbatim: boolean) => void,
  variables: Definitions,
  unknown: () => void = () => {},
  depth = 0,
): void {
  for (let i = 0; i < text.length; ) {
    const dollar = text.indexOf("$", i);
    const plain = dollar === -1 || dollar + 1 >= text.length ? text.length : dollar;
    if (plain > i) {
      add(text.slice(i, plain), i, plain, true);
      i = plain;
      continue;
    }
    const next = text[i + 1]!;
    if (next === "$") {
      add("$", i, i + 2, false);
      i += 2;
      continue;
    }
    const close = next === "(" || next === "{" ? closing(text, i + 1) : i + 1;
    if (close === undefined) {
      add(text.slice(i), i, text.length, false);
      return;
    }
    const inner = close === i + 1 ? next : text.slice(i + 2, close);
    const value = /^[\w.-]+$/.test(inner) ? variableText(inner, variables, depth) : undefined;
    if (value === undefined) unknown();
    const piece = value ?? shellSpelling(inner, variables, depth);
    add(piece, i, close + 1, false);
    i = close + 1;
  }
}

function variableText(name: string, variables: Definitions, depth: number): string | undefined {
  if (name === "MAKE") return "make";
  const text = variables.get(name);
  return text === undefined || depth >= deepest ? undefined : expandText(text, variables, depth + 1);
}

function shellSpelling(inner: string, variables: Definitions, depth: number): string {
  if (/^[A-Za-z_]\w*$/.test(inner)) return `\${${inner}}`;
  const shell = /^shell\s+([\s\S]*)$/.exec(inner);
  if (shell && depth < deepest)
    return `$(${expandText(shell[1]!, variables, depth + 1) ?? "${MAKE_FUNCTION}"})`;
  // Automatic variables ($@, $<, $*) and functions: something that only make knows.
  return "${MAKE_FUNCTION}";
}

export function closing(text: string, open: number): number | undefined {
  const pair = text[open] === "(" ? ")" : "}";
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === text[open]) depth++;
    else if (text[i] === pair && --depth === 0) return i;
  }
  return undefined;
}
