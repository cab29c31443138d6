import type { Location } from "../core/source.ts";
import {
  keyword,
  type PyCall,
  type PyFunction,
  type PyStatement,
  type PyValue,
} from "../formats/python-tree.ts";
import { environmentRead } from "./python-environment.ts";
import { callMethod, compare, databaseFromUrl, pythonInt } from "./python-methods.ts";
import { originOf, type PyScope } from "./python-scope.ts";
import { toolModules } from "./python-tools.ts";
import {
  bounded,
  type Concrete,
  choice,
  derived,
  entryOf,
  envValue,
  isTruthy,
  joinedLists,
  literal,
  unknown,
  type Value,
} from "./value.ts";

/** Calls of project functions inside each other. */
const deepestCall = 6;
const maxItems = 500;

/** The value of an expression in a scope. What cannot be followed is `unknown`, with its reads of the environment. */
export function evaluatePython(value: PyValue, scope: PyScope, depth = 0): Value {
  const at = value.at;
  if (--scope.budget.left < 0) return unknown("", at);
  const evaluate = (each: PyValue) => evaluatePython(each, scope, depth);
  switch (value.kind) {
    case "string":
    case "number":
    case "bool":
      return literal(value.value, at);
    case "none":
      return literal(null, at);
    case "list":
      return listValue(value.items, at, evaluate);
    case "dict":
      return dictValue(value, evaluate);
    case "name":
      return nameValue(value.name, at, scope);
    case "format":
      return derived(
        value.parts.map(part => (typeof part === "string" ? literal(part, at) : evaluate(part))),
        at,
        parts => parts.map(pythonText).join(""),
      );
    case "not":
      return derived([evaluate(value.operand)], at, ([operand]) => !isTruthy(operand!), "bool");
    case "conditional":
      return choice(evaluate(value.test), evaluate(value.yes), evaluate(value.no), at);
    case "binary":
      return binaryValue(value, evaluate);
    case "subscript":
      return subscriptValue(value, scope, evaluate);
    case "comprehension":
      return comprehensionValue(value, scope, depth, evaluate);
    case "call":
      return callValue(value, scope, depth);
    case "spread":
      return unknown("*", at, [evaluate(value.value)]);
    case "attribute":
      return unknown(value.name, at, value.object.kind === "call" ? [evaluate(value.object)] : []);
    default:
      return unknown(value.text, at);
  }
}

function pythonText(value: Concrete): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return String(value);
}

function listValue(items: readonly PyValue[], at: Location, evaluate: (value: PyValue) => Value): Value {
  const values: Value[] = [];
  const parts: Value[] = [];
  let complete = items.length <= maxItems;
  for (const item of items.slice(0, maxItems)) {
    const inner = evaluate(item.kind === "spread" ? item.value : item);
    const part: Value =
      item.kind === "spread" ? inner : { kind: "list", items: [inner], complete: true, at: item.at };
    parts.push(part);
    if (part.kind === "list") values.push(...part.items);
    if (part.kind !== "list" || !part.complete) complete = false;
  }
  const joined = complete || items.length > maxItems ? {} : { joined: parts };
  return bounded({ kind: "list", items: values, complete, ...joined, at });
}

function dictValue(value: Extract<PyValue, { kind: "dict" }>, evaluate: (value: PyValue) => Value): Value {
  const entries: { key: string; value: Value }[] = [];
  let complete = value.entries.length <= maxItems;
  for (const entry of value.entries.slice(0, maxItems)) {
    const one = evaluate(entry.value);
    if (entry.key?.kind === "string") entries.push({ key: entry.key.value, value: one });
    else if (!entry.key && one.kind === "dict") {
      entries.push(...one.entries);
      complete &&= one.complete;
    } else complete = false;
  }
  return bounded({ kind: "dict", entries, complete, at: value.at });
}

function nameValue(name: string, at: Location, scope: PyScope): Value {
  const value = scope.values.get(name);
  if (value) return value;
  const imported = scope.imports.get(name);
  const outside = imported && scope.outside?.(imported);
  return outside?.kind === "value" ? outside.value : unknown(name, at);
}

function binaryValue(
  value: Extract<PyValue, { kind: "binary" }>,
  evaluate: (value: PyValue) => Value,
): Value {
  const { operator, at } = value;
  const left = evaluate(value.left);
  const right = evaluate(value.right);
  if (operator === "or") return orValue(left, right, at);
  if (operator === "and") return choice(left, right, left, at);
  const joined = operator === "+" ? joinedLists(left, right, at, maxItems) : undefined;
  if (joined) return joined;
  return derived(
    [left, right],
    at,
    ([a, b]) => compare(operator, a!, b!),
    operator === "+" ? undefined : "bool",
  );
}

/** `os.getenv("A") or os.getenv("B") or "c"` is one read with two names and a default. */
function orValue(left: Value, right: Value, at: Location): Value {
  if (left.kind !== "env" || left.fallback || left.env.required) return choice(left, left, right, at);
  if (right.kind === "env" && !right.env.required) {
    return envValue([...left.env.names, ...right.env.names], at, {
      fallback: right.fallback,
      emptyIsUnset: true,
    });
  }
  return envValue(left.env.names, left.at, { fallback: right, emptyIsUnset: true });
}

function subscriptValue(
  value: Extract<PyValue, { kind: "subscript" }>,
  scope: PyScope,
  evaluate: (value: PyValue) => Value,
): Value {
  const index = evaluate(value.index);
  if (originOf(value.object, scope) === "os.environ" && index.kind === "literal") {
    return envValue([String(index.value)], value.at, { required: true });
  }
  const object = evaluate(value.object);
  const key = index.kind === "literal" ? String(index.value) : undefined;
  return (key !== undefined && entryOf(object, key)) || unknown("[]", value.at, [object, index]);
}

function comprehensionValue(
  value: Extract<PyValue, { kind: "comprehension" }>,
  scope: PyScope,
  depth: number,
  evaluate: (value: PyValue) => Value,
): Value {
  const iterable = evaluate(value.iterable);
  const inner = (item: Concrete): PyScope => {
    const values = new Map(scope.values);
    const at = value.at;
    values.set(
      value.variable,
      item === null || typeof item !== "object" ? literal(item, at) : unknown("", at),
    );
    return { ...scope, values };
  };
  const compute = ([items]: readonly Concrete[]): Concrete | undefined => {
    if (!Array.isArray(items) || items.length > maxItems) return undefined;
    const made: Concrete[] = [];
    for (const item of items as readonly Concrete[]) {
      const within = inner(item);
      const tests = value.conditions.map(test => evaluatePython(test, within, depth));
      if (tests.some(test => test.kind !== "literal")) return undefined;
      if (!tests.every(test => test.kind === "literal" && isTruthy(test.value))) continue;
      const element = evaluatePython(value.element, within, depth);
      if (element.kind !== "literal") return undefined;
      made.push(element.value);
    }
    return made;
  };
  return derived([iterable], value.at, compute, "list");
}

function callValue(call: PyCall, scope: PyScope, depth: number): Value {
  const at = call.at;
  const evaluate = (each: PyValue) => evaluatePython(each, scope, depth);
  const read = environmentRead(call, scope, evaluate);
  if (read) return read;
  const args = call.args.map(evaluate);
  const origin = originOf(call.callee, scope);
  const conversion = origin === undefined ? undefined : conversions[origin];
  if (conversion && args.length === 1 && call.kwargs.length === 0) {
    const made = derived(args, at, ([value]) => conversion.compute(value!), conversion.cast);
    return origin === "int" || origin === "float" ? needing(made) : made;
  }
  // An image that leaves the developers' packages out, as it should, does not have their tools.
  if (
    origin === "importlib.util.find_spec" &&
    args[0]?.kind === "literal" &&
    toolModules.has(String(args[0].value))
  )
    return literal(null, at);
  const items = args[1];
  if (items && args.length === 2 && call.kwargs.length === 0) {
    const [first] = call.args;
    // `filter(None, ...)` keeps what is not empty, `map(str.strip, ...)` cuts blanks off.
    if (origin === "filter" && first?.kind === "none")
      return derived(
        [items],
        at,
        ([list]) => (Array.isArray(list) ? list.filter(isTruthy) : undefined),
        "list",
      );
    if (
      origin === "map" &&
      first?.kind === "attribute" &&
      first.name === "strip" &&
      first.object.kind === "name"
    )
      return derived([items], at, ([list]) => stripped(list!), "list");
  }
  if (origin === "datetime.timedelta") return duration(call, evaluate);
  if (call.callee.kind === "name" && depth < deepestCall) {
    const inlined = inlineCall(call, args, scope, depth);
    if (inlined) return inlined;
  }
  if (call.callee.kind === "attribute") {
    const object = evaluate(call.callee.object);
    const method = call.callee.name;
    if (object.kind === "dict" && method === "get" && args[0]?.kind === "literal") {
      return entryOf(object, String(args[0].value)) ?? args[1] ?? literal(null, at);
    }
    const computed = derived(
      [object, ...args],
      at,
      ([text, ...rest]) => callMethod(method, text!, rest),
      castOf(method),
    );
    // A method of something that is not read (a module, a class) says nothing about the environment.
    if (object.kind === "unknown" && object.parts.length === 0) return unknown(method, at, args);
    return needing(computed);
  }
  const kwargs = call.kwargs.map(each => evaluate(each.value));
  return unknown(origin ?? "", at, [...args, ...kwargs]);
}

/** None has no methods, and is no number. */
function needing(value: Value): Value {
  return value.kind === "derived" ? bounded({ ...value, needsFirst: true }) : value;
}

function stripped(list: Concrete): Concrete | undefined {
  if (!Array.isArray(list)) return undefined;
  const made = (list as readonly Concrete[]).map(item => callMethod("strip", item, []));
  return made.some(item => item === undefined) ? undefined : (made as Concrete[]);
}

const secondsOf: Readonly<Record<string, number>> = {
  days: 86_400,
  seconds: 1,
  microseconds: 1e-6,
  milliseconds: 1e-3,
  minutes: 60,
  hours: 3_600,
  weeks: 604_800,
};

/** `timedelta(days=1, hours=2)` in seconds. */
function duration(call: PyCall, evaluate: (value: PyValue) => Value): Value {
  const units = [
    ...Object.keys(secondsOf).slice(0, call.args.length),
    ...call.kwargs.map(each => each.name ?? ""),
  ];
  const amounts = [...call.args, ...call.kwargs.map(each => each.value)].map(evaluate);
  if (call.spread || amounts.length === 0) return unknown("timedelta", call.at, amounts);
  return derived(amounts, call.at, values => {
    const seconds = values.map((value, i) =>
      typeof value === "number" ? value * secondsOf[units[i]!]! : NaN,
    );
    const total = seconds.reduce((sum, each) => sum + each, 0);
    return Number.isFinite(total) ? total : undefined;
  });
}

function castOf(method: string): "list" | "bool" | undefined {
  if (method === "split" || method === "splitlines") return "list";
  return method === "startswith" || method === "endswith" ? "bool" : undefined;
}

const truthyWords = new Set(["y", "yes", "t", "true", "on", "1"]);
const falsyWords = new Set(["n", "no", "f", "false", "off", "0"]);

function strtobool(value: Concrete): Concrete | undefined {
  if (typeof value !== "string") return undefined;
  const word = value.toLowerCase();
  return truthyWords.has(word) ? true : falsyWords.has(word) ? false : undefined;
}

interface Conversion {
  readonly cast: "bool" | "int" | "list" | "json" | "string" | "url";
  readonly compute: (value: Concrete) => Concrete | undefined;
}

const sequence: Conversion = { cast: "list", compute: value => (Array.isArray(value) ? value : undefined) };
const truth: Conversion = { cast: "bool", compute: strtobool };
const conversions: Readonly<Record<string, Conversion>> = {
  // Python's bool("False") is True, and settings fall into that trap.
  bool: { cast: "bool", compute: isTruthy },
  int: { cast: "int", compute: pythonInt },
  float: { cast: "int", compute: value => (Number.isFinite(Number(value)) ? Number(value) : undefined) },
  str: {
    cast: "string",
    compute: value => (typeof value === "object" && value ? undefined : pythonText(value)),
  },
  list: sequence,
  tuple: sequence,
  set: sequence,
  strtobool: truth,
  "distutils.util.strtobool": truth,
  "setuptools.distutils.util.strtobool": truth,
  "dj_database_url.parse": { cast: "url", compute: databaseFromUrl },
};

/** A call of a function of this project, followed through its body. */
function inlineCall(call: PyCall, args: readonly Value[], scope: PyScope, depth: number): Value | undefined {
  const name = call.callee.kind === "name" ? call.callee.name : "";
  const imported = scope.imports.get(name);
  const outside = imported && scope.outside?.(imported);
  const own = scope.functions.get(name);
  const target = own ? { value: own, scope } : outside?.kind === "function" ? outside : undefined;
  if (!target || call.spread || target.value.params.some(param => param.rest)) return undefined;
  const values = new Map(target.scope.values);
  for (const [i, param] of target.value.params.entries()) {
    const named = keyword(call, param.name);
    const given = named ? evaluatePython(named, scope, depth) : args[i];
    const value = given ?? (param.default && evaluatePython(param.default, target.scope, depth + 1));
    if (!value) return undefined;
    values.set(param.name, value);
  }
  return followBody(target.value.body, { ...target.scope, values }, depth + 1, target.value);
}

/** What a function returns; undefined when its body does more than assign, test and return. */
function followBody(
  body: readonly PyStatement[],
  scope: PyScope,
  depth: number,
  made: PyFunction,
): Value | undefined {
  for (const [i, statement] of body.entries()) {
    if (statement.kind === "return") {
      return statement.value ? evaluatePython(statement.value, scope, depth) : literal(null, statement.at);
    }
    if (statement.kind === "assign" && statement.value && !statement.update) {
      const target = statement.targets[0];
      if (target?.kind !== "name" || statement.targets.length > 1) return undefined;
      scope.values.set(target.name, evaluatePython(statement.value, scope, depth));
    } else if (statement.kind === "if") {
      return followIf(statement, body.slice(i + 1), scope, depth, made);
    } else if (statement.kind === "raise") return unknown(`${made.name} raises`, statement.at);
    else if (statement.kind !== "expression" && statement.kind !== "import") return undefined;
  }
  return literal(null, made.at);
}

function followIf(
  statement: Extract<PyStatement, { kind: "if" }>,
  rest: readonly PyStatement[],
  scope: PyScope,
  depth: number,
  made: PyFunction,
): Value | undefined {
  if (depth > deepestCall * 2) return undefined;
  const [first, ...others] = statement.branches;
  if (!first) return followBody(rest, scope, depth, made);
  const fork = (): PyScope => ({ ...scope, values: new Map(scope.values) });
  const taken = followBody([...first.body, ...rest], fork(), depth + 1, made);
  if (!first.test) return taken;
  const not =
    others.length > 0
      ? followIf({ ...statement, branches: others }, rest, fork(), depth + 1, made)
      : followBody(rest, fork(), depth + 1, made);
  return taken && not
    ? choice(evaluatePython(first.test, scope, depth), taken, not, statement.at)
    : undefined;
}
