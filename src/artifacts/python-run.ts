import type { Location } from "../core/source.ts";
import {
  dottedName,
  type PyAssign,
  type PyImport,
  type PyStatement,
  type PyValue,
} from "../formats/python-tree.ts";
import { environmentReader } from "./python-environment.ts";
import { type Guard, originOf, type PyScope } from "./python-scope.ts";
import { evaluatePython } from "./python-values.ts";
import { bounded, choice, envValue, joinedLists, unknown, type Value } from "./value.ts";

/** What happened while a module was followed, besides its values. */
export interface PyRun {
  readonly guards: Guard[];
  /** Places where names are set in ways that are not seen: `globals().update(...)`, an import that is not here. */
  readonly unseen: Unseen[];
  /** Follows `from module import *` into the same scope; false when the module is not in the project. */
  star(statement: PyImport, scope: PyScope, optional: boolean): boolean;
  /** Follows `include("base.py")` of django-split-settings. */
  include(values: readonly PyValue[], scope: PyScope): void;
}

export interface Unseen {
  readonly at: Location;
  readonly why: "dynamic" | "local-override" | "missing-module";
}

/** Follows statements from top to bottom; `scope` is changed. True when they surely end the program. */
export function runPython(
  body: readonly PyStatement[],
  scope: PyScope,
  run: PyRun,
  optional = false,
): boolean {
  for (const statement of body) {
    switch (statement.kind) {
      case "assign":
        assign(statement, scope);
        // `globals()[name] = value`
        if (statement.targets.some(each => each.kind === "subscript" && changesGlobals(each.object)))
          run.unseen.push({ at: statement.at, why: "dynamic" });
        break;
      case "import":
        importNames(statement, scope, run, optional);
        break;
      case "function":
        scope.functions.set(statement.name, statement);
        break;
      case "expression":
        effect(statement.value, scope, run);
        break;
      case "if":
        if (runIf(statement.branches, statement.at, scope, run, optional)) return true;
        break;
      case "try":
        runTry(statement, scope, run);
        break;
      case "block":
        if (statement.form === "with") runPython(statement.body, scope, run, optional);
        else
          merge(
            unknown(statement.form, statement.at),
            [forkRun(statement.body, scope, run), scope],
            scope,
            statement.at,
          );
        break;
      case "raise":
        return true;
      default:
        break;
    }
  }
  return false;
}

function assign(statement: PyAssign, scope: PyScope): void {
  const { value, update } = statement;
  if (!value) return;
  const target = statement.targets[0];
  if (update) {
    const operator = update.slice(0, -1);
    if (target) {
      const sum: PyValue = { kind: "binary", operator, left: target, right: value, at: statement.at };
      set(target, evaluatePython(sum, scope), scope);
    }
    return;
  }
  if (value.kind === "call" && target?.kind === "name") {
    const reader = environmentReader(value, scope, each => evaluatePython(each, scope));
    if (reader) scope.readers.set(target.name, reader);
  }
  const evaluated = evaluatePython(value, scope);
  for (const each of statement.targets) set(each, evaluated, scope);
}

function set(target: PyValue, value: Value, scope: PyScope): void {
  if (target.kind === "name") scope.values.set(target.name, value);
  else if (target.kind === "list") {
    for (const [i, each] of target.items.entries()) {
      const item = value.kind === "list" ? value.items[i] : undefined;
      set(each, item ?? unknown("", each.at, [value]), scope);
    }
  } else if (target.kind === "subscript") setEntry(target, value, scope);
}

function setEntry(target: Extract<PyValue, { kind: "subscript" }>, value: Value, scope: PyScope): void {
  const holder = evaluatePython(target.object, scope);
  if (holder.kind !== "dict") return;
  const index = evaluatePython(target.index, scope);
  if (index.kind !== "literal") {
    set(target.object, { ...holder, complete: false }, scope);
    return;
  }
  const key = String(index.value);
  const entries = [...holder.entries.filter(entry => entry.key !== key), { key, value }];
  set(target.object, bounded({ ...holder, entries }), scope);
}

function importNames(statement: PyImport, scope: PyScope, run: PyRun, optional: boolean): void {
  const { module, names, at } = statement;
  if (!names) {
    const as = statement.as ?? module;
    // `import os.path` binds `os`.
    const origin = module.startsWith(`${as}.`) ? as : module;
    scope.imports.set(as, { origin, module: origin, file: scope.file });
    return;
  }
  if (names.some(each => each.name === "*")) {
    if (run.star(statement, scope, optional)) return;
    if (/^(?:django|split_settings|typing)\b/.test(module)) return;
    run.unseen.push({ at, why: optional ? "local-override" : "missing-module" });
    return;
  }
  for (const { name, as } of names) {
    scope.imports.set(as, { origin: `${module}.${name}`, module, name, file: scope.file });
    scope.values.delete(as);
    scope.functions.delete(as);
  }
}

/** Statements that change names without assigning to them. */
function effect(value: PyValue, scope: PyScope, run: PyRun): void {
  if (value.kind !== "call") return;
  const origin = originOf(value.callee, scope) ?? "";
  if (origin === "split_settings.tools.include") run.include(value.args, scope);
  else if (origin === "exec" || origin === "execfile") run.unseen.push({ at: value.at, why: "dynamic" });
  else if (changesGlobals(value)) run.unseen.push({ at: value.at, why: "dynamic" });
  else if (value.callee.kind === "attribute") mutate(value.callee, value.args, scope);
}

function changesGlobals(value: PyValue): boolean {
  if (value.kind !== "call") return false;
  const name = dottedName(value.callee);
  if (name === "globals" || name === "locals" || name === "vars") return true;
  if (value.callee.kind === "attribute" && changesGlobals(value.callee.object)) return true;
  return value.args.some(changesGlobals) || value.kwargs.some(each => changesGlobals(each.value));
}

function mutate(
  callee: Extract<PyValue, { kind: "attribute" }>,
  args: readonly PyValue[],
  scope: PyScope,
): void {
  const holder = evaluatePython(callee.object, scope);
  const first = args[0];
  if (!first) return;
  if (holder.kind === "dict" && callee.name === "update") {
    const added = evaluatePython(first, scope);
    const more = added.kind === "dict" ? added : { entries: [], complete: false };
    const complete = holder.complete && more.complete;
    set(
      callee.object,
      bounded({ ...holder, entries: [...holder.entries, ...more.entries], complete }),
      scope,
    );
  }
  if (holder.kind !== "list") return;
  const more = callee.name === "extend" ? evaluatePython(args[0]!, scope) : undefined;
  const end = more ?? (callee.name === "append" && !holder.complete ? listOf(args[0]!, scope) : undefined);
  const longer = end && joinedLists(holder, end, holder.at);
  if (longer) {
    set(callee.object, longer, scope);
    return;
  }
  const items = changedItems(holder.items, callee.name, args, scope);
  // What it was joined of is no longer in this order.
  const { joined: _, ...rest } = holder;
  if (items) set(callee.object, bounded({ ...rest, ...items }), scope);
}

function listOf(item: PyValue, scope: PyScope): Value {
  return { kind: "list", items: [evaluatePython(item, scope)], complete: true, at: item.at };
}

function changedItems(items: readonly Value[], method: string, args: readonly PyValue[], scope: PyScope) {
  const first = evaluatePython(args[0]!, scope);
  switch (method) {
    case "append":
      return { items: [...items, first] };
    case "insert": {
      if (!args[1]) return undefined;
      const at = first.kind === "literal" && typeof first.value === "number" ? first.value : 0;
      return { items: items.toSpliced(at, 0, evaluatePython(args[1], scope)) };
    }
    case "remove":
      if (first.kind !== "literal") return { items, complete: false };
      return { items: items.filter(item => item.kind !== "literal" || item.value !== first.value) };
    default:
      return undefined;
  }
}

function fork(scope: PyScope): PyScope {
  return { ...scope, values: new Map(scope.values) };
}

function forkRun(body: readonly PyStatement[], scope: PyScope, run: PyRun, optional = false): PyScope {
  const forked = fork(scope);
  runPython(body, forked, run, optional);
  return forked;
}

type Branches = Extract<PyStatement, { kind: "if" }>["branches"];

function runIf(branches: Branches, at: Location, scope: PyScope, run: PyRun, optional: boolean): boolean {
  const [first, ...rest] = branches;
  if (!first) return false;
  if (!first.test) return runPython(first.body, scope, run, optional);
  const test = evaluatePython(first.test, scope);
  if (test.kind === "literal") {
    if (test.value) return runPython(first.body, scope, run, optional);
    return runIf(rest, at, scope, run, optional);
  }
  const yes = fork(scope);
  const stops = runPython(first.body, yes, run, true);
  const no = fork(scope);
  const elseStops = runIf(rest, at, no, run, optional);
  if (stops) {
    run.guards.push({ test, at });
    for (const [name, value] of no.values) scope.values.set(name, value);
    return elseStops;
  }
  merge(test, [yes, elseStops ? yes : no], scope, at);
  return false;
}

function merge(test: Value, [yes, no]: readonly [PyScope, PyScope], scope: PyScope, at: Location): void {
  const before = new Map(scope.values);
  for (const name of new Set([...yes.values.keys(), ...no.values.keys()])) {
    const a = yes.values.get(name) ?? before.get(name);
    const b = no.values.get(name) ?? before.get(name);
    if (a && a === b) scope.values.set(name, a);
    else {
      const absent = unknown("not set", at);
      scope.values.set(name, choice(test, a ?? absent, b ?? absent, at));
    }
  }
}

/** `try: A = os.environ["A"]` with `except KeyError: A = "b"` is a read with a default. */
function runTry(statement: Extract<PyStatement, { kind: "try" }>, scope: PyScope, run: PyRun): void {
  const before = new Map(scope.values);
  const handler = statement.handlers[0];
  const other = handler && forkRun(handler, scope, run, true);
  runPython(statement.body, scope, run, true);
  if (!other) return;
  for (const [name, value] of other.values) {
    if (value === before.get(name)) continue;
    const tried = scope.values.get(name);
    if (!tried || tried === before.get(name)) scope.values.set(name, value);
    else if (tried.kind === "env" && tried.env.required) {
      scope.values.set(name, envValue(tried.env.names, tried.env.at, { fallback: value }));
    } else scope.values.set(name, choice(unknown("try", statement.at), tried, value, statement.at));
  }
}
