import type { Location } from "../core/source.ts";
import { dottedName, type PyFunction, type PyValue } from "../formats/python-tree.ts";
import type { Value } from "./value.ts";

/** What a name of a settings module stands for while the module is followed from top to bottom. */
export interface PyScope {
  readonly file: string;
  readonly values: Map<string, Value>;
  readonly functions: Map<string, PyFunction>;
  /** Local name to dotted origin: `env` of `from os import environ as env` is `os.environ`. */
  readonly imports: Map<string, PyImported>;
  /** Names bound to a reader of the environment, with the types that its constructor declares. */
  readonly readers: Map<string, EnvReader>;
  /** Expressions that may still be read: a hostile module must not keep the audit busy. Shared by forks. */
  readonly budget: { left: number };
  /** Finds a name of another module of the project; undefined for packages. */
  readonly outside?: ((imported: PyImported) => Outside | undefined) | undefined;
}

export interface PyImported {
  readonly origin: string;
  readonly module: string;
  readonly name?: string;
  readonly file: string;
}

export type Outside =
  | { readonly kind: "value"; readonly value: Value }
  | { readonly kind: "function"; readonly value: PyFunction; readonly scope: PyScope };

export interface EnvReader {
  readonly library: "environ" | "environs" | "decouple";
  readonly prefix: string;
  /** `environ.Env(DEBUG=(bool, False))`: the cast's name and the default. */
  readonly scheme: ReadonlyMap<string, { readonly cast: string; readonly fallback?: Value }>;
}

/** A failed guard: the program does not start when `test` is true. */
export interface Guard {
  readonly test: Value;
  readonly at: Location;
}

const mostExpressions = 100_000;

export function emptyScope(file: string, outside?: PyScope["outside"]): PyScope {
  return {
    file,
    values: new Map(),
    functions: new Map(),
    imports: new Map(),
    readers: new Map(),
    budget: { left: mostExpressions },
    outside,
  };
}

/** The dotted origin of a callee: `getenv` after `from os import getenv` is `os.getenv`. */
export function originOf(value: PyValue, scope: PyScope): string | undefined {
  const dotted = dottedName(value);
  if (dotted === undefined) return undefined;
  const [first, ...rest] = dotted.split(".");
  const imported = scope.imports.get(first!);
  if (!imported) return dotted;
  return [imported.origin, ...rest].join(".");
}
