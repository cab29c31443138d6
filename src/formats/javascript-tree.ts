import type { Location } from "../core/source.ts";

/** An expression of a JavaScript or TypeScript file; types are dropped, what has no kind of its own is `other`. */
export type JsValue =
  | { readonly kind: "string"; readonly value: string; readonly at: Location }
  | { readonly kind: "number"; readonly value: number; readonly at: Location }
  | { readonly kind: "bool"; readonly value: boolean; readonly at: Location }
  /** `null` and `undefined`. */
  | { readonly kind: "none"; readonly at: Location }
  | { readonly kind: "regexp"; readonly source: string; readonly flags: string; readonly at: Location }
  | { readonly kind: "template"; readonly parts: readonly (string | JsValue)[]; readonly at: Location }
  | { readonly kind: "array"; readonly items: readonly JsValue[]; readonly at: Location }
  | { readonly kind: "object"; readonly entries: readonly JsEntry[]; readonly at: Location }
  | JsCall
  | { readonly kind: "name"; readonly name: string; readonly at: Location }
  | { readonly kind: "member"; readonly object: JsValue; readonly name: string; readonly at: Location }
  | { readonly kind: "index"; readonly object: JsValue; readonly index: JsValue; readonly at: Location }
  /** Arithmetic, comparisons, `||`, `&&` and `??`. */
  | {
      readonly kind: "binary";
      readonly operator: string;
      readonly left: JsValue;
      readonly right: JsValue;
      readonly at: Location;
    }
  | { readonly kind: "unary"; readonly operator: string; readonly operand: JsValue; readonly at: Location }
  | {
      readonly kind: "conditional";
      readonly test: JsValue;
      readonly yes: JsValue;
      readonly no: JsValue;
      readonly at: Location;
    }
  | JsFunction
  | { readonly kind: "spread"; readonly value: JsValue; readonly at: Location }
  | { readonly kind: "assign"; readonly target: JsValue; readonly value: JsValue; readonly at: Location }
  | { readonly kind: "other"; readonly text: string; readonly at: Location };

/** An object entry; `key` is absent for `...value` and for computed keys. Getters and methods are functions. */
export interface JsEntry {
  readonly key?: string;
  readonly value: JsValue;
  readonly at: Location;
}

export interface JsCall {
  readonly kind: "call";
  readonly callee: JsValue;
  readonly args: readonly JsValue[];
  /** `new X()`. */
  readonly isNew: boolean;
  readonly at: Location;
}

export interface JsFunction {
  readonly kind: "function";
  readonly name?: string;
  /** Empty text for a destructured parameter. */
  readonly params: readonly string[];
  /** An arrow function with an expression has one `return`. */
  readonly body: readonly JsStatement[];
  /** Of a method in a class. */
  readonly decorators?: readonly JsValue[];
  readonly at: Location;
}

export interface JsImport {
  readonly kind: "import";
  readonly module: string;
  /** `default`, `*` or the exported name, and the local one. */
  readonly names: readonly { readonly name: string; readonly as: string }[];
  readonly at: Location;
}

export type JsStatement =
  | JsImport
  /** One declared name: `const a = 1`. For `const { a, b: c } = x` one per name, with `property`. */
  | {
      readonly kind: "variable";
      readonly name: string;
      readonly value?: JsValue;
      readonly property?: string;
      readonly exported: boolean;
      readonly at: Location;
    }
  | { readonly kind: "expression"; readonly value: JsValue; readonly at: Location }
  | {
      readonly kind: "function";
      readonly value: JsFunction;
      readonly exported: boolean;
      readonly at: Location;
    }
  | { readonly kind: "default"; readonly value: JsValue; readonly at: Location }
  /** `export { a as b } from "m"`; `export * from "m"` has the name `*`. */
  | {
      readonly kind: "export";
      readonly names: readonly { readonly name: string; readonly as: string }[];
      readonly module?: string;
      readonly at: Location;
    }
  | { readonly kind: "return"; readonly value?: JsValue; readonly at: Location }
  | {
      readonly kind: "block";
      readonly form: "if" | "loop" | "try" | "plain";
      readonly test?: JsValue;
      /** `if`: then and else; `try`: block, handler and finally. */
      readonly bodies: readonly (readonly JsStatement[])[];
      readonly at: Location;
    }
  | {
      readonly kind: "class";
      readonly name: string;
      readonly methods: readonly JsFunction[];
      readonly decorators: readonly JsValue[];
      readonly at: Location;
    }
  | { readonly kind: "other"; readonly at: Location };

export interface JsModule {
  readonly file: string;
  readonly text: string;
  readonly body: readonly JsStatement[];
}

/** `a.b.c` for a chain of names and members, else undefined. */
export function jsPath(value: JsValue | undefined): string | undefined {
  if (value?.kind === "name") return value.name;
  if (value?.kind !== "member") return undefined;
  const object = jsPath(value.object);
  return object === undefined ? undefined : `${object}.${value.name}`;
}

export function jsProperty(value: JsValue | undefined, name: string): JsValue | undefined {
  if (value?.kind !== "object") return undefined;
  return value.entries.findLast(entry => entry.key === name)?.value;
}

/** All statements in the order of the file, inside blocks, functions (also those given as arguments) and classes. */
export function* everyJsStatement(body: readonly JsStatement[]): Generator<JsStatement> {
  for (const statement of body) {
    yield statement;
    if (statement.kind === "block") for (const each of statement.bodies) yield* everyJsStatement(each);
    else if (statement.kind === "function") yield* everyJsStatement(statement.value.body);
    else if (statement.kind === "class") {
      for (const method of statement.methods) yield* everyJsStatement(method.body);
    }
    const value = "value" in statement ? statement.value : undefined;
    if (value && statement.kind !== "function") {
      for (const inner of functionsIn(value)) yield* everyJsStatement(inner.body);
    }
  }
}

function* functionsIn(value: JsValue): Generator<JsFunction> {
  if (value.kind === "function") yield value;
  else if (value.kind === "call") {
    yield* functionsIn(value.callee);
    for (const arg of value.args) yield* functionsIn(arg);
  } else if (value.kind === "member") yield* functionsIn(value.object);
  else if (value.kind === "assign") yield* functionsIn(value.value);
  else if (value.kind === "object") for (const entry of value.entries) yield* functionsIn(entry.value);
}

/** Every call in a value, outermost first: `a(b()).c()` gives `.c()`, `a()`, `b()`. Functions are not entered. */
export function* callsIn(value: JsValue): Generator<JsCall> {
  if (value.kind === "call") {
    yield value;
    yield* callsIn(value.callee);
    for (const arg of value.args) yield* callsIn(arg);
  } else if (value.kind === "member" || value.kind === "index") yield* callsIn(value.object);
  else if (value.kind === "assign" || value.kind === "spread") yield* callsIn(value.value);
  else if (value.kind === "unary") yield* callsIn(value.operand);
  else if (value.kind === "binary") {
    yield* callsIn(value.left);
    yield* callsIn(value.right);
  } else if (value.kind === "conditional") {
    yield* callsIn(value.yes);
    yield* callsIn(value.no);
  } else if (value.kind === "array") for (const item of value.items) yield* callsIn(item);
  else if (value.kind === "object") for (const entry of value.entries) yield* callsIn(entry.value);
}
