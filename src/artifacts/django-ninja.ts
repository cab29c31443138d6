import {
  dottedName,
  everyStatement,
  keyword,
  type PyCall,
  type PyStatement,
  type PyValue,
} from "../formats/python-tree.ts";
import { definitionOf, textArgument, type UrlModule, unknownRoute, urlModule } from "./django-urls.ts";
import { pythonModuleFile } from "./project-files.ts";
import { escapeExpression, type RouteNode, type Take, takeExpression, takeText } from "./route-tree.ts";

const verbs = new Set(["get", "post", "put", "patch", "delete"]);

/** The routes of a `NinjaAPI`: its own pages, its operations and its routers. */
export function ninjaRoutes(module: UrlModule, name: string, made: PyCall): readonly RouteNode[] {
  const nodes: RouteNode[] = [];
  const openapi = page(module, made, "openapi_url", "/openapi.json");
  const docs = page(module, made, "docs_url", "/docs");
  if (openapi !== undefined) {
    nodes.push(leaf(openapi, made));
    if (docs !== undefined) nodes.push(leaf(docs, made));
  }
  // The root page of the API answers 404 by itself, but its name is known.
  nodes.push(...routerBody(module, name, "", 0));
  return nodes;
}

function page(module: UrlModule, made: PyCall, name: string, standard: string): string | undefined {
  const given = keyword(made, name);
  if (!given) return standard;
  return given.kind === "none" ? undefined : textArgument(module, given);
}

function leaf(path: string, made: PyCall): RouteNode {
  const text = path.replace(/^\/+/, "");
  return { take: takeText(text), pattern: text, leaf: "yes", at: made.at };
}

/** `prefix` and operation path become one URL: slashes in between are single, one at the end is kept. */
function joined(prefix: string, path: string): string {
  return `${prefix}/${path}`
    .replace(/\/{2,}/g, "/")
    .replace(/^\//, "")
    .replace(path === "" ? /\/$/ : /(?!)/, "");
}

function takePattern(pattern: string): Take | undefined {
  if (!pattern.includes("{")) return takeText(pattern);
  const source = pattern
    .split(/(\{[^{}]*\})/)
    .map(part =>
      !part.startsWith("{") ? escapeExpression(part) : /^\{\s*path\s*:/.test(part) ? ".+" : "[^/]+",
    )
    .join("");
  return takeExpression(source);
}

function routerBody(module: UrlModule, name: string, prefix: string, depth: number): readonly RouteNode[] {
  if (depth > 8) return [];
  const nodes: RouteNode[] = [];
  for (const { statement } of everyStatement(module.model.body)) {
    if (statement.kind === "function") nodes.push(...operations(module, statement, name, prefix));
    else if (statement.kind === "block" && statement.form === "for")
      nodes.push(unknownRoute(statement.at, prefix));
    else if (statement.kind === "expression" && statement.value.kind === "call") {
      const call = statement.value;
      const callee = dottedName(call.callee);
      if (callee === `${name}.add_router`) nodes.push(...addedRouter(module, call, prefix, depth));
      else if (
        callee?.startsWith(`${name}.`) &&
        /register_controllers|auto_discover|add_api_operation/.test(callee)
      ) {
        nodes.push(unknownRoute(call.at, prefix));
      }
    }
  }
  return nodes;
}

function operations(
  module: UrlModule,
  statement: Extract<PyStatement, { kind: "function" }>,
  name: string,
  prefix: string,
): RouteNode[] {
  return statement.decorators.flatMap((decorator): RouteNode[] => {
    if (decorator.kind !== "call" || decorator.callee.kind !== "attribute") return [];
    if (dottedName(decorator.callee.object) !== name) return [];
    const verb = decorator.callee.name;
    const many = verb === "api_operation";
    if (!verbs.has(verb) && !many) return [];
    const path = textArgument(module, decorator.args[many ? 1 : 0] ?? keyword(decorator, "path"));
    const pattern = path === undefined ? undefined : joined(prefix, path);
    const take = pattern === undefined ? undefined : takePattern(pattern);
    if (!take || pattern === undefined) return [unknownRoute(decorator.at, prefix)];
    const methods = many ? {} : { methods: [verb.toUpperCase()] };
    return [{ take, pattern, leaf: "yes", ...methods, at: decorator.at }];
  });
}

function addedRouter(module: UrlModule, call: PyCall, prefix: string, depth: number): readonly RouteNode[] {
  const own = textArgument(module, call.args[0] ?? keyword(call, "prefix"));
  const router = call.args[1] ?? keyword(call, "router");
  const pattern = own === undefined ? undefined : joined(prefix, own);
  if (pattern === undefined || !router) return [unknownRoute(call.at, prefix)];
  const below = takePattern(pattern.replace(/\/$/, ""));
  if (!below) return [unknownRoute(call.at, pattern)];
  // The gate keeps the router's module unread until a path comes near it.
  const gate: Take = rest => (below(rest) === undefined ? undefined : rest);
  const children = () => {
    const found = routerOf(module, router);
    const maker =
      found?.value.kind === "call" ? dottedName(found.value.callee)?.split(".").at(-1) : undefined;
    if (!found || maker !== "Router") return [unknownRoute(call.at, pattern)];
    return routerBody(found.module, found.name, pattern, depth + 1);
  };
  return [{ take: gate, pattern: "", leaf: "none", children, at: call.at }];
}

function routerOf(module: UrlModule, router: PyValue) {
  if (router.kind === "name") return definitionOf(module, router.name);
  const dotted = textArgument(module, router) ?? dottedName(router);
  const dot = dotted?.lastIndexOf(".") ?? -1;
  if (dotted === undefined || dot < 0) return undefined;
  const { files, roots } = module.context;
  const imported = module.imports.get(dotted.slice(0, dot));
  const name = imported?.name === undefined ? dotted.slice(0, dot) : `${imported.module}.${imported.name}`;
  const file = pythonModuleFile(files, name, roots);
  const next = file === undefined ? undefined : urlModule(module.context, file);
  return next && definitionOf(next, dotted.slice(dot + 1));
}
