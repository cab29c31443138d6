import type { Located, Location, Source } from "../core/source.ts";
import { parsePython } from "../formats/python.ts";
import {
  dottedName,
  everyStatement,
  keyword,
  type PyCall,
  type PyModule,
  type PyValue,
} from "../formats/python-tree.ts";
import { type DjangoProject, djangoRoots } from "./django.ts";
import { ninjaRoutes } from "./django-ninja.ts";
import { registeredRoutes } from "./django-rest.ts";
import type { DjangoSettings } from "./django-settings.ts";
import { importedPythonFile, type ProjectFiles, pythonModuleFile } from "./project-files.ts";
import { emptyScope, type PyScope } from "./python-scope.ts";
import { evaluatePython } from "./python-values.ts";
import {
  escapeExpression,
  matchRoutes,
  type RouteAnswer,
  type RouteNode,
  takeAnything,
  takeExpression,
  takeText,
} from "./route-tree.ts";
import { concrete, type Value } from "./value.ts";

/** What URL reading knows of the project. */
export interface UrlContext {
  readonly files: ProjectFiles;
  readonly roots: readonly string[];
  readonly settings?: DjangoSettings | undefined;
  /** Modules that were read, and patterns that may still be followed for this question. */
  readonly modules: Map<string, UrlModule>;
  readonly budget: { left: number };
}

/** A module with its names, as far as routes need them. */
export interface UrlModule {
  readonly context: UrlContext;
  readonly source: Source;
  readonly model: PyModule;
  /** Last value of each name at the top level. */
  readonly names: ReadonlyMap<string, PyValue>;
  readonly imports: ReadonlyMap<string, { readonly module: string; readonly name?: string }>;
  readonly scope: PyScope;
}

export function urlModule(context: UrlContext, path: string): UrlModule | undefined {
  const source = context.files.read(path);
  if (!source) return undefined;
  const known = context.modules.get(path);
  if (known) return known;
  const { model } = parsePython(source);
  const names = new Map<string, PyValue>();
  const imports = new Map<string, { module: string; name?: string }>();
  const scope = emptyScope(path);
  for (const { statement } of everyStatement(model.body)) {
    if (statement.kind === "import") {
      if (!statement.names) imports.set(statement.as ?? statement.module, { module: statement.module });
      for (const each of statement.names ?? [])
        imports.set(each.as, { module: statement.module, name: each.name });
    } else if (statement.kind === "assign" && statement.value && !statement.update) {
      for (const target of statement.targets) {
        if (target.kind !== "name") continue;
        names.set(target.name, statement.value);
        scope.values.set(target.name, evaluatePython(statement.value, scope));
      }
    }
  }
  const made: UrlModule = { context, source, model, names, imports, scope };
  context.modules.set(path, made);
  return made;
}

/** A name followed through imports to the module that makes it. */
export function definitionOf(
  module: UrlModule,
  name: string,
  depth = 0,
): { readonly module: UrlModule; readonly name: string; readonly value: PyValue } | undefined {
  const value = module.names.get(name);
  if (value)
    return value.kind === "name" && depth < 8
      ? definitionOf(module, value.name, depth + 1)
      : { module, name, value };
  const imported = module.imports.get(name);
  if (imported?.name === undefined || depth > 8) return undefined;
  const { files, roots } = module.context;
  const file = importedPythonFile(files, module.source.path, imported.module, roots);
  const next = file === undefined ? undefined : urlModule(module.context, file);
  return next && definitionOf(next, imported.name, depth + 1);
}

/** A text argument, also an f-string or a sum of constants of the module. */
export function textArgument(module: UrlModule, value: PyValue | undefined): string | undefined {
  if (!value) return undefined;
  const known = evaluatePython(value, module.scope);
  return known.kind === "literal" && typeof known.value === "string" ? known.value : undefined;
}

export function unknownRoute(at: Location, pattern: string, take = takeAnything): RouteNode {
  return { take, pattern, leaf: "unknown", at };
}

/** The routes of a urls module, from its `urlpatterns`. */
export function urlRoutes(context: UrlContext, path: string): readonly RouteNode[] {
  const module = urlModule(context, path);
  if (!module) return [];
  const nodes: RouteNode[] = [];
  let seen = false;
  for (const { statement } of everyStatement(module.model.body)) {
    if (statement.kind === "assign" && statement.targets.some(each => dottedName(each) === "urlpatterns")) {
      seen = true;
      if (statement.value) nodes.push(...patternList(module, statement.value, 0));
    } else if (statement.kind === "expression" && statement.value.kind === "call") {
      const callee = dottedName(statement.value.callee);
      if (
        callee === "urlpatterns.append" ||
        callee === "urlpatterns.extend" ||
        callee === "urlpatterns.insert"
      ) {
        const added = statement.value.args.at(-1);
        if (added) nodes.push(...patternList(module, added, 0));
      }
    } else if (
      statement.kind === "import" &&
      statement.names?.some(each => each.name === "*" || each.as === "urlpatterns")
    ) {
      seen = true;
      nodes.push(...imported(module, statement.module, statement.at));
    }
  }
  return seen ? nodes : [unknownRoute({ file: path, span: { start: 0, end: 0 } }, "")];
}

function imported(module: UrlModule, name: string, at: Location): readonly RouteNode[] {
  const { files, roots } = module.context;
  const file = importedPythonFile(files, module.source.path, name, roots);
  if (file === undefined || file === module.source.path) return [unknownRoute(at, "")];
  // Found when a path reaches it: modules may import each other.
  return [
    { take: rest => rest, pattern: "", leaf: "none", children: () => urlRoutes(module.context, file), at },
  ];
}

function patternList(module: UrlModule, value: PyValue, depth: number): readonly RouteNode[] {
  if (depth > 10 || --module.context.budget.left < 0) return [unknownRoute(value.at, "")];
  if (value.kind === "list") return value.items.flatMap(item => patternList(module, item, depth + 1));
  if (value.kind === "spread") return patternList(module, value.value, depth + 1);
  if (value.kind === "binary" && value.operator === "+") {
    return [...patternList(module, value.left, depth + 1), ...patternList(module, value.right, depth + 1)];
  }
  if (value.kind === "conditional") {
    return [...patternList(module, value.yes, depth + 1), ...patternList(module, value.no, depth + 1)];
  }
  if (value.kind === "call") return callRoutes(module, value, depth);
  if (value.kind === "attribute") return attributeRoutes(module, value);
  if (value.kind !== "name") return [unknownRoute(value.at, "")];
  const found = definitionOf(module, value.name);
  return found ? patternList(found.module, found.value, depth + 1) : [unknownRoute(value.at, "")];
}

function callRoutes(module: UrlModule, call: PyCall, depth: number): readonly RouteNode[] {
  const name = dottedName(call.callee)?.split(".").at(-1) ?? "";
  if (name === "path" || name === "re_path" || name === "url") return [pathRoute(module, call, name)];
  if (name === "static") return staticRoutes(module, call);
  if (name === "staticfiles_urlpatterns") return [];
  if (name === "format_suffix_patterns" && call.args[0]) return patternList(module, call.args[0], depth + 1);
  if (name === "i18n_patterns") {
    const inner = () => call.args.flatMap(arg => patternList(module, arg, depth + 1));
    const take = takeExpression("[a-z]{2,3}(?:-[a-zA-Z]{2,8})?\\/")!;
    const bare = keyword(call, "prefix_default_language");
    const node: RouteNode = { take, pattern: "<language>/", leaf: "none", children: inner, at: call.at };
    return bare?.kind === "bool" && !bare.value ? [node, ...inner()] : [node];
  }
  // A page served by its own name, e.g. `prometheus_urls()`, is not followed.
  return [unknownRoute(call.at, "")];
}

/** Files served in debug mode only, below a prefix that settings know. */
function staticRoutes(module: UrlModule, call: PyCall): readonly RouteNode[] {
  const argument = call.args[0];
  const setting =
    argument?.kind === "attribute" ? module.context.settings?.values.get(argument.name) : undefined;
  const text = setting ? textOf(setting) : textArgument(module, argument);
  if (text === undefined)
    return [unknownRoute(call.at, "static()", takeExpression("(?:static|media|uploads)\\/")!)];
  if (/^[a-z]+:\/\//.test(text)) return [];
  return [unknownRoute(call.at, text, takeText(text.replace(/^\/+/, "")))];
}

function textOf(value: Value): string | undefined {
  const known = concrete(value, () => null);
  return typeof known === "string" ? known : undefined;
}

function pathRoute(module: UrlModule, call: PyCall, kind: "path" | "re_path" | "url"): RouteNode {
  const written = textArgument(module, call.args[0] ?? keyword(call, "route"));
  const view = call.args[1] ?? keyword(call, "view");
  const at = call.at;
  if (written === undefined || !view) return unknownRoute(at, "");
  const ends = kind === "path" ? false : /(?:^|[^\\])\$$|\\Z$/.test(written);
  const take = kind === "path" ? takePath(written) : takeRegular(written);
  if (!take) return unknownRoute(at, written);
  const children = includedRoutes(module, view);
  if (children) return { take, pattern: written, leaf: "none", children, at };
  // A regular expression without an end also answers everything below.
  const open = kind !== "path" && !ends;
  return {
    take: open ? rest => (take(rest) === undefined ? undefined : "") : take,
    pattern: written,
    leaf: "yes",
    at,
  };
}

const converters: Readonly<Record<string, string>> = {
  int: "[0-9]+",
  str: "[^/]+",
  slug: "[-a-zA-Z0-9_]+",
  uuid: "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
  path: ".+",
};

function takePath(route: string) {
  if (!route.includes("<")) return takeText(route);
  const source = route
    .split(/(<[^<>]*>)/)
    .map(part => {
      const found = /^<(?:\s*(\w+)\s*:)?[^<>]*>$/.exec(part);
      return found ? (converters[found[1] ?? "str"] ?? "[^/]+") : escapeExpression(part);
    })
    .join("");
  return takeExpression(source);
}

function takeRegular(route: string) {
  return takeExpression(route.replaceAll("(?P<", "(?<").replace(/^\^/, "").replace(/\\Z$/, "$"));
}

/** The routes below an include; undefined when the second argument is a view. */
function includedRoutes(module: UrlModule, view: PyValue): (() => readonly RouteNode[]) | undefined {
  if (view.kind === "call" && dottedName(view.callee)?.split(".").at(-1) === "include") {
    const target = view.args[0];
    return target ? () => includeTarget(module, target) : undefined;
  }
  if (view.kind !== "attribute") return undefined;
  if (view.name === "urls" || dottedName(view) === "admin.site.urls")
    return () => attributeRoutes(module, view);
  return undefined;
}

function includeTarget(module: UrlModule, target: PyValue): readonly RouteNode[] {
  if (target.kind === "list" && target.form === "tuple" && target.items[0])
    return includeTarget(module, target.items[0]);
  const name = textArgument(module, target);
  if (name === undefined) {
    const imported = target.kind === "name" ? module.imports.get(target.name) : undefined;
    // `from app import urls` and `include(urls)`.
    const whole = imported?.name === undefined ? imported?.module : `${imported.module}.${imported.name}`;
    const { files, roots } = module.context;
    const file =
      whole?.startsWith("..") || !whole
        ? undefined
        : importedPythonFile(files, module.source.path, whole.replace(/^\.\./, "."), roots);
    return file ? urlRoutes(module.context, file) : patternList(module, target, 1);
  }
  const file = pythonModuleFile(module.context.files, name, module.context.roots);
  return file === undefined ? [unknownRoute(target.at, "")] : urlRoutes(module.context, file);
}

/** `router.urls`, `api.urls`, `admin.site.urls`. */
function attributeRoutes(
  module: UrlModule,
  value: Extract<PyValue, { kind: "attribute" }>,
): readonly RouteNode[] {
  const whole = dottedName(value) ?? "";
  if (/(?:^|\.)site\.urls$/.test(whole)) {
    const admin: RouteNode = {
      take: rest => (rest === "" || rest === "login/" ? "" : undefined),
      pattern: "",
      leaf: "yes",
      at: value.at,
    };
    return [admin, unknownRoute(value.at, "")];
  }
  if (value.name !== "urls" || value.object.kind !== "name") return [unknownRoute(value.at, "")];
  const found = definitionOf(module, value.object.name);
  if (found?.value.kind !== "call") return [unknownRoute(value.at, "")];
  const maker = dottedName(found.value.callee)?.split(".").at(-1);
  if (maker === "NinjaAPI") return ninjaRoutes(found.module, found.name, found.value);
  return registeredRoutes(found.module, found.name, found.value);
}

const mostPatterns = 20_000;

/** The routes of a project's ROOT_URLCONF; undefined when it was not found. Patterns have no leading slash. */
export function djangoRoutes(
  files: ProjectFiles,
  project: DjangoProject,
  settings: DjangoSettings | undefined,
): readonly RouteNode[] | undefined {
  const roots = djangoRoots(project);
  const file = rootFile(files, roots, settings);
  if (file === undefined) return undefined;
  return urlRoutes({ files, roots, settings, modules: new Map(), budget: { left: mostPatterns } }, file);
}

function rootFile(
  files: ProjectFiles,
  roots: readonly string[],
  settings: DjangoSettings | undefined,
): string | undefined {
  const name = settings?.values.get("ROOT_URLCONF");
  return name?.kind === "literal" ? pythonModuleFile(files, String(name.value), roots) : undefined;
}

/** What a Django project answers to a path, by its ROOT_URLCONF and the settings around it. */
export function djangoServes(
  files: ProjectFiles,
  project: DjangoProject,
  settings: DjangoSettings | undefined,
  path: string,
): RouteAnswer {
  const roots = djangoRoots(project);
  const file = rootFile(files, roots, settings);
  if (file === undefined) return { answer: "unknown", because: "the URL configuration was not found" };
  const context: UrlContext = { files, roots, settings, modules: new Map(), budget: { left: mostPatterns } };
  const nodes = urlRoutes(context, file);
  const bare = path.replace(/[?#].*$/, "").replace(/^\//, "");
  const direct = matchRoutes(nodes, bare);
  const rootAt = { file, span: { start: 0, end: 0 } };
  if (direct.answer !== "no") return direct;
  if (!bare.endsWith("/")) {
    const slashed = matchRoutes(nodes, `${bare}/`);
    const append = settings?.values.get("APPEND_SLASH");
    const off = append?.kind === "literal" && append.value === false;
    if (slashed.answer === "yes" && !off) {
      return {
        ...slashed,
        answer: "redirect",
        because: `only /${bare}/ is served, so Django redirects to it`,
      };
    }
    if (slashed.answer === "unknown") return slashed;
  }
  return (
    middlewareAnswer(context, bare) ?? {
      ...direct,
      at: rootAt,
      because: `no URL pattern of ${file} matches /${bare}`,
    }
  );
}

/** A middleware of the project may answer by itself. */
function middlewareAnswer(context: UrlContext, bare: string): RouteAnswer | undefined {
  const middleware = context.settings?.values.get("MIDDLEWARE");
  const names = middleware && textsIn(middleware);
  if (!names)
    return { answer: "unknown", because: "the middleware, which may answer by itself, is not known" };
  const word = bare.replace(/^\/+|\/+$/g, "");
  for (const { value: name, at } of names) {
    if (/health|alive|ready|heartbeat/i.test(name)) {
      return { answer: "unknown", at, because: `the middleware ${name} may answer it` };
    }
    const file = pythonModuleFile(
      context.files,
      name.slice(0, Math.max(0, name.lastIndexOf("."))),
      context.roots,
    );
    const text = file === undefined ? undefined : context.files.read(file)?.text;
    if (word !== "" && text?.includes(word)) {
      return { answer: "unknown", at, because: `the middleware ${name} mentions the path` };
    }
  }
  return undefined;
}

/** Every text of a list in any of its variants; undefined when a part of it is not seen. */
function textsIn(value: Value): readonly Located<string>[] | undefined {
  if (value.kind === "choice") {
    const yes = textsIn(value.yes);
    const no = textsIn(value.no);
    return yes && no ? [...yes, ...no] : undefined;
  }
  if (value.kind !== "list" || !value.complete) return undefined;
  const texts: Located<string>[] = [];
  for (const item of value.items) {
    if (item.kind !== "literal") return undefined;
    texts.push({ value: String(item.value), at: item.at });
  }
  return texts;
}
