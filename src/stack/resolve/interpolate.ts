import type { Fragment } from "../../core/fragment.ts";
import { fragmentLocation } from "../../core/fragment.ts";
import type { Location } from "../../core/source.ts";

export type Operator = ":-" | "-" | ":?" | "?" | ":+" | "+";

/** One `$NAME` or `${NAME...}` in a Compose value. */
export interface Reference {
  readonly name: string;
  readonly operator?: Operator;
  /** What follows the operator, as written. */
  readonly argument?: string;
  readonly at: Location;
}

/** A Compose value before and after interpolation. */
export interface Interpolated {
  readonly raw: string;
  /** The value that a container gets; undefined when it depends on a variable that nothing in the repository sets. */
  readonly text: string | undefined;
  /** True when `text` relies on a default (`:-`) of a variable that nothing sets. */
  readonly byDefault: boolean;
  readonly references: readonly Reference[];
  readonly at: Location;
}

/** A variable's value where something in the repository sets it; undefined where only the host could. */
export type Lookup = (name: string) => string | undefined;

const namePattern = /[A-Za-z_][A-Za-z0-9_]*/y;
const maxNesting = 20;

/**
 * Interpolates as Compose 2.26 does: `$$` is a dollar, a lone `$` and `$1` are literal, defaults nest.
 * Source: compose-spec "Interpolation"; the literal cases were measured with `docker compose config`.
 */
export function interpolate(fragment: Fragment, at: Location, lookup: Lookup): Interpolated {
  const references: Reference[] = [];
  const state: State = { fragment, references, lookup, byDefault: false };
  const text = fragment.text.includes("$") ? expand(state, 0, fragment.text.length, 0) : fragment.text;
  return { raw: fragment.text, text, byDefault: state.byDefault, references, at };
}

interface State {
  readonly fragment: Fragment;
  readonly references: Reference[];
  readonly lookup: Lookup;
  byDefault: boolean;
}

function expand(state: State, start: number, end: number, depth: number): string | undefined {
  const text = state.fragment.text;
  let result: string | undefined = "";
  const append = (part: string | undefined): void => {
    result = result === undefined || part === undefined ? undefined : result + part;
  };
  let i = start;
  while (i < end) {
    const dollar = text.indexOf("$", i);
    if (dollar === -1 || dollar >= end) {
      append(text.slice(i, end));
      break;
    }
    append(text.slice(i, dollar));
    const next = text[dollar + 1];
    if (next === "$") {
      append("$");
      i = dollar + 2;
      continue;
    }
    const braced = next === "{";
    const name = nameAt(text, dollar + (braced ? 2 : 1));
    if (!name) {
      append("$");
      i = dollar + 1;
      continue;
    }
    if (!braced) {
      i = dollar + 1 + name.length;
      append(value(state, { name, at: fragmentLocation(state.fragment, dollar, i) }, undefined, depth));
      continue;
    }
    const close = closingBrace(text, dollar + 2 + name.length, end);
    if (close === -1) {
      append(text.slice(dollar, end));
      break;
    }
    i = close + 1;
    append(braceValue(state, name, dollar, close, depth));
  }
  return result;
}

function nameAt(text: string, index: number): string | undefined {
  namePattern.lastIndex = index;
  return namePattern.exec(text)?.[0];
}

function closingBrace(text: string, from: number, end: number): number {
  let depth = 1;
  for (let i = from; i < end; i++) {
    if (text[i] === "$" && text[i + 1] === "{") {
      depth++;
      i++;
    } else if (text[i] === "}" && --depth === 0) return i;
  }
  return -1;
}

function braceValue(
  state: State,
  name: string,
  dollar: number,
  close: number,
  depth: number,
): string | undefined {
  const text = state.fragment.text;
  const at = fragmentLocation(state.fragment, dollar, close + 1);
  const from = dollar + 2 + name.length;
  const operator = /^(:-|-|:\?|\?|:\+|\+)/.exec(text.slice(from, from + 2))?.[0] as Operator | undefined;
  if (!operator) return value(state, { name, at }, undefined, depth);
  const argumentStart = from + operator.length;
  const reference = { name, operator, argument: text.slice(argumentStart, close), at };
  return value(state, reference, { start: argumentStart, end: close }, depth);
}

function value(
  state: State,
  reference: Reference,
  argument: { start: number; end: number } | undefined,
  depth: number,
): string | undefined {
  state.references.push(reference);
  const set = state.lookup(reference.name);
  if (!argument || depth > maxNesting) return set;
  const expanded = expand(state, argument.start, argument.end, depth + 1);
  switch (reference.operator) {
    case ":-":
      if (set) return set;
      if (set === undefined) state.byDefault = true;
      return expanded;
    case "-":
      if (set !== undefined) return set;
      state.byDefault = true;
      return expanded;
    case ":+":
      return set === undefined ? undefined : set === "" ? "" : expanded;
    case "+":
      return set === undefined ? undefined : expanded;
    default:
      return set;
  }
}
