import type { Located, Location } from "../core/source.ts";

export type Literal = string | number | boolean | null;
/** A value as the program would hold it. */
export type Concrete = Literal | readonly Concrete[] | ReadonlyMap<string, Concrete>;

export type Cast = "string" | "bool" | "int" | "list" | "json" | "url" | "other";

/** One read of the environment. */
export interface EnvUse {
  /** Tried in order. */
  readonly names: readonly string[];
  /** What is used when none is set. A default that is no literal (another setting, a call) is not here. */
  readonly default?: Located<Literal>;
  /** True when the program stops, or has no value at all, without it. */
  readonly required: boolean;
  readonly cast: Cast;
  readonly at: Location;
}

/** The value of one environment variable: text, null when surely unset, undefined when not known. */
export type Lookup = (name: string) => string | null | undefined;

/** A setting's value, as a tree over literals and reads of the environment. */
export type Value =
  | { readonly kind: "literal"; readonly value: Literal; readonly at: Location }
  | {
      readonly kind: "list";
      /** Those that are written out. */
      readonly items: readonly Value[];
      readonly complete: boolean;
      /** What it is joined of, in order, where one of these is a list only when the program runs. */
      readonly joined?: readonly Value[];
      readonly at: Location;
    }
  | {
      readonly kind: "dict";
      readonly entries: readonly { readonly key: string; readonly value: Value }[];
      readonly complete: boolean;
      readonly at: Location;
    }
  /** `fallback` is the default as a tree, which may itself read the environment. */
  | {
      readonly kind: "env";
      readonly env: EnvUse;
      readonly fallback?: Value;
      /** `||` also replaces an empty text; `os.getenv` does not. */
      readonly emptyIsUnset: boolean;
      readonly at: Location;
    }
  /** Computed from others; `compute` gives undefined when it cannot tell. */
  | {
      readonly kind: "derived";
      readonly from: readonly Value[];
      readonly cast?: Cast;
      readonly compute: (values: readonly Concrete[]) => Concrete | undefined;
      /** The program stops when the first part is nothing: `os.getenv("A").split(",")`. */
      readonly needsFirst?: true;
      readonly at: Location;
    }
  | {
      readonly kind: "choice";
      readonly test: Value;
      readonly yes: Value;
      readonly no: Value;
      readonly at: Location;
    }
  /** `parts` may still read the environment. */
  | {
      readonly kind: "unknown";
      readonly text: string;
      readonly parts: readonly Value[];
      readonly at: Location;
    };

const sizes = new WeakMap<Value, number>();
const largest = 4_000;

function partsOf(value: Value): readonly Value[] {
  switch (value.kind) {
    case "list":
      return value.joined ?? value.items;
    case "dict":
      return value.entries.map(entry => entry.value);
    case "env":
      return value.fallback ? [value.fallback] : [];
    case "derived":
      return value.from;
    case "choice":
      return [value.test, value.yes, value.no];
    case "unknown":
      return value.parts;
    default:
      return [];
  }
}

/** Bounds a tree that shares its parts: `A = A + A` forty times would take for ever to walk. */
export function bounded(value: Value): Value {
  let size = 1;
  for (const part of partsOf(value)) size += sizes.get(part) ?? 1;
  if (size > largest) return { kind: "unknown", text: "", parts: [], at: value.at };
  sizes.set(value, size);
  return value;
}

/** Every read of the environment that a value depends on, in order, each once. */
export function envUses(value: Value | undefined): readonly EnvUse[] {
  const found = new Set<EnvUse>();
  const walk = (each: Value): void => {
    if (each.kind === "env") found.add(each.env);
    for (const part of partsOf(each)) walk(part);
  };
  if (value) walk(value);
  return [...found];
}

/** The value under an environment; undefined when any part of it that matters is not known. */
export function concrete(value: Value, lookup: Lookup): Concrete | undefined {
  switch (value.kind) {
    case "literal":
      return value.value;
    case "list":
      if (value.complete) return all(value.items, lookup);
      return value.joined && join(all(value.joined, lookup));
    case "dict":
      return concreteDict(value, lookup);
    case "env":
      return concreteEnv(value, lookup);
    case "derived": {
      const values = all(value.from, lookup);
      return values && value.compute(values);
    }
    case "choice": {
      const test = concrete(value.test, lookup);
      if (test !== undefined) return concrete(isTruthy(test) ? value.yes : value.no, lookup);
      const yes = concrete(value.yes, lookup);
      return yes !== undefined && sameConcrete(yes, concrete(value.no, lookup)) ? yes : undefined;
    }
    default:
      return undefined;
  }
}

function all(values: readonly Value[], lookup: Lookup): Concrete[] | undefined {
  const known: Concrete[] = [];
  for (const each of values) {
    const one = concrete(each, lookup);
    if (one === undefined) return undefined;
    known.push(one);
  }
  return known;
}

function join(lists: readonly Concrete[] | undefined): Concrete[] | undefined {
  const items: Concrete[] = [];
  for (const list of lists ?? [null]) {
    if (!Array.isArray(list)) return undefined;
    items.push(...(list as readonly Concrete[]));
  }
  return items;
}

function concreteDict(value: Extract<Value, { kind: "dict" }>, lookup: Lookup): Concrete | undefined {
  if (!value.complete) return undefined;
  const map = new Map<string, Concrete>();
  for (const entry of value.entries) {
    const one = concrete(entry.value, lookup);
    if (one === undefined) return undefined;
    map.set(entry.key, one);
  }
  return map;
}

function concreteEnv(value: Extract<Value, { kind: "env" }>, lookup: Lookup): Concrete | undefined {
  for (const name of value.env.names) {
    const found = lookup(name);
    if (found === undefined) return undefined;
    if (found !== null && !(found === "" && value.emptyIsUnset)) return found;
  }
  if (value.fallback) return concrete(value.fallback, lookup);
  return value.env.required ? undefined : null;
}

/** Truth as in Python; JavaScript differs for empty collections, which nobody tests. */
export function isTruthy(value: Concrete): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  return Boolean(value);
}

export function sameConcrete(a: Concrete | undefined, b: Concrete | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each, i) => sameConcrete(each, b[i]));
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && [...a].every(([key, each]) => sameConcrete(each, b.get(key)));
  }
  return a === b;
}

/** The entry of a dict along a path of keys; undefined when absent or hidden. List positions are numbers as text. */
export function entryOf(value: Value | undefined, ...path: readonly string[]): Value | undefined {
  let current = value;
  for (const key of path) {
    if (current?.kind === "dict") current = current.entries.findLast(entry => entry.key === key)?.value;
    else if (current?.kind === "choice") {
      const yes = entryOf(current.yes, key);
      const no = entryOf(current.no, key);
      current = yes && no ? choice(current.test, yes, no, current.at) : undefined;
    } else if (current?.kind === "list" && /^\d+$/.test(key)) current = current.items[Number(key)];
    else return undefined;
  }
  return current;
}

/** A value in the few words that rules ask for. */
export interface SettingValue {
  readonly kind: "literal" | "env" | "unknown";
  /** The value when nothing of it comes from the environment. */
  readonly value?: Concrete;
  /** The first read that it depends on, with the names of all. */
  readonly env?: EnvUse;
  /** What it is when none of its variables is set; undefined when the program stops or it cannot be told. */
  readonly whenUnset?: Concrete;
  readonly at: Location;
}

const nothingSet: Lookup = () => null;

export function settingValue(value: Value): SettingValue {
  const uses = envUses(value);
  const first = uses[0];
  const whenUnset = concrete(value, nothingSet);
  const known = whenUnset === undefined ? {} : { whenUnset };
  if (!first) {
    if (whenUnset === undefined) return { kind: "unknown", at: value.at };
    return { kind: "literal", value: whenUnset, ...known, at: value.at };
  }
  if (value.kind === "unknown") return { kind: "unknown", env: first, at: value.at };
  const env = {
    ...first,
    names: [...new Set(uses.flatMap(use => use.names))],
    cast: castOf(value) ?? first.cast,
  };
  return { kind: "env", env, ...known, at: value.at };
}

function castOf(value: Value): Cast | undefined {
  if (value.kind === "env") return value.env.cast;
  if (value.kind !== "derived") return undefined;
  if (value.cast) return value.cast;
  for (const part of value.from) {
    const cast = castOf(part);
    if (cast) return cast;
  }
  return undefined;
}

// Constructors.

export function literal(value: Literal, at: Location): Value {
  return { kind: "literal", value, at };
}

/** One list after the other. Undefined where neither is written out, at least in part. */
export function joinedLists(left: Value, right: Value, at: Location, most = 500): Value | undefined {
  if (left.kind !== "list" && right.kind !== "list") return undefined;
  const items = [left, right].flatMap(each => (each.kind === "list" ? each.items : [])).slice(0, most);
  if (left.kind === "list" && right.kind === "list" && left.complete && right.complete)
    return bounded({ kind: "list", items, complete: true, at });
  return bounded({ kind: "list", items, complete: false, joined: [left, right], at });
}

export function unknown(text: string, at: Location, parts: readonly Value[] = []): Value {
  const kept = parts.filter(part => part.kind !== "literal");
  return bounded({
    kind: "unknown",
    text: text.length > 80 ? `${text.slice(0, 79)}…` : text,
    parts: kept,
    at,
  });
}

export function derived(
  from: readonly Value[],
  at: Location,
  compute: (values: readonly Concrete[]) => Concrete | undefined,
  cast?: Cast,
): Value {
  // What depends on literals alone is a literal: rules and readers see plain values.
  if (from.every(each => each.kind === "literal")) {
    const value = compute(from.map(each => (each as Extract<Value, { kind: "literal" }>).value));
    if (value !== undefined && (value === null || typeof value !== "object")) return literal(value, at);
  }
  return bounded({ kind: "derived", from, compute, ...(cast && { cast }), at });
}

export function choice(test: Value, yes: Value, no: Value, at: Location): Value {
  if (test.kind === "literal") return isTruthy(test.value) ? yes : no;
  return yes === no ? yes : bounded({ kind: "choice", test, yes, no, at });
}

export function envValue(
  names: readonly string[],
  at: Location,
  options: { fallback?: Value | undefined; required?: boolean; cast?: Cast; emptyIsUnset?: boolean } = {},
): Value {
  const { fallback, required = false, cast = "string", emptyIsUnset = false } = options;
  const known = fallback?.kind === "literal" ? { default: { value: fallback.value, at: fallback.at } } : {};
  const env = { names, ...known, required: required && !fallback, cast, at };
  return bounded({ kind: "env", env, ...(fallback && { fallback }), emptyIsUnset, at });
}
