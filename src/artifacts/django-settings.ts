import type { Problem } from "../core/problem.ts";
import type { Location } from "../core/source.ts";
import { parsePython } from "../formats/python.ts";
import type { PyImport, PyValue } from "../formats/python-tree.ts";
import { directoryOf, hasFile, importedPythonFile, joinPath, type ProjectFiles } from "./project-files.ts";
import { type PyRun, runPython, type Unseen } from "./python-run.ts";
import { emptyScope, type Guard, type Outside, type PyImported, type PyScope } from "./python-scope.ts";
import { evaluatePython } from "./python-values.ts";
import {
  type Concrete,
  concrete,
  envUses,
  isTruthy,
  type Lookup,
  type SettingValue,
  settingValue,
  type Value,
} from "./value.ts";

/** A settings module, followed from top to bottom through its imports and includes. */
export interface DjangoSettings {
  /** The dotted module, when it was asked for by name. */
  readonly file: string;
  /** Every file that was followed, this one first. */
  readonly files: readonly string[];
  /** Upper-case names only. */
  readonly values: ReadonlyMap<string, Value>;
  /** The program refuses to start when one of these is true. */
  readonly guards: readonly Guard[];
  /** Where names are set unseen. A value may differ at run time when this is not empty. */
  readonly unseen: readonly Unseen[];
  readonly problems: readonly Problem[];
}

const deepestImport = 12;
const mostFiles = 60;

const cache = new WeakMap<ProjectFiles, Map<string, DjangoSettings | undefined>>();

/** Follows the settings module in `file`; undefined when it is not there. `roots`: where imports start. */
export function readDjangoSettings(
  files: ProjectFiles,
  file: string,
  roots: readonly string[],
): DjangoSettings | undefined {
  let known = cache.get(files);
  if (!known) {
    known = new Map();
    cache.set(files, known);
  }
  const key = `${file}\n${roots.join("\n")}`;
  if (!known.has(key)) known.set(key, follow(files, file, roots));
  return known.get(key);
}

function follow(files: ProjectFiles, file: string, roots: readonly string[]): DjangoSettings | undefined {
  const source = files.read(file);
  if (!source) return undefined;
  const followed: string[] = [];
  const problems: Problem[] = [];
  const stack: string[] = [];
  const runFile = (path: string, scope: PyScope, optional: boolean): boolean => {
    const found = files.read(path);
    if (!found || stack.includes(path) || stack.length > deepestImport || followed.length > mostFiles)
      return false;
    followed.push(path);
    stack.push(path);
    const parsed = parsePython(found);
    problems.push(...parsed.problems);
    runPython(parsed.model.body, { ...scope, file: path }, run, optional);
    stack.pop();
    return true;
  };
  const run: PyRun = {
    guards: [],
    unseen: [],
    star(statement: PyImport, scope: PyScope, optional: boolean) {
      const target = importedPythonFile(files, scope.file, statement.module, roots);
      return target !== undefined && runFile(target, scope, optional);
    },
    include(values, scope) {
      for (const value of values) includeFile(value, scope, { files, run, runFile, problems });
    },
  };
  const scope = emptyScope(file, outsideOf(files, roots));
  runFile(file, scope, false);
  const values = new Map([...scope.values].filter(([name]) => /^[A-Z][A-Z0-9_]*$/.test(name)));
  return { file, files: followed, values, guards: run.guards, unseen: run.unseen, problems };
}

interface Following {
  readonly files: ProjectFiles;
  readonly run: PyRun;
  readonly problems: Problem[];
  runFile(path: string, scope: PyScope, optional: boolean): boolean;
}

/** One argument of django-split-settings' `include`: a path or pattern beside this file, or `optional(...)`. */
function includeFile(value: PyValue, scope: PyScope, following: Following): void {
  const { files, run, runFile, problems } = following;
  if (value.kind === "call") {
    const inner = value.args[0] && evaluatePython(value.args[0], scope);
    const path =
      inner?.kind === "literal" ? joinPath(directoryOf(scope.file), String(inner.value)) : undefined;
    if (path === undefined || !hasFile(files, path)) run.unseen.push({ at: value.at, why: "local-override" });
    else runFile(path, scope, true);
    return;
  }
  const known = evaluatePython(value, scope);
  if (known.kind !== "literal" || typeof known.value !== "string") {
    run.unseen.push({ at: value.at, why: "dynamic" });
    return;
  }
  const path = joinPath(directoryOf(scope.file), known.value);
  const matches = path === undefined ? [] : matching(files, path);
  if (matches.length === 0) {
    problems.push({ at: value.at, message: `the settings file ${known.value} does not exist` });
    run.unseen.push({ at: value.at, why: "missing-module" });
  }
  for (const match of matches) runFile(match, scope, false);
}

/** `components/*.py` in order; only stars inside one folder are understood. */
function matching(files: ProjectFiles, path: string): string[] {
  if (!path.includes("*")) return hasFile(files, path) ? [path] : [];
  const pattern = new RegExp(`^${path.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*+/g, "[^/]*")}$`);
  return files.paths.filter(each => pattern.test(each)).toSorted();
}

/** Names imported from other modules of the project: constants and small functions. */
export function outsideOf(files: ProjectFiles, roots: readonly string[]): NonNullable<PyScope["outside"]> {
  const scopes = new Map<string, PyScope>();
  const quiet: PyRun = { guards: [], unseen: [], star: () => false, include: () => undefined };
  const outside = (imported: PyImported): Outside | undefined => {
    if (imported.name === undefined) return undefined;
    const file = importedPythonFile(files, imported.file, imported.module, roots);
    const source = file === undefined ? undefined : files.read(file);
    if (!file || !source) return undefined;
    let scope = scopes.get(file);
    if (!scope) {
      if (scopes.size > 20) return undefined;
      scope = emptyScope(file, outside);
      scopes.set(file, scope);
      runPython(parsePython(source).model.body, scope, quiet);
    }
    const made = scope.functions.get(imported.name);
    if (made) return { kind: "function", value: made, scope };
    const value = scope.values.get(imported.name);
    if (value) return { kind: "value", value };
    const again = scope.imports.get(imported.name);
    return again && again.file !== imported.file ? outside(again) : undefined;
  };
  return outside;
}

/** Django's own defaults for what rules ask about (django/conf/global_settings.py of 4.2 to 5.2). */
export const djangoDefaults: Readonly<Record<string, Concrete>> = {
  DEBUG: false,
  ALLOWED_HOSTS: [],
  SECRET_KEY: "",
  SECURE_SSL_REDIRECT: false,
  SECURE_HSTS_SECONDS: 0,
  SECURE_CONTENT_TYPE_NOSNIFF: true,
  SECURE_PROXY_SSL_HEADER: null,
  SESSION_COOKIE_SECURE: false,
  SESSION_COOKIE_HTTPONLY: true,
  CSRF_COOKIE_SECURE: false,
  CSRF_TRUSTED_ORIGINS: [],
  X_FRAME_OPTIONS: "DENY",
  APPEND_SLASH: true,
  STATIC_ROOT: null,
  USE_X_FORWARDED_HOST: false,
};

/** One setting in few words; undefined when the module does not set it. */
export function djangoSetting(settings: DjangoSettings, name: string): SettingValue | undefined {
  const value = settings.values.get(name);
  return value && settingValue(value);
}

/** What a setting is under an environment: Django's default when it is not set at all. */
export function djangoSettingUnder(
  settings: DjangoSettings,
  name: string,
  lookup: Lookup,
): Concrete | undefined {
  const value = settings.values.get(name);
  return value ? concrete(value, lookup) : djangoDefaults[name];
}

/** Where the settings refuse to start under an environment. Only what is certain. */
export function refusals(settings: DjangoSettings, lookup: Lookup): readonly Location[] {
  return settings.guards.flatMap(guard => {
    const test = concrete(guard.test, lookup);
    return test !== undefined && isTruthy(test) ? [guard.at] : [];
  });
}

/** True when some guard looks at one of the variables that this setting reads: its fallback may never be used. */
export function isGuarded(settings: DjangoSettings, name: string): boolean {
  const value = settings.values.get(name);
  const names = new Set(envUses(value).flatMap(use => use.names));
  return settings.guards.some(
    guard => guard.test === value || envUses(guard.test).some(use => use.names.some(each => names.has(each))),
  );
}
