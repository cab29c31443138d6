import type { Problem } from "../core/problem.ts";
import type { Location, Source } from "../core/source.ts";
import { parsePython } from "../formats/python.ts";
import {
  dottedName,
  everyStatement,
  keyword,
  type PyCall,
  type PyModule,
  type PyStatement,
  type PyValue,
} from "../formats/python-tree.ts";
import { outsideOf } from "./django-settings.ts";
import { importedPythonFile, type ProjectFiles } from "./project-files.ts";
import { emptyScope, originOf, type PyScope } from "./python-scope.ts";
import { evaluatePython } from "./python-values.ts";
import {
  escapeExpression,
  matchRoutes,
  type RouteAnswer,
  type RouteNode,
  type Take,
  takeAnything,
  takeExpression,
  takeMount,
  takeText,
} from "./route-tree.ts";
import { type SettingValue, settingValue, type Value } from "./value.ts";

/** A FastAPI (or Starlette-like) application object of one file. */
export interface FastApiApp {
  readonly file: string;
  readonly name: string;
  readonly at: Location;
  /** `null`: turned off; text: where; undefined value: not told. */
  readonly docs: SettingValue | undefined;
  readonly openapi: SettingValue | undefined;
  readonly middleware: readonly {
    readonly name: string;
    readonly options: ReadonlyMap<string, Value>;
    readonly at: Location;
    /** A switch decides whether it is added. */
    readonly optional?: true;
  }[];
  readonly routes: readonly RouteNode[];
  readonly problems: readonly Problem[];
}

interface Module {
  readonly files: ProjectFiles;
  readonly roots: readonly string[];
  readonly source: Source;
  readonly model: PyModule;
  readonly scope: PyScope;
  readonly calls: ReadonlyMap<string, PyCall>;
  readonly statements: readonly PyStatement[];
}

const modules = new WeakMap<Source, Module>();

function moduleOf(files: ProjectFiles, roots: readonly string[], path: string): Module | undefined {
  const source = files.read(path);
  const known = source && modules.get(source);
  if (!source || known) return known;
  const { model } = parsePython(source);
  const scope = emptyScope(path, outsideOf(files, roots));
  const calls = new Map<string, PyCall>();
  const statements: PyStatement[] = [];
  for (const { statement } of everyStatement(model.body, { functions: true })) {
    statements.push(statement);
    if (statement.kind === "import") bind(statement, scope);
    if (statement.kind !== "assign" || statement.update || statement.targets[0]?.kind !== "name") continue;
    const name = statement.targets[0].name;
    if (statement.value?.kind === "call") calls.set(name, statement.value);
    if (statement.value) scope.values.set(name, evaluatePython(statement.value, scope));
  }
  const made = { files, roots, source, model, scope, calls, statements };
  modules.set(source, made);
  return made;
}

function bind(statement: Extract<PyStatement, { kind: "import" }>, scope: PyScope): void {
  const { module, names } = statement;
  if (!names) scope.imports.set(statement.as ?? module, { origin: module, module, file: scope.file });
  for (const { name, as } of names ?? [])
    scope.imports.set(as, { origin: `${module}.${name}`, module, name, file: scope.file });
}

/** The app of a file, `name` or the first; also one made inside a factory function. Undefined when there is none. */
export function readFastApi(
  files: ProjectFiles,
  path: string,
  roots: readonly string[],
  name?: string,
): FastApiApp | undefined {
  const source = files.read(path);
  if (!source?.text.includes("FastAPI")) return undefined;
  const module = moduleOf(files, roots, path);
  const found =
    module &&
    [...module.calls].find(
      ([each, call]) =>
        (name === undefined || each === name || isFactory(module, name)) && isApp(module, call),
    );
  if (!module || !found) return undefined;
  const [variable, call] = found;
  const setting = (key: string, standard: string): SettingValue | undefined => {
    const given = keyword(call, key);
    if (given) return settingValue(evaluatePython(given, module.scope));
    return call.spread ? undefined : { kind: "literal", value: standard, at: call.at };
  };
  const docs = setting("docs_url", "/docs");
  const openapi = setting("openapi_url", "/openapi.json");
  const pages = [docs, openapi, setting("redoc_url", "/redoc")].flatMap((each): RouteNode[] => {
    if (each?.kind === "literal" && each.value === null) return [];
    if (each?.kind !== "literal" || typeof each.value !== "string")
      return [unknownNode(call.at, "the API pages", /docs|redoc|openapi/)];
    return openapi?.value === null
      ? []
      : [{ take: takeText(each.value), pattern: each.value, leaf: "yes", at: call.at }];
  });
  return {
    file: path,
    name: variable,
    at: call.at,
    docs,
    openapi,
    middleware: middlewareOf(module, variable),
    routes: [...pages, ...routesOf(module, variable, 0)],
    problems: parsePython(source).problems,
  };
}

function isFactory(module: Module, name: string): boolean {
  return module.statements.some(statement => statement.kind === "function" && statement.name === name);
}

function isApp(module: Module, call: PyCall): boolean {
  return (
    originOf(call.callee, module.scope) === "fastapi.FastAPI" ||
    originOf(call.callee, module.scope) === "fastapi.applications.FastAPI"
  );
}

function unknownNode(at: Location, pattern: string, within?: RegExp): RouteNode {
  const take: Take = within ? rest => (within.test(rest) ? "" : undefined) : takeAnything;
  return { take, pattern, leaf: "unknown", at };
}

function middlewareOf(module: Module, app: string): FastApiApp["middleware"] {
  return module.statements.flatMap(statement => {
    const call =
      statement.kind === "expression" && statement.value.kind === "call" ? statement.value : undefined;
    if (!call || dottedName(call.callee) !== `${app}.add_middleware` || !call.args[0]) return [];
    const options = new Map(call.kwargs.map(each => [each.name, evaluatePython(each.value, module.scope)]));
    const name = dottedName(call.args[0])?.split(".").at(-1) ?? "";
    return [
      { name, options, at: call.at, ...(isOptional(module, statement) ? { optional: true as const } : {}) },
    ];
  });
}

/** It stands below an `if` without another branch. */
function isOptional(module: Module, wanted: PyStatement): boolean {
  return module.statements.some(
    statement =>
      statement.kind === "if" &&
      statement.branches.length === 1 &&
      [...everyStatement(statement.branches[0]!.body)].some(each => each.statement === wanted),
  );
}

const verbs = new Set(["get", "post", "put", "patch", "delete", "head", "options", "api_route", "route"]);
const deepest = 8;

function text(module: Module, value: PyValue | undefined): string | undefined {
  if (!value) return "";
  const known = evaluatePython(value, module.scope);
  return known.kind === "literal" && typeof known.value === "string" ? known.value : undefined;
}

/** What is registered on `name` (an app or a router), below that router's own prefix. */
function routesOf(module: Module, name: string, depth: number): readonly RouteNode[] {
  if (depth > deepest) return [];
  const made = module.calls.get(name);
  const given = made && keyword(made, "prefix");
  const prefix = text(module, given);
  if (made && (prefix === undefined || made.spread)) return [unknownNode(made.at, "a computed prefix")];
  const nodes = module.statements.flatMap(statement => {
    if (statement.kind === "function") return operations(module, statement, name);
    if (statement.kind === "expression" && statement.value.kind === "call")
      return registrations(module, statement.value, name, depth);
    return [];
  });
  return prefix
    ? [{ take: takeText(prefix), pattern: prefix, leaf: "none", children: () => nodes, at: made!.at }]
    : nodes;
}

function operations(
  module: Module,
  statement: Extract<PyStatement, { kind: "function" }>,
  name: string,
): RouteNode[] {
  return statement.decorators.flatMap((decorator): RouteNode[] => {
    if (decorator.kind !== "call" || decorator.callee.kind !== "attribute") return [];
    const verb = decorator.callee.name;
    if (dottedName(decorator.callee.object) !== name) return [];
    if (verb === "middleware") return middlewareAnswers(module, statement, decorator.at);
    if (!verbs.has(verb)) return [];
    return [operation(text(module, decorator.args[0] ?? keyword(decorator, "path")), decorator.at, verb)];
  });
}

/** An http middleware that compares the path may answer by itself. */
function middlewareAnswers(
  module: Module,
  statement: Extract<PyStatement, { kind: "function" }>,
  at: Location,
): RouteNode[] {
  const body = module.source.text.slice(statement.at.span.start, statement.at.span.end);
  return /\.path\b/.test(body) ? [unknownNode(at, "a middleware")] : [];
}

function operation(path: string | undefined, at: Location, verb: string): RouteNode {
  const take = path === undefined ? undefined : takePath(path);
  if (!take || path === undefined) return unknownNode(at, "a computed path");
  const methods = verb === "api_route" || verb === "route" ? {} : { methods: [verb.toUpperCase()] };
  return { take, pattern: path, leaf: "yes", ...methods, at };
}

function takePath(path: string): Take | undefined {
  if (!path.includes("{")) return takeText(path);
  const source = path
    .split(/(\{[^{}]*\})/)
    .map(part => (!part.startsWith("{") ? escapeExpression(part) : part.endsWith(":path}") ? ".*" : "[^/]+"))
    .join("");
  return takeExpression(source);
}

/** Calls that only use the app. */
const harmless =
  /(?:^|\.)(?:run|add_middleware|add_exception_handler|exception_handler|on_event|add_event_handler|instrument_app|instrument|init|setup_logging|TestClient|CORSMiddleware|print|isinstance|len|state)$/;

function registrations(module: Module, call: PyCall, name: string, depth: number): readonly RouteNode[] {
  const callee = dottedName(call.callee) ?? "";
  if (callee === `${name}.include_router`) return included(module, call, depth);
  if (callee === `${name}.add_api_route` || callee === `${name}.add_route`)
    return [operation(text(module, call.args[0]), call.at, "route")];
  if (callee === `${name}.mount`) {
    const path = text(module, call.args[0]);
    if (path === undefined) return [unknownNode(call.at, "a computed mount")];
    const take = takeMount(path);
    return [
      {
        take: rest => (take(rest) === undefined ? undefined : ""),
        pattern: path,
        leaf: "unknown",
        at: call.at,
      },
    ];
  }
  const handed =
    call.args.some(arg => arg.kind === "name" && arg.name === name) ||
    call.kwargs.some(each => each.value.kind === "name" && each.value.name === name);
  const chained =
    call.callee.kind === "attribute" && call.callee.object.kind === "call" && !harmless.test(callee);
  if (chained && JSON.stringify(call.callee).includes(`"${name}"`))
    return [unknownNode(call.at, "an instrumented page", /metrics/)];
  return handed && !harmless.test(callee) ? [unknownNode(call.at, `${callee}()`)] : [];
}

function included(module: Module, call: PyCall, depth: number): readonly RouteNode[] {
  const prefix = text(module, keyword(call, "prefix"));
  const router = call.args[0] ?? keyword(call, "router");
  if (prefix === undefined || !router || call.spread) return [unknownNode(call.at, "an included router")];
  const children = () =>
    routerRoutes(module, router, depth + 1) ?? [unknownNode(router.at, "an included router")];
  return [{ take: takeText(prefix), pattern: prefix, leaf: "none", children, at: call.at }];
}

/** `router`, or `users.router` after `from app.api import users`. */
function routerRoutes(module: Module, router: PyValue, depth: number): readonly RouteNode[] | undefined {
  if (depth > deepest) return undefined;
  if (router.kind === "name" && module.calls.has(router.name)) return routesOf(module, router.name, depth);
  const dotted = dottedName(router);
  const origin = dotted === undefined ? undefined : originOf(router, module.scope);
  const first = dotted === undefined ? undefined : module.scope.imports.get(dotted.split(".")[0]!);
  if (origin === undefined || !first) return undefined;
  const dot = origin.lastIndexOf(".");
  const target = importedPythonFile(module.files, first.file, origin.slice(0, dot), module.roots);
  const next = target === undefined ? undefined : moduleOf(module.files, module.roots, target);
  const name = origin.slice(dot + 1);
  if (!next || next === module) return undefined;
  if (next.calls.has(name)) return routesOf(next, name, depth);
  const again = next.scope.imports.get(name);
  return again ? routerRoutes(next, { kind: "name", name, at: router.at }, depth + 1) : undefined;
}

/** What the app answers to a path. A path that differs by its last slash only is redirected. */
export function fastApiServes(app: FastApiApp, path: string): RouteAnswer {
  const bare = `/${path.replace(/[?#].*$/, "").replace(/^\//, "")}`;
  const direct = matchRoutes(app.routes, bare);
  if (direct.answer !== "no") return direct;
  const other = bare.endsWith("/") ? bare.replace(/\/+$/, "") : `${bare}/`;
  const turned = other === "" ? direct : matchRoutes(app.routes, other);
  if (turned.answer === "yes")
    return { ...turned, answer: "redirect", because: `only ${other} is served, so it is redirected there` };
  return turned.answer === "unknown"
    ? turned
    : { ...direct, at: app.at, because: `no route of ${app.file} answers ${bare}` };
}

/** The file and object that `app.main:app` names, below one of `roots`. */
export function asgiModule(
  files: ProjectFiles,
  target: string,
  roots: readonly string[],
): { readonly file: string; readonly object: string } | undefined {
  const [module = "", object = "app"] = target.split(":");
  for (const root of roots) {
    const file = importedPythonFile(files, root === "" ? "x.py" : `${root}/x.py`, `.${module}`, roots);
    if (file !== undefined) return { file, object };
  }
  return undefined;
}
