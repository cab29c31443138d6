import type { Location } from "../core/source.ts";

/** An expression of a Python file. Every node knows its place; what has no kind of its own is `other`. */
export type PyValue =
  | { readonly kind: "string"; readonly value: string; readonly at: Location }
  | { readonly kind: "number"; readonly value: number; readonly at: Location }
  | { readonly kind: "bool"; readonly value: boolean; readonly at: Location }
  | { readonly kind: "none"; readonly at: Location }
  | {
      readonly kind: "list";
      readonly form: "list" | "tuple" | "set";
      readonly items: readonly PyValue[];
      readonly at: Location;
    }
  | { readonly kind: "dict"; readonly entries: readonly PyEntry[]; readonly at: Location }
  | PyCall
  | { readonly kind: "name"; readonly name: string; readonly at: Location }
  | { readonly kind: "attribute"; readonly object: PyValue; readonly name: string; readonly at: Location }
  | { readonly kind: "subscript"; readonly object: PyValue; readonly index: PyValue; readonly at: Location }
  /** An f-string: the text between the braces is decoded. */
  | { readonly kind: "format"; readonly parts: readonly (string | PyValue)[]; readonly at: Location }
  /** Arithmetic, comparisons and `and`/`or`; the operator is written as in the file, e.g. `not in`. */
  | {
      readonly kind: "binary";
      readonly operator: string;
      readonly left: PyValue;
      readonly right: PyValue;
      readonly at: Location;
    }
  | { readonly kind: "not"; readonly operand: PyValue; readonly at: Location }
  | {
      readonly kind: "conditional";
      readonly test: PyValue;
      readonly yes: PyValue;
      readonly no: PyValue;
      readonly at: Location;
    }
  /** A comprehension with one `for`; with more it is `other`. */
  | {
      readonly kind: "comprehension";
      readonly element: PyValue;
      readonly variable: string;
      readonly iterable: PyValue;
      readonly conditions: readonly PyValue[];
      readonly at: Location;
    }
  /** `*value` in a list or an argument list. */
  | { readonly kind: "spread"; readonly value: PyValue; readonly at: Location }
  | { readonly kind: "other"; readonly text: string; readonly at: Location };

/** A dict entry; `key` is absent for `**value`. */
export interface PyEntry {
  readonly key?: PyValue;
  readonly value: PyValue;
}

export interface PyCall {
  readonly kind: "call";
  readonly callee: PyValue;
  readonly args: readonly PyValue[];
  readonly kwargs: readonly PyKeyword[];
  /** True when `*x` or `**x` adds arguments that are not seen here. */
  readonly spread: boolean;
  readonly at: Location;
}

export interface PyKeyword {
  readonly name: string;
  readonly value: PyValue;
  readonly at: Location;
}

export interface PyImport {
  readonly kind: "import";
  /** `from M import names`: M with its leading dots; `import M`: the dotted name. */
  readonly module: string;
  /** Undefined for `import M`; `*` stands as one name. */
  readonly names?: readonly { readonly name: string; readonly as: string }[];
  /** For `import M as N`: N; for `import M`: its first part. */
  readonly as?: string;
  readonly at: Location;
}

export interface PyFunction {
  readonly kind: "function";
  readonly name: string;
  readonly params: readonly { readonly name: string; readonly default?: PyValue; readonly rest: boolean }[];
  readonly decorators: readonly PyValue[];
  readonly body: readonly PyStatement[];
  readonly at: Location;
}

export interface PyClass {
  readonly kind: "class";
  readonly name: string;
  readonly nameAt: Location;
  readonly bases: readonly PyValue[];
  readonly body: readonly PyStatement[];
  readonly at: Location;
}

export interface PyAssign {
  readonly kind: "assign";
  /** `a = b = 1` has two. */
  readonly targets: readonly PyValue[];
  /** Absent for a bare annotation, `x: int`. */
  readonly value?: PyValue;
  readonly annotation?: string;
  /** `+=` and the like. */
  readonly update?: string;
  readonly at: Location;
}

export type PyStatement =
  | PyAssign
  | PyImport
  | PyFunction
  | PyClass
  | { readonly kind: "expression"; readonly value: PyValue; readonly at: Location }
  | {
      readonly kind: "if";
      readonly branches: readonly { readonly test?: PyValue; readonly body: readonly PyStatement[] }[];
      readonly at: Location;
    }
  | {
      readonly kind: "try";
      /** What runs when nothing fails (`try`, `else` and `finally` in order). */
      readonly body: readonly PyStatement[];
      readonly handlers: readonly (readonly PyStatement[])[];
      readonly at: Location;
    }
  | {
      readonly kind: "block";
      readonly form: "with" | "for" | "while" | "match";
      readonly body: readonly PyStatement[];
      readonly at: Location;
    }
  | { readonly kind: "return"; readonly value?: PyValue; readonly at: Location }
  | { readonly kind: "raise"; readonly at: Location }
  | { readonly kind: "other"; readonly at: Location };

export interface PyModule {
  readonly file: string;
  readonly text: string;
  readonly body: readonly PyStatement[];
}

/** `a.b.c` for a chain of names and attributes, else undefined. */
export function dottedName(value: PyValue | undefined): string | undefined {
  if (value?.kind === "name") return value.name;
  if (value?.kind !== "attribute") return undefined;
  const object = dottedName(value.object);
  return object === undefined ? undefined : `${object}.${value.name}`;
}

export function keyword(call: PyCall, name: string): PyValue | undefined {
  return call.kwargs.find(each => each.name === name)?.value;
}

/** A statement with what stands around it. */
export interface PlacedStatement {
  readonly statement: PyStatement;
  /** True below `if`, `try`, `for`, `while` or `match`: it may not run. */
  readonly conditional: boolean;
  /** Names of the functions and classes around it, outermost first. */
  readonly inside: readonly string[];
}

/** All statements in the order of the file, also those inside blocks, and inside functions when asked. */
export function* everyStatement(
  body: readonly PyStatement[],
  options: { readonly functions?: boolean; readonly classes?: boolean } = {},
  conditional = false,
  inside: readonly string[] = [],
): Generator<PlacedStatement> {
  for (const statement of body) {
    yield { statement, conditional, inside };
    if (statement.kind === "if") {
      for (const branch of statement.branches) yield* everyStatement(branch.body, options, true, inside);
    } else if (statement.kind === "try") {
      yield* everyStatement(statement.body, options, true, inside);
      for (const handler of statement.handlers) yield* everyStatement(handler, options, true, inside);
    } else if (statement.kind === "block") {
      yield* everyStatement(statement.body, options, conditional || statement.form !== "with", inside);
    } else if (statement.kind === "function" && options.functions) {
      yield* everyStatement(statement.body, options, conditional, [...inside, statement.name]);
    } else if (statement.kind === "class" && options.classes) {
      yield* everyStatement(statement.body, options, conditional, [...inside, statement.name]);
    }
  }
}
