import type { Problem } from "../core/problem.ts";
import type { Location, Source } from "../core/source.ts";
import { parseJavascript } from "../formats/javascript.ts";
import {
  everyJsStatement,
  type JsCall,
  type JsModule,
  type JsValue,
  jsPath,
} from "../formats/javascript-tree.ts";
import { evaluateJs, jsScope } from "./javascript-values.ts";
import { callsOf, listenOf, type NodeListen } from "./node-listen.ts";
import { importedScriptFile, oncePerProject, type ProjectFiles } from "./project-files.ts";
import {
  escapeExpression,
  matchRoutes,
  type RouteAnswer,
  type RouteNode,
  takeAnything,
  takeExpression,
  takeMount,
} from "./route-tree.ts";
import type { Value } from "./value.ts";

/** An Express program, read from the file that creates the app. */
export interface ExpressApp {
  readonly file: string;
  /** The variable that holds the app. */
  readonly name: string;
  readonly at: Location;
  readonly listen?: NodeListen;
  readonly trustProxy?: { readonly value: Value; readonly at: Location };
  /** Middleware by the package or function that makes it, e.g. `helmet`, `cors`, `express.json`. */
  readonly middleware: readonly { readonly name: string; readonly options?: Value; readonly at: Location }[];
  /** Handlers of SIGTERM; `closes` when the handler calls `.close(`. */
  readonly sigterm?: { readonly closes: boolean; readonly at: Location };
  readonly routes: readonly RouteNode[];
  readonly problems: readonly Problem[];
}

const verbs = new Set(["get", "post", "put", "patch", "delete", "head", "options", "all"]);

/** Every module that a file requires or imports, by local name. */
export function scriptImports(
  module: JsModule,
): ReadonlyMap<string, { readonly module: string; readonly name: string }> {
  const imports = new Map<string, { module: string; name: string }>();
  for (const statement of everyJsStatement(module.body)) {
    if (statement.kind === "import") {
      for (const each of statement.names) imports.set(each.as, { module: statement.module, name: each.name });
    } else if (statement.kind === "variable" && statement.value) {
      const required = requiredModule(statement.value);
      if (required) imports.set(statement.name, { module: required, name: statement.property ?? "default" });
    }
  }
  return imports;
}

function requiredModule(value: JsValue): string | undefined {
  if (value.kind === "member") return requiredModule(value.object);
  if (value.kind !== "call" || value.callee.kind !== "name") return undefined;
  if (value.callee.name !== "require" && value.callee.name !== "import") return undefined;
  return value.args[0]?.kind === "string" ? value.args[0].value : undefined;
}

/** The app of a file, read once; undefined when the file creates none. */
export const readExpress = oncePerProject(appIn);

function appIn(files: ProjectFiles, source: Source): ExpressApp | undefined {
  if (!source.text.includes("express")) return undefined;
  const { model, problems } = parseJavascript(source);
  const imports = scriptImports(model);
  const made = appOf(model, imports);
  if (!made) return undefined;
  const calls = callsOf(model);
  const scope = jsScope(model);
  const routes = routesOf({ files, model, imports, calls }, made.name, 0);
  const middleware = calls.flatMap(call =>
    middlewareOf(call, made.name, value => evaluateJs(value, scope), model),
  );
  const trust = calls.find(
    call => jsPath(call.callee) === `${made.name}.set` && text(call.args[0]) === "trust proxy",
  );
  const heard = calls.find(call => isListening(jsPath(call.callee), made.name));
  const listen = heard && listenOf(heard, value => evaluateJs(value, scope));
  const sigterm = sigtermOf(calls, model);
  return {
    file: source.path,
    name: made.name,
    at: made.at,
    ...(listen && { listen }),
    ...(trust?.args[1] && { trustProxy: { value: evaluateJs(trust.args[1], scope), at: trust.at } }),
    ...(sigterm && { sigterm }),
    middleware,
    routes,
    problems,
  };
}

function isListening(path: string | undefined, app: string): boolean {
  return path === `${app}.listen` || /(?:^|\.)(?:server|httpServer|http)\.listen$/i.test(path ?? "");
}

function text(value: JsValue | undefined): string | undefined {
  return value?.kind === "string" ? value.value : undefined;
}

function appOf(model: JsModule, imports: ReturnType<typeof scriptImports>) {
  for (const statement of everyJsStatement(model.body)) {
    if (statement.kind !== "variable" || statement.value?.kind !== "call") continue;
    const callee = statement.value.callee;
    if (
      callee.kind === "name" &&
      imports.get(callee.name)?.module === "express" &&
      imports.get(callee.name)?.name !== "Router"
    ) {
      return { name: statement.name, at: statement.at };
    }
  }
  return undefined;
}

function middlewareOf(
  call: JsCall,
  app: string,
  evaluate: (value: JsValue) => Value,
  model: JsModule,
): ExpressApp["middleware"] {
  if (jsPath(call.callee) !== `${app}.use`) return [];
  return call.args.flatMap(arg => {
    const used = arg.kind === "name" ? (jsScope(model).values.get(arg.name) ?? arg) : arg;
    if (used.kind !== "call") return [];
    const name = jsPath(used.callee);
    if (name === undefined || name === "require") return [];
    return [{ name, ...(used.args[0] && { options: evaluate(used.args[0]) }), at: arg.at }];
  });
}

function sigtermOf(calls: readonly JsCall[], model: JsModule): ExpressApp["sigterm"] {
  const call = calls.find(
    each =>
      /^process\.(?:on|once|addListener)$/.test(jsPath(each.callee) ?? "") &&
      text(each.args[0]) === "SIGTERM",
  );
  if (!call) return undefined;
  const handler = call.args[1];
  // A handler by name: the rest of the file is asked instead of the handler alone.
  const span = handler?.kind === "function" ? handler.at.span : { start: 0, end: model.text.length };
  return {
    closes: /\.close(?:AllConnections)?\s*\(|\.destroy\s*\(|[sS]hutdown\s*\(/.test(
      model.text.slice(span.start, span.end),
    ),
    at: call.at,
  };
}

interface RouteFile {
  readonly files: ProjectFiles;
  readonly model: JsModule;
  readonly imports: ReturnType<typeof scriptImports>;
  readonly calls: readonly JsCall[];
}

const deepestMount = 6;

/** What is registered on `name` (an app or a router) in a file. */
function routesOf(file: RouteFile, name: string, depth: number): readonly RouteNode[] {
  const nodes: RouteNode[] = [];
  for (const call of file.calls) {
    if (call.callee.kind !== "member") {
      nodes.push(...handedOver(call, name));
      continue;
    }
    const object = call.callee.object;
    const verb = call.callee.name;
    if (object.kind === "name" && object.name === name) {
      if (verb === "use") nodes.push(...mounted(file, call, depth));
      else if (verbs.has(verb) && call.args.length > 1)
        nodes.push(...paths(call.args[0]!).map(path => leaf(path, call, verb)));
    } else if (
      verbs.has(verb) &&
      object.kind === "call" &&
      jsPath(object.callee) === `${name}.route` &&
      object.args[0]
    ) {
      nodes.push(...paths(object.args[0]).map(path => leaf(path, call, verb)));
    }
  }
  return nodes;
}

/** `registerRoutes(app)`: routes that are not seen here. Packages that only wrap the app are known. */
function handedOver(call: JsCall, name: string): RouteNode[] {
  const given = call.args.some(arg => arg.kind === "name" && arg.name === name);
  const callee = jsPath(call.callee) ?? "";
  if (!given || /createServer|^Server$|^expressWs$|Sentry|WebSocket|request|supertest/.test(callee))
    return [];
  return [{ take: takeAnything, pattern: `${callee}()`, leaf: "unknown", at: call.at }];
}

function paths(value: JsValue): readonly (JsValue & { readonly kind: "string" | "regexp" | "other" })[] {
  if (value.kind === "array") return value.items.flatMap(paths);
  if (value.kind === "string" || value.kind === "regexp") return [value];
  return [{ kind: "other", text: "", at: value.at }];
}

function leaf(path: ReturnType<typeof paths>[number], call: JsCall, verb: string): RouteNode {
  const methods = verb === "all" ? {} : { methods: [verb.toUpperCase()] };
  if (path.kind === "string") {
    const take = takePattern(path.value);
    if (take) return { take, pattern: path.value, leaf: "yes", ...methods, at: call.at };
  }
  return { take: takeAnything, pattern: "a computed path", leaf: "unknown", ...methods, at: call.at };
}

/** Express ignores a slash at the end, and case; parameters take one segment. */
function takePattern(path: string) {
  if (path === "*" || path === "/*" || path.startsWith("/{*")) return takeAnything;
  const bare = path.replace(/\/+$/, "");
  if (!/[:*?+(){}]/.test(bare)) return takeExpression(`${escapeExpression(bare)}\\/?$`, "i");
  if (/[?+(){}]/.test(bare)) return undefined;
  const source = bare
    .split(/(:\w+|\*\w*)/)
    .map(part => (part.startsWith(":") ? "[^/]+" : part.startsWith("*") ? ".*" : escapeExpression(part)))
    .join("");
  return takeExpression(`${source}\\/?$`, "i");
}

function mounted(file: RouteFile, call: JsCall, depth: number): readonly RouteNode[] {
  const [first, ...rest] = call.args;
  if (!first) return [];
  const prefixes =
    first.kind === "string" ? [first.value] : first.kind === "array" ? first.items.map(text) : [undefined];
  const handlers = first.kind === "string" || first.kind === "array" ? rest : call.args;
  return handlers.flatMap(handler => {
    // Found when a path reaches them: a router may hold itself.
    const children = () => handlerRoutes(file, handler, depth);
    return prefixes.map((prefix): RouteNode => {
      if (prefix === undefined || prefix === "/") {
        return { take: path => path, pattern: "", leaf: "none", children, at: call.at };
      }
      if (/[*:(?]/.test(prefix)) {
        const known = children().length === 0;
        return {
          take: known ? () => undefined : takeAnything,
          pattern: prefix,
          leaf: "unknown",
          at: call.at,
        };
      }
      const take = takeMount(prefix);
      const below = (path: string) => {
        const left = take(path);
        return left === "" ? "/" : left;
      };
      return { take: below, pattern: prefix, leaf: "none", children, at: call.at };
    });
  });
}

/** Routers below a `use`; functions and middleware have no routes of their own. */
function handlerRoutes(file: RouteFile, handler: JsValue, depth: number): readonly RouteNode[] {
  if (depth > deepestMount) return [];
  if (handler.kind === "call") return callHandler(file, handler, depth);
  if (handler.kind === "function") return catchAll(file, handler);
  if (handler.kind !== "name") return [];
  const local = jsScope(file.model).values.get(handler.name);
  if (local?.kind === "call" && /(?:^|\.)Router$/.test(jsPath(local.callee) ?? ""))
    return routesOf(file, handler.name, depth + 1);
  if (local?.kind === "call" && requiredModule(local) === undefined) return callHandler(file, local, depth);
  const imported = file.imports.get(handler.name);
  return imported ? importedRoutes(file, imported, handler.at, depth) : [];
}

/** A function that writes the request's path into its answer or serves a page may answer anything. */
function catchAll(file: RouteFile, handler: Extract<JsValue, { kind: "function" }>): readonly RouteNode[] {
  const { start, end } = handler.at.span;
  const body = file.model.text.slice(start, end);
  if (handler.params.length > 3 || !/sendFile|\.render\s*\(/.test(body)) return [];
  return [{ take: takeAnything, pattern: "a page for every path", leaf: "unknown", at: handler.at }];
}

function callHandler(file: RouteFile, call: JsCall, depth: number): readonly RouteNode[] {
  const name = jsPath(call.callee) ?? "";
  const required = requiredModule(call);
  if (required !== undefined)
    return importedRoutes(file, { module: required, name: "default" }, call.at, depth);
  if (
    /static$|createProxyMiddleware|proxy|serve$|graphql|expressMiddleware|promBundle|prometheus|terminus|health/i.test(
      name,
    )
  ) {
    return [{ take: takeAnything, pattern: `${name}()`, leaf: "unknown", at: call.at }];
  }
  const first = name.split(".")[0] ?? "";
  const imported = file.imports.get(first);
  // A function of this project may return a router; packages of middleware do not.
  return imported?.module.startsWith(".") && /rout|api/i.test(name + imported.module)
    ? [{ take: takeAnything, pattern: `${name}()`, leaf: "unknown", at: call.at }]
    : [];
}

function importedRoutes(
  file: RouteFile,
  imported: { readonly module: string; readonly name: string },
  at: Location,
  depth: number,
): readonly RouteNode[] {
  const path = importedScriptFile(file.files, file.model.file, imported.module);
  const source = path === undefined ? undefined : file.files.read(path);
  const doubt: RouteNode = { take: takeAnything, pattern: imported.module, leaf: "unknown", at };
  // A package's middleware: only local code and unresolved aliases may hold routes.
  if (!source)
    return /^[.@~#]\/?/.test(imported.module) && !/^@[\w-]+\//.test(imported.module) ? [doubt] : [];
  if (!/Router|express/.test(source.text)) return [];
  const { model, problems } = parseJavascript(source);
  if (problems.length > 0) return [doubt];
  const next: RouteFile = { files: file.files, model, imports: scriptImports(model), calls: callsOf(model) };
  const routers = [...jsScope(model).values].filter(
    ([, value]) => value.kind === "call" && /(?:^|\.)Router$|^express$/.test(jsPath(value.callee) ?? ""),
  );
  if (routers.length === 0) return [doubt];
  return routers.flatMap(([name]) => routesOf(next, name, depth + 1));
}

/** What the app answers to a path. */
export function expressServes(app: ExpressApp, path: string): RouteAnswer {
  const bare = `/${path.replace(/[?#].*$/, "").replace(/^\//, "")}`;
  if (app.problems.length > 0) return { answer: "unknown", because: `${app.file} could not be read` };
  const found = matchRoutes(app.routes, bare);
  return found.answer === "no"
    ? { ...found, at: app.at, because: `no route of ${app.file} answers ${bare}` }
    : found;
}
