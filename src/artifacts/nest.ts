import type { Location, Source } from "../core/source.ts";
import { parseJavascript } from "../formats/javascript.ts";
import { everyJsStatement, type JsCall, type JsModule, type JsValue } from "../formats/javascript-tree.ts";
import { evaluateJs, jsScope } from "./javascript-values.ts";
import { callsOf } from "./node-listen.ts";
import { isBelow, isTest, isVendored, oncePerProject, ownFiles, type ProjectFiles } from "./project-files.ts";
import {
  escapeExpression,
  matchRoutes,
  type RouteAnswer,
  type RouteNode,
  takeAnything,
  takeExpression,
} from "./route-tree.ts";

/** A NestJS program: the file that creates it, and the routes of all controllers beside that file and below. */
export interface NestApp {
  readonly file: string;
  readonly at: Location;
  /** `/api`, or empty; undefined when it is computed. */
  readonly prefix: string | undefined;
  readonly routes: readonly RouteNode[];
}

const verbs = new Map([
  ["Get", "GET"],
  ["Post", "POST"],
  ["Put", "PUT"],
  ["Patch", "PATCH"],
  ["Delete", "DELETE"],
  ["Head", "HEAD"],
  ["Options", "OPTIONS"],
  ["All", ""],
]);
const mostFiles = 2_000;

/** The program of a package, read once; undefined when several files create one, or none does. */
export const readNest = oncePerProject(appIn);

function sourcesBelow(files: ProjectFiles, dir: string): readonly string[] {
  return ownFiles(files, dir).filter(path => /\.[cm]?ts$/.test(path));
}

function appIn(files: ProjectFiles, dir: string): NestApp | undefined {
  const paths = sourcesBelow(files, dir);
  if (paths.length > mostFiles) return undefined;
  const sources = paths.flatMap(path => files.read(path) ?? []);
  const mains = sources.filter(({ text }) => /\bNestFactory\s*\.\s*create\s*[(<]/.test(text));
  const [main] = mains;
  if (!main || mains.length > 1) return undefined;
  const { model, problems } = parseJavascript(main);
  if (problems.length > 0) return undefined;
  const shape = shapeOf(model);
  const controllers = sources.filter(({ text }) => /@Controller\s*\(/.test(text));
  const routes = [...shape.others, ...controllers.flatMap(source => controllerRoutes(source, shape))];
  const at = callsOf(model).find(call => nameOf(call) === "create")?.at ?? {
    file: main.path,
    span: { start: 0, end: 0 },
  };
  return { file: main.path, at, prefix: shape.prefix, routes };
}

/** What the start of the program says of all its routes. */
interface Shape {
  readonly prefix: string | undefined;
  /** Paths that the prefix is not put before; undefined when they cannot be read. */
  readonly excluded: readonly string[] | undefined;
  /** Versions stand in the path. */
  readonly versioned: boolean;
  /** Routes that no controller has: pages of an API, a prefix of a proxy. */
  readonly others: readonly RouteNode[];
}

function shapeOf(model: JsModule): Shape {
  const calls = callsOf(model);
  const given = calls.find(call => nameOf(call) === "setGlobalPrefix");
  const prefix = given ? textOf(model, given.args[0]) : "";
  const options = given?.args[1];
  const exclude =
    options?.kind === "object" ? options.entries.find(entry => entry.key === "exclude")?.value : undefined;
  const versions = calls.find(call => nameOf(call) === "enableVersioning");
  const others = calls.flatMap((call): RouteNode[] => {
    const [first] = call.args;
    const name = nameOf(call);
    if (name === "use" && first?.kind === "string")
      return [{ take: below(first.value), pattern: first.value, leaf: "unknown", at: call.at }];
    if (name === "setup" && first && /\bSwaggerModule\b/.test(textAt(model, call.at)))
      return [{ take: takeAnything, pattern: "pages of the API", leaf: "unknown", at: call.at }];
    return [];
  });
  return {
    prefix: prefix === undefined ? undefined : slashed(prefix),
    excluded: exclude ? excludedBy(exclude) : options && options.kind !== "object" ? undefined : [],
    versioned: versions !== undefined && !/\b(?:HEADER|MEDIA_TYPE|CUSTOM)\b/.test(textAt(model, versions.at)),
    others,
  };
}

function excludedBy(value: JsValue): readonly string[] | undefined {
  if (value.kind !== "array") return undefined;
  const paths = value.items.map(item => {
    const path = item.kind === "object" ? item.entries.find(entry => entry.key === "path")?.value : item;
    return path?.kind === "string" ? slashed(path.value) : undefined;
  });
  return paths.every(path => path !== undefined) ? paths : undefined;
}

function controllerRoutes(source: Source, shape: Shape): readonly RouteNode[] {
  const { model, problems } = parseJavascript(source);
  const whole = { file: source.path, span: { start: 0, end: 0 } };
  if (problems.length > 0) return [doubt("a controller that could not be read", whole)];
  return [...everyJsStatement(model.body)].flatMap(statement => {
    if (statement.kind !== "class") return [];
    const decorator = statement.decorators.find(
      each => each.kind === "call" && nameOf(each) === "Controller",
    );
    if (decorator?.kind !== "call") return [];
    const [given] = decorator.args;
    const path = given?.kind === "object" ? given.entries.find(entry => entry.key === "path")?.value : given;
    const bases = path ? textsOf(model, path) : [""];
    // Methods of the class that it extends have routes, too.
    const extended = new RegExp(`\\bclass\\s+${statement.name}\\s+extends\\b`).test(source.text);
    const routes = statement.methods.flatMap(method =>
      (method.decorators ?? []).flatMap(each => {
        const verb = each.kind === "call" ? verbs.get(nameOf(each) ?? "") : undefined;
        if (each.kind !== "call" || verb === undefined) return [];
        const ends = each.args[0] ? textsOf(model, each.args[0]) : [""];
        if (!bases || !ends) return [doubt("a computed path", each.at)];
        return bases.flatMap(base =>
          ends.map(end => node(shape, `${slashed(base)}${slashed(end)}`, verb, each.at)),
        );
      }),
    );
    return extended ? [...routes, doubt("a controller that extends another", statement.at)] : routes;
  });
}

function node(shape: Shape, path: string, verb: string, at: Location): RouteNode {
  const methods = verb === "" ? {} : { methods: [verb] };
  const isFree = shape.excluded?.some(each => each === path) ?? false;
  const prefix = isFree ? "" : shape.prefix;
  const full = `${prefix ?? "/…"}${shape.versioned ? "/v…" : ""}${path}` || "/";
  const front = [
    // A prefix that is computed, or a list of exceptions that is: with and without.
    prefix === undefined || shape.excluded === undefined ? "(?:/[^/]+){0,3}" : escapeExpression(prefix),
    shape.versioned ? "(?:/v?\\d[\\w.-]*)?" : "",
  ].join("");
  const parts = path
    .split(/(:\w+|\*\w*)/)
    .map(part => (part.startsWith(":") ? "[^/]+" : part.startsWith("*") ? ".*" : escapeExpression(part)));
  const take = /[()?+{}]/.test(path) ? undefined : expression(`${front}${parts.join("")}/?$`);
  return take
    ? { take, pattern: full, leaf: "yes", ...methods, at }
    : { take: takeAnything, pattern: full, leaf: "unknown", ...methods, at };
}

/** Repetition with a bound is harmless here: all of it is written above. */
function expression(source: string) {
  const pattern = new RegExp(source, "iy");
  return (rest: string) => {
    if (rest.length > 500) return undefined;
    pattern.lastIndex = 0;
    const found = pattern.exec(rest);
    return found ? rest.slice(found[0].length) : undefined;
  };
}

const doubt = (pattern: string, at: Location): RouteNode => ({
  ...{ take: takeAnything, pattern, leaf: "unknown" as const, at },
});

function below(path: string) {
  return takeExpression(`${escapeExpression(slashed(path))}(?:/.*)?$`, "i") ?? takeAnything;
}

/** `/api` of `api`, `/api/` and `/api`; empty for `/` and nothing. */
function slashed(path: string): string {
  const bare = path.replace(/^\/+|\/+$/g, "");
  return bare === "" ? "" : `/${bare}`;
}

function nameOf({ callee }: JsCall): string | undefined {
  if (callee.kind === "name") return callee.name;
  return callee.kind === "member" ? callee.name : undefined;
}

function textOf(model: JsModule, value: JsValue | undefined): string | undefined {
  if (!value) return "";
  const found = evaluateJs(value, jsScope(model));
  return found.kind === "literal" && typeof found.value === "string" ? found.value : undefined;
}

function textsOf(model: JsModule, value: JsValue): readonly string[] | undefined {
  const items = value.kind === "array" ? value.items : [value];
  const texts = items.map(item => textOf(model, item));
  return texts.every(text => text !== undefined) ? texts : undefined;
}

function textAt(model: JsModule, { span }: Location): string {
  return model.text.slice(span.start, span.end);
}

/**
 * What the program answers to `GET path`. Modules of packages bring routes that no file shows: "no" only where the
 * last part of the path stands nowhere in the code either.
 */
export function nestServes(files: ProjectFiles, dir: string, app: NestApp, path: string): RouteAnswer {
  const bare = `/${path.replace(/[?#].*$/, "").replace(/^\/+|\/+$/g, "")}`;
  const found = matchRoutes(app.routes, bare === "/" ? "" : bare);
  if (found.answer !== "no") return found;
  const unknown = (because: string): RouteAnswer => ({ answer: "unknown", because });
  const last = bare.slice(bare.lastIndexOf("/") + 1);
  if (last === "") return unknown("the page at / may be served by middleware");
  if (app.prefix === undefined) return unknown("the prefix of all routes is computed");
  const elsewhere = mentions(files, dir);
  if (elsewhere.brings !== undefined)
    return unknown(`a module in ${elsewhere.brings} brings routes of its own`);
  const named = elsewhere.words.get(last.toLowerCase());
  if (named !== undefined) return unknown(`${named} names ${last}`);
  return { ...found, at: app.at, because: `no controller answers ${bare}` };
}

interface Mentions {
  /** A file that lets a module of a package bring routes. */
  readonly brings?: string;
  /** Parts of paths in lower case that stand in quotes outside of the controllers here, with a file of each. */
  readonly words: ReadonlyMap<string, string>;
}

const bringing =
  /\b(?:ServeStaticModule|GraphQLModule|RouterModule|BullBoardModule|PrometheusModule|AdminModule)\b/;

/** Read once: a search for a good route asks for many paths. */
const mentions = oncePerProject(findMentions);

function findMentions(files: ProjectFiles, dir: string): Mentions {
  const words = new Map<string, string>();
  for (const path of files.paths) {
    if (!/\.[cm]?[jt]s$/.test(path) || isVendored(path) || isTest(path)) continue;
    const inside = isBelow(dir, path);
    const text = files.read(path)?.text ?? "";
    if (inside && bringing.test(text)) return { brings: path, words };
    if (!text.includes("@nestjs/") && !text.includes("express")) continue;
    // Controllers of this program are read; those of another package of the workspace may be its own, too.
    if (inside === /@Controller\s*\(/.test(text)) continue;
    const said = text.replace(/\bexclude\s*:\s*\[[^\]]*\]/g, "");
    for (const [, word] of said.matchAll(/["'`/]([\w.-]+)(?=["'`/?])/g))
      if (!words.has(word!.toLowerCase())) words.set(word!.toLowerCase(), path);
  }
  return { words };
}
