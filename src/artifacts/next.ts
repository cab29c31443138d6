import type { Problem } from "../core/problem.ts";
import { type Located, type Location, locate, type Source } from "../core/source.ts";
import { parseJavascript } from "../formats/javascript.ts";
import {
  everyJsStatement,
  type JsModule,
  type JsStatement,
  type JsValue,
  jsPath,
} from "../formats/javascript-tree.ts";
import { evaluateJs, jsScope } from "./javascript-values.ts";
import { filesBelow, hasFile, type ProjectFiles } from "./project-files.ts";
import {
  escapeExpression,
  matchRoutes,
  type RouteAnswer,
  type RouteNode,
  takeAnything,
  takeExpression,
  takeText,
} from "./route-tree.ts";
import { entryOf, type SettingValue, settingValue, type Value } from "./value.ts";

/** What next.config.* says. */
export interface NextConfig {
  readonly file: string;
  /** False when the exported object is not seen as a whole (wrapped by an unknown function, spread). */
  readonly complete: boolean;
  /** The exported object as a tree, for what has no field here or depends on several variables. */
  readonly object?: Value;
  readonly output?: SettingValue;
  readonly basePath?: SettingValue;
  readonly assetPrefix?: SettingValue;
  readonly trailingSlash?: SettingValue;
  /** Paths that `rewrites` or `redirects` name; undefined entries were not readable. */
  readonly rewrites: readonly Located<string | undefined>[];
  readonly redirects: readonly Located<string | undefined>[];
  readonly problems: readonly Problem[];
}

const configNames = ["next.config.js", "next.config.mjs", "next.config.ts", "next.config.cjs"];

/** The config file of a Next project: beside its package.json, or in `src` when it was put there. */
export function nextConfigFile(files: ProjectFiles, dir: string): string | undefined {
  const prefix = dir === "" ? "" : `${dir}/`;
  return configNames.map(name => prefix + name).find(path => hasFile(files, path));
}

/** The object that a config module exports, through names, `defineConfig(...)`, plugins and functions. */
export function exportedObject(
  module: JsModule,
): { readonly value: JsValue; readonly complete: boolean } | undefined {
  const scope = jsScope(module);
  let exported: JsValue | undefined;
  for (const statement of module.body) {
    if (statement.kind === "default") exported = statement.value;
    else if (statement.kind === "expression" && statement.value.kind === "assign") {
      if (jsPath(statement.value.target) === "module.exports") exported = statement.value.value;
    } else if (statement.kind === "export" && statement.names.some(each => each.as === "default")) {
      const name = statement.names.find(each => each.as === "default")!.name;
      exported = { kind: "name", name, at: statement.at };
    }
  }
  let complete = true;
  for (let i = 0; exported && i < 12; i++) {
    if (exported.kind === "object")
      return {
        value: exported,
        complete: complete && exported.entries.every(each => each.key !== undefined),
      };
    if (exported.kind === "name")
      exported = scope.values.get(exported.name) ?? functionNamed(module.body, exported.name);
    else if (exported.kind === "function") exported = returned(exported.body);
    else if (exported.kind === "call") {
      const callee = jsPath(exported.callee);
      if (callee !== "defineConfig") complete = false;
      const first: JsValue | undefined = exported.args.find(
        arg => arg.kind === "object" || arg.kind === "name" || arg.kind === "function" || arg.kind === "call",
      );
      exported = first;
    } else return undefined;
  }
  return undefined;
}

function functionNamed(body: readonly JsStatement[], name: string): JsValue | undefined {
  for (const statement of body)
    if (statement.kind === "function" && statement.value.name === name) return statement.value;
  return undefined;
}

function returned(body: readonly JsStatement[]): JsValue | undefined {
  for (const statement of body) if (statement.kind === "return") return statement.value;
  return undefined;
}

export function readNextConfig(source: Source): NextConfig {
  const { model, problems } = parseJavascript(source);
  const exported = exportedObject(model);
  const empty = { file: source.path, complete: false, rewrites: [], redirects: [], problems };
  if (!exported) return empty;
  const object = evaluateJs(exported.value, jsScope(model));
  const setting = (name: string) => {
    const value = entryOf(object, name);
    return value && settingValue(value);
  };
  const fields = {
    output: setting("output"),
    basePath: setting("basePath"),
    assetPrefix: setting("assetPrefix"),
    trailingSlash: setting("trailingSlash"),
  };
  return {
    ...empty,
    complete: exported.complete,
    object,
    ...(fields.output && { output: fields.output }),
    ...(fields.basePath && { basePath: fields.basePath }),
    ...(fields.assetPrefix && { assetPrefix: fields.assetPrefix }),
    ...(fields.trailingSlash && { trailingSlash: fields.trailingSlash }),
    rewrites: sources(exported.value, "rewrites"),
    redirects: sources(exported.value, "redirects"),
  };
}

/** Every `source:` of what the function `name` returns. A list that is built elsewhere has one unreadable entry. */
function sources(object: JsValue, name: string): readonly Located<string | undefined>[] {
  const entry = object.kind === "object" ? object.entries.find(each => each.key === name) : undefined;
  if (!entry) return [];
  const found: Located<string | undefined>[] = [];
  const collect = (value: JsValue): void => {
    if (value.kind === "array") for (const item of value.items) collect(item);
    else if (value.kind === "object") {
      const source = value.entries.find(each => each.key === "source");
      if (source)
        found.push({ value: source.value.kind === "string" ? source.value.value : undefined, at: source.at });
      else for (const each of value.entries) collect(each.value);
    } else found.push({ value: undefined, at: value.at });
  };
  if (entry.value.kind !== "function") collect(entry.value);
  else {
    for (const statement of everyJsStatement(entry.value.body)) {
      if (statement.kind === "return" && statement.value) collect(statement.value);
    }
  }
  return found;
}

const pageFile = /^(.*?)(?:\/)?(page|route)\.(?:[jt]sx?|mdx?)$/;
const legacyPage = /\.(?:[jt]sx?|mdx?)$/;

/** A health check is looked for under twenty paths, each of which asks for all routes. */
const known = new WeakMap<readonly string[], Map<string, readonly RouteNode[]>>();

/** The routes of a Next project in `dir` (where its package.json stands). */
export function nextRoutes(files: ProjectFiles, dir: string): readonly RouteNode[] {
  const byDirectory = known.get(files.paths) ?? new Map<string, readonly RouteNode[]>();
  known.set(files.paths, byDirectory);
  const nodes = byDirectory.get(dir) ?? findRoutes(files, dir);
  byDirectory.set(dir, nodes);
  return nodes;
}

function findRoutes(files: ProjectFiles, dir: string): readonly RouteNode[] {
  const prefix = dir === "" ? "" : `${dir}/`;
  const nodes: RouteNode[] = [];
  for (const path of filesBelow(files, dir)) {
    const inside = path.slice(prefix.length);
    const found = /^(?:src\/)?(app|pages)\/(.*)$/.exec(inside);
    if (!found) continue;
    const node = found[1] === "app" ? appRoute(path, found[2]!) : pagesRoute(path, found[2]!);
    if (node) nodes.push(node);
  }
  return nodes;
}

function appRoute(path: string, inside: string): RouteNode | undefined {
  const found = pageFile.exec(inside);
  if (!found) return metadataRoute(path, inside);
  const segments = found[1]!.split("/").filter(Boolean);
  // Parallel (@slot) and intercepting ((.)x) segments do not make URLs of their own.
  if (segments.some(each => each.startsWith("@") || /^\(\.+\)/.test(each) || each.startsWith("_")))
    return undefined;
  return route(
    path,
    segments.filter(each => !/^\(.*\)$/.test(each)),
  );
}

/** robots.ts, sitemap.ts and icons are served below their folder. */
function metadataRoute(path: string, inside: string): RouteNode | undefined {
  const known: Readonly<Record<string, string>> = {
    robots: "robots.txt",
    sitemap: "sitemap.xml",
    manifest: "manifest.webmanifest",
    favicon: "favicon.ico",
  };
  const name = /^([a-z]+)\.(?:ts|js|txt|xml|ico|json|webmanifest)$/.exec(inside)?.[1];
  const served = name === undefined ? undefined : known[name];
  return served === undefined
    ? undefined
    : { take: takeText(served), pattern: served, leaf: "yes", at: whole(path) };
}

function pagesRoute(path: string, inside: string): RouteNode | undefined {
  if (!legacyPage.test(inside)) return undefined;
  const bare = inside.replace(legacyPage, "").replace(/(?:^|\/)index$/, "");
  if (/^_|\.(?:test|spec)$/.test(bare)) return undefined;
  return route(path, bare.split("/").filter(Boolean));
}

function route(path: string, segments: readonly string[]): RouteNode {
  const pattern = segments.join("/");
  const at = whole(path);
  if (!segments.some(each => each.startsWith("[")))
    return { take: takeText(pattern), pattern, leaf: "yes", at };
  let source = "";
  for (const [i, segment] of segments.entries()) {
    const slash = i > 0 ? "\\/" : "";
    if (segment.startsWith("[[...")) source += `(?:${slash}.+)?`;
    else if (segment.startsWith("[...")) source += `${slash}.+`;
    else if (segment.startsWith("[")) source += `${slash}[^/]+`;
    else source += slash + escapeExpression(segment);
  }
  const dynamic = segments.every(each => each.startsWith("["));
  const take = takeExpression(`${source}$`) ?? takeAnything;
  // A dynamic first segment takes any name, but its page may well say "not found".
  return { take, pattern, leaf: dynamic ? "unknown" : "yes", at };
}

function whole(file: string): Location {
  return { file, span: { start: 0, end: 0 } };
}

/** What a Next project answers to a path. `dir`: where package.json stands, `roots` below it also hold app or pages. */
export function nextServes(
  files: ProjectFiles,
  dir: string,
  config: NextConfig | undefined,
  path: string,
): RouteAnswer {
  const base = config?.basePath;
  if (base && base.kind !== "literal")
    return { answer: "unknown", at: base.at, because: "the base path comes from the environment" };
  let bare = path.replace(/[?#].*$/, "").replace(/^\/+|\/+$/g, "");
  const basePath = typeof base?.value === "string" ? base.value.replace(/^\/+|\/+$/g, "") : "";
  if (basePath !== "") {
    if (bare !== basePath && !bare.startsWith(`${basePath}/`))
      return { answer: "no", at: base!.at, because: `every route stands below /${basePath}` };
    bare = bare.slice(basePath.length).replace(/^\//, "");
  }
  const prefix = dir === "" ? "" : `${dir}/`;
  if (bare !== "" && hasFile(files, `${prefix}public/${bare}`))
    return {
      answer: "yes",
      at: whole(`${prefix}public/${bare}`),
      because: "it is a file of the public folder",
    };
  const nodes = nextRoutes(files, dir);
  if (nodes.length === 0)
    return { answer: "unknown", because: `no app or pages folder was found in ${dir || "the project"}` };
  const found = matchRoutes(nodes, bare);
  if (found.answer !== "no") return found;
  return (
    doubts(files, prefix, config, bare) ?? {
      ...found,
      ...(config && { at: whole(config.file) }),
      because: `no page or route file of ${dir || "the project"} makes /${bare}`,
    }
  );
}

/** What may answer besides pages: rewrites, redirects, middleware, a config that is not understood. */
function doubts(
  files: ProjectFiles,
  prefix: string,
  config: NextConfig | undefined,
  bare: string,
): RouteAnswer | undefined {
  if (config && !config.complete)
    return {
      answer: "unknown",
      at: whole(config.file),
      because: "the configuration is wrapped and may add routes",
    };
  for (const [kind, list] of [
    ["unknown", config?.rewrites ?? []],
    ["redirect", config?.redirects ?? []],
  ] as const) {
    for (const each of list) {
      if (each.value === undefined)
        return { answer: "unknown", at: each.at, because: "a rewrite or redirect is computed" };
      if (mayMatch(each.value, bare))
        return { answer: kind, at: each.at, because: `${each.value} is rewritten or redirected` };
    }
  }
  for (const name of [
    "middleware.ts",
    "middleware.js",
    "src/middleware.ts",
    "src/middleware.js",
    "proxy.ts",
    "src/proxy.ts",
    "server.js",
    "server.ts",
  ]) {
    const source = files.read(prefix + name);
    if (source && (name.startsWith("server") || (bare !== "" && source.text.includes(bare)))) {
      return { answer: "unknown", at: whole(prefix + name), because: `${name} may answer it` };
    }
  }
  return undefined;
}

function mayMatch(source: string, bare: string): boolean {
  const pattern = source.replace(/^\//, "").split("/");
  const path = bare.split("/");
  for (const [i, segment] of pattern.entries()) {
    if (segment.includes("*") || segment.includes("(")) return true;
    if (path[i] === undefined || (!segment.startsWith(":") && segment !== path[i])) return false;
  }
  return pattern.length === path.length;
}

export interface RewriteVariable {
  readonly name: string;
  /** The text that stands in for it: `process.env.X ?? "here"`. */
  readonly fallback?: string;
  readonly at: Location;
}

/** Variables that take part in `rewrites()`, in its body or through a constant above it. */
export function rewriteVariables(source: Source): readonly RewriteVariable[] {
  const { text } = source;
  const body = text.search(/\brewrites\s*(?:\(|:|=)/);
  if (body === -1) return [];
  const found = new Map<string, RewriteVariable>();
  for (const match of text.matchAll(
    /\bprocess\.env\.([A-Z]\w*)(?:\s*(?:\?\?|\|\|)\s*["'`]([^"'`$]*)["'`])?/g,
  )) {
    const line = text.slice(text.lastIndexOf("\n", match.index) + 1, match.index);
    const constant = /\b(?:const|let|var)\s+(\w+)\s*(?::\s*\w+\s*)?=/.exec(line)?.[1];
    const takesPart =
      match.index > body ||
      (constant !== undefined && new RegExp(`\\b${constant}\\b`).test(text.slice(body)));
    const [, name = "", fallback] = match;
    if (!takesPart || found.has(name) || /^\s*(?:\/\/|\*)/.test(line)) continue;
    found.set(name, {
      name,
      ...(fallback === undefined ? {} : { fallback }),
      at: locate(source, match.index, match.index + match[0].length),
    });
  }
  return [...found.values()];
}
