import { type Concrete, isTruthy, sameConcrete } from "./value.ts";

const maxText = 10_000;

/** What a text method gives in Python; undefined for methods and values that are not followed. */
export function callMethod(method: string, text: Concrete, args: readonly Concrete[]): Concrete | undefined {
  if (typeof text !== "string" || text.length > maxText) return undefined;
  const [first, second] = args;
  switch (method) {
    case "lower":
    case "casefold":
      return text.toLowerCase();
    case "upper":
      return text.toUpperCase();
    case "title":
    case "capitalize":
      return text.length === 0 ? text : text[0]!.toUpperCase() + text.slice(1).toLowerCase();
    case "encode":
    case "decode":
      return text;
    case "strip":
    case "lstrip":
    case "rstrip":
      return strip(text, method, typeof first === "string" ? first : undefined);
    case "split":
      if (args.length > 1) return undefined;
      if (first === undefined || first === null) return text.split(/\s+/).filter(Boolean);
      return typeof first === "string" && first !== "" ? text.split(first) : undefined;
    case "splitlines":
      return text.split(/\r?\n/);
    case "replace":
      return typeof first === "string" && typeof second === "string" && first !== ""
        ? text.replaceAll(first, second)
        : undefined;
    case "startswith":
      return typeof first === "string" ? text.startsWith(first) : undefined;
    case "endswith":
      return typeof first === "string" ? text.endsWith(first) : undefined;
    default:
      return undefined;
  }
}

function strip(text: string, method: string, characters = " \t\r\n\f\v"): string {
  let start = 0;
  let end = text.length;
  if (method !== "rstrip") while (start < end && characters.includes(text[start]!)) start++;
  if (method !== "lstrip") while (end > start && characters.includes(text[end - 1]!)) end--;
  return text.slice(start, end);
}

/** Comparisons and `+`, as Python does them. */
export function compare(operator: string, a: Concrete, b: Concrete): Concrete | undefined {
  switch (operator) {
    case "==":
      return sameConcrete(a, b);
    case "!=":
      return !sameConcrete(a, b);
    case "is":
      return b === null || typeof b === "boolean" ? a === b : undefined;
    case "is not":
      return b === null || typeof b === "boolean" ? a !== b : undefined;
    case "in":
      return contains(b, a);
    case "not in": {
      const found = contains(b, a);
      return found === undefined ? undefined : !found;
    }
    case "+":
      if (typeof a === "string" && typeof b === "string")
        return a.length + b.length > maxText ? undefined : a + b;
      return typeof a === "number" && typeof b === "number" ? a + b : undefined;
    case "*":
      return typeof a === "number" && typeof b === "number" ? a * b : undefined;
    case "<":
    case ">":
    case "<=":
    case ">=":
      return typeof a === "number" && typeof b === "number" ? order(operator, a, b) : undefined;
    default:
      return undefined;
  }
}

function order(operator: string, a: number, b: number): boolean {
  if (operator === "<") return a < b;
  if (operator === ">") return a > b;
  return operator === "<=" ? a <= b : a >= b;
}

function contains(holder: Concrete, item: Concrete): boolean | undefined {
  if (typeof holder === "string") return typeof item === "string" ? holder.includes(item) : undefined;
  if (Array.isArray(holder)) return holder.some(each => sameConcrete(each, item));
  if (holder instanceof Map) return typeof item === "string" ? holder.has(item) : undefined;
  return undefined;
}

/** Python's `int`; undefined where it would raise. */
export function pythonInt(value: Concrete): Concrete | undefined {
  if (typeof value === "number") return Math.trunc(value);
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "string" && /^\s*[-+]?\d+\s*$/.test(value) ? Number(value) : undefined;
}

const engines: Readonly<Record<string, string>> = {
  postgres: "django.db.backends.postgresql",
  postgresql: "django.db.backends.postgresql",
  pgsql: "django.db.backends.postgresql",
  psql: "django.db.backends.postgresql",
  postgis: "django.contrib.gis.db.backends.postgis",
  mysql: "django.db.backends.mysql",
  mysql2: "django.db.backends.mysql",
  sqlite: "django.db.backends.sqlite3",
};

/** A database URL as a DATABASES entry (ENGINE, NAME, USER, PASSWORD, HOST, PORT, all text). */
export function databaseFromUrl(value: Concrete): Concrete | undefined {
  if (typeof value !== "string" || !isTruthy(value)) return undefined;
  const found =
    /^([a-z0-9+]+):\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?([^:/?#]*)(?::(\d*))?(?:\/([^?#]*))?/i.exec(value);
  if (!found) return undefined;
  const [, scheme = "", user = "", password = "", host = "", port = "", name = ""] = found;
  const engine = engines[scheme.toLowerCase().split("+")[0]!] ?? scheme;
  const entries = { ENGINE: engine, NAME: name, USER: user, PASSWORD: password, HOST: host, PORT: port };
  return new Map<string, Concrete>(Object.entries(entries));
}
