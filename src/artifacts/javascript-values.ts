import type { Location } from "../core/source.ts";
import { everyJsStatement, type JsModule, type JsValue, jsPath } from "../formats/javascript-tree.ts";
import {
  bounded,
  type Cast,
  type Concrete,
  choice,
  derived,
  entryOf,
  envValue,
  isTruthy,
  literal,
  unknown,
  type Value,
} from "./value.ts";

/** Names of a module and what they stand for, found once per module. */
export interface JsScope {
  /** Values of names that were followed once; a name inside its own value is not followed. */
  readonly known: Map<string, Value>;
  readonly values: ReadonlyMap<string, JsValue>;
}

const scopes = new WeakMap<JsModule, JsScope>();

/** Every variable of a module, also inside functions: a name that is declared twice is not followed. */
export function jsScope(module: JsModule): JsScope {
  const known = scopes.get(module);
  if (known) return known;
  const values = new Map<string, JsValue>();
  const twice = new Set<string>();
  for (const statement of everyJsStatement(module.body)) {
    if (statement.kind !== "variable" || !statement.value) continue;
    if (values.has(statement.name)) twice.add(statement.name);
    const { value, property, at } = statement;
    values.set(statement.name, property ? { kind: "member", object: value, name: property, at } : value);
  }
  for (const name of twice) values.delete(name);
  const scope = { values, known: new Map<string, Value>() };
  scopes.set(module, scope);
  return scope;
}

const deepest = 40;

/** The variable that `process.env.X` or `import.meta.env.X` reads. */
export function envNameOf(value: JsValue): string | undefined {
  if (value.kind !== "member") return undefined;
  const holder = jsPath(value.object);
  return holder === "process.env" || holder === "import.meta.env" || holder === "Bun.env"
    ? value.name
    : undefined;
}

/** The value of an expression; what cannot be followed is `unknown`, with its reads of the environment. */
export function evaluateJs(value: JsValue, scope: JsScope, depth = 0): Value {
  const at = value.at;
  if (depth > deepest) return unknown("", at);
  const evaluate = (each: JsValue) => evaluateJs(each, scope, depth + 1);
  const name = envNameOf(value);
  if (name !== undefined) return envValue([name], at);
  switch (value.kind) {
    case "string":
    case "number":
    case "bool":
      return literal(value.value, at);
    case "none":
      return literal(null, at);
    case "template":
      return derived(
        value.parts.map(part => (typeof part === "string" ? literal(part, at) : evaluate(part))),
        at,
        parts => parts.map(part => (part === null ? "undefined" : String(part))).join(""),
      );
    case "array":
      return bounded({
        kind: "list",
        items: value.items.map(evaluate),
        complete: value.items.every(each => each.kind !== "spread"),
        at,
      });
    case "object":
      return objectValue(value, evaluate);
    case "name": {
      const known = scope.known.get(value.name);
      if (known) return known;
      const found = scope.values.get(value.name);
      const absent = unknown(value.name, at);
      scope.known.set(value.name, absent);
      const evaluated = found ? evaluateJs(found, scope) : absent;
      scope.known.set(value.name, evaluated);
      return evaluated;
    }
    case "member": {
      const object = evaluate(value.object);
      return entryOf(object, value.name) ?? unknown(jsPath(value) ?? value.name, at, [object]);
    }
    case "conditional":
      return choice(evaluate(value.test), evaluate(value.yes), evaluate(value.no), at);
    case "binary":
      return binaryValue(value, evaluate);
    case "unary":
      return unaryValue(value, evaluate);
    case "call":
      return callValue(value, evaluate);
    default:
      return unknown(value.kind, at);
  }
}

function objectValue(
  value: Extract<JsValue, { kind: "object" }>,
  evaluate: (value: JsValue) => Value,
): Value {
  const entries: { key: string; value: Value }[] = [];
  let complete = true;
  for (const entry of value.entries) {
    if (entry.key !== undefined) entries.push({ key: entry.key, value: evaluate(entry.value) });
    else {
      const spread = evaluate(entry.value);
      if (spread.kind === "dict") entries.push(...spread.entries);
      complete &&= spread.kind === "dict" && spread.complete;
    }
  }
  return bounded({ kind: "dict", entries, complete, at: value.at });
}

function binaryValue(
  value: Extract<JsValue, { kind: "binary" }>,
  evaluate: (value: JsValue) => Value,
): Value {
  const { operator, at } = value;
  const left = evaluate(value.left);
  const right = evaluate(value.right);
  if (operator === "||" || operator === "??") return orValue(left, right, operator === "||", at);
  if (operator === "&&") return choice(left, right, left, at);
  return derived(
    [left, right],
    at,
    ([a, b]) => compareJs(operator, a!, b!),
    /^[!=<>]/.test(operator) ? "bool" : undefined,
  );
}

function orValue(left: Value, right: Value, emptyIsUnset: boolean, at: Location): Value {
  // `Number(process.env.PORT) || 3000`: the default belongs to the read inside.
  if (
    left.kind === "derived" &&
    left.cast === "int" &&
    left.from[0]?.kind === "env" &&
    !left.from[0].fallback
  ) {
    const env = left.from[0].env;
    return derived(
      [envValue(env.names, env.at, { fallback: right, emptyIsUnset: true })],
      at,
      left.compute,
      "int",
    );
  }
  if (left.kind !== "env" || left.fallback) return choice(left, left, right, at);
  if (right.kind === "env") {
    return envValue([...left.env.names, ...right.env.names], at, { fallback: right.fallback, emptyIsUnset });
  }
  return envValue(left.env.names, left.env.at, { fallback: right, emptyIsUnset });
}

function compareJs(operator: string, a: Concrete, b: Concrete): Concrete | undefined {
  if (typeof a === "object" && a !== null) return undefined;
  if (typeof b === "object" && b !== null) return undefined;
  switch (operator) {
    case "===":
    case "==":
      return a === b;
    case "!==":
    case "!=":
      return a !== b;
    case "+":
      return typeof a === "number" && typeof b === "number" ? a + b : `${a}${b}`;
    case "*":
      return typeof a === "number" && typeof b === "number" ? a * b : undefined;
    default:
      return undefined;
  }
}

function unaryValue(value: Extract<JsValue, { kind: "unary" }>, evaluate: (value: JsValue) => Value): Value {
  const operand = evaluate(value.operand);
  if (value.operator === "!") return derived([operand], value.at, ([each]) => !isTruthy(each!), "bool");
  if (value.operator === "+") return derived([operand], value.at, ([each]) => toNumber(each!), "int");
  if (value.operator === "-")
    return derived([operand], value.at, ([each]) => (typeof each === "number" ? -each : undefined));
  return unknown(value.operator, value.at, [operand]);
}

function toNumber(value: Concrete): Concrete | undefined {
  const number = typeof value === "string" ? Number.parseFloat(value) : value;
  return typeof number === "number" && !Number.isNaN(number) ? number : undefined;
}

const conversions: Readonly<
  Record<string, { cast: Cast; compute: (value: Concrete) => Concrete | undefined }>
> = {
  Number: { cast: "int", compute: toNumber },
  parseInt: { cast: "int", compute: toNumber },
  "Number.parseInt": { cast: "int", compute: toNumber },
  parseFloat: { cast: "int", compute: toNumber },
  Boolean: { cast: "bool", compute: isTruthy },
  String: { cast: "string", compute: value => (typeof value === "object" ? undefined : String(value)) },
};

function callValue(call: Extract<JsValue, { kind: "call" }>, evaluate: (value: JsValue) => Value): Value {
  const at = call.at;
  const path = jsPath(call.callee);
  const conversion = path === undefined ? undefined : conversions[path];
  const args = call.args.map(evaluate);
  if (conversion && args[0])
    return derived([args[0]], at, ([value]) => conversion.compute(value!), conversion.cast);
  if (call.callee.kind !== "member") return unknown(path ?? "", at, args);
  const object = evaluate(call.callee.object);
  const method = call.callee.name;
  if (object.kind === "unknown" && object.parts.length === 0) return unknown(path ?? method, at, args);
  const cast = method === "split" ? "list" : undefined;
  return derived([object, ...args], at, ([text, ...rest]) => textMethod(method, text!, rest), cast);
}

function textMethod(method: string, text: Concrete, [first]: readonly Concrete[]): Concrete | undefined {
  if (typeof text !== "string" || text.length > 10_000) return undefined;
  if (method === "toLowerCase") return text.toLowerCase();
  if (method === "toUpperCase") return text.toUpperCase();
  if (method === "trim") return text.trim();
  if (method === "split" && typeof first === "string") return text.split(first);
  if (method === "startsWith" && typeof first === "string") return text.startsWith(first);
  return method === "includes" && typeof first === "string" ? text.includes(first) : undefined;
}
