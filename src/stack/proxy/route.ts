import {
  type NginxLocation,
  type NginxProxyPass,
  type NginxServer,
  type NginxUpstream,
  passTarget,
} from "../../artifacts/nginx-model.ts";
import type { Location } from "../../core/source.ts";
import type { NginxDirective } from "../../formats/nginx.ts";
import type { EffectiveNginx } from "./effective.ts";
import { effectiveDirective, effectiveDirectives, resolveVariables, type Scoped } from "./inherit.ts";
import { chooseServer, matchLocation, type Undecided } from "./location.ts";
import { matchesPattern } from "./pattern.ts";

export interface Request {
  readonly port: number;
  readonly host: string;
  /** Decoded, without a query. */
  readonly path: string;
}

export type Outcome =
  | {
      readonly kind: "proxy";
      readonly protocol: NginxProxyPass["protocol"];
      readonly scheme?: string;
      /** A host name. For an upstream, the name of the group; its servers are in `upstream`. */
      readonly host: string;
      readonly port?: number;
      /** The path that the upstream is asked for; `undefined` when variables decide. */
      readonly uri?: string;
      readonly upstream?: NginxUpstream;
      readonly at: Location;
    }
  /** Files of the container; `root` is where they stand, `fallback` the last word of `try_files`. */
  | { readonly kind: "static"; readonly root?: string; readonly fallback?: string; readonly at: Location }
  | { readonly kind: "return"; readonly code: number; readonly to?: string; readonly at: Location }
  /** 301 by nginx itself to the same path with a slash at its end. */
  | { readonly kind: "redirect301slash"; readonly to: string; readonly at: Location }
  | Undecided;

export interface Route {
  readonly server?: NginxServer;
  readonly location?: NginxLocation;
  readonly outcome: Outcome;
  /** `allow`, `deny`, `auth_basic` and `auth_request` in force: the outcome holds for those they let in. */
  readonly guards: readonly NginxDirective[];
}

interface Walk {
  readonly nginx: EffectiveNginx;
  readonly server: NginxServer;
  readonly request: Request;
  path: string;
  rewritten: boolean;
  /** Internal redirects that are left; nginx itself allows ten. */
  budget: number;
}

/** What nginx does with a request. What variables, maps or unread files decide is `unknown`. */
export function route(nginx: EffectiveNginx, request: Request): Route {
  const server = chooseServer(nginx, request.port, request.host);
  if (!server) {
    const because = `no server is seen to listen on port ${request.port}`;
    return { outcome: { kind: "unknown", because }, guards: [] };
  }
  const walk: Walk = { nginx, server, request, path: request.path, rewritten: false, budget: 10 };
  const early = phase(walk, server.directives);
  if (typeof early === "object") return { server, outcome: early, guards: guardsAt(server) };
  return { server, ...findAndServe(walk) };
}

type Found = Pick<Route, "location" | "outcome" | "guards">;

function findAndServe(walk: Walk): Found {
  const match = matchLocation(walk.server, walk.path);
  if (match.kind === "unknown") return { outcome: match, guards: [] };
  if (match.kind === "none") return { outcome: files(walk.server), guards: guardsAt(walk.server) };
  const { location } = match;
  const guards = guardsAt(location);
  if (match.kind === "redirect") {
    const outcome: Outcome = { kind: "redirect301slash", to: `${walk.path}/`, at: location.path.at };
    return { location, outcome, guards };
  }
  return serve(walk, location);
}

function serve(walk: Walk, location: NginxLocation): Found {
  const guards = guardsAt(location);
  const early = phase(walk, location.directives);
  if (typeof early === "object") return { location, outcome: early, guards };
  if (early === "search") {
    if (walk.budget-- <= 0)
      return { location, outcome: unknown("it rewrites in a circle", location.at), guards };
    return findAndServe(walk);
  }
  const denies = effectiveAccess(location);
  if (denies) return { location, outcome: { kind: "return", code: 403, at: denies.at }, guards };
  const status = location.directives.find(directive => directive.name.value === "stub_status");
  if (status) return { location, outcome: { kind: "return", code: 200, at: status.at }, guards };
  if (location.proxyPass) return { location, outcome: proxied(walk, location, location.proxyPass), guards };
  return followTryFiles(walk, location, guards);
}

function followTryFiles(walk: Walk, location: NginxLocation, guards: readonly NginxDirective[]): Found {
  const outcome = files(location);
  const fallback = outcome.kind === "static" ? outcome.fallback : undefined;
  if (fallback === undefined || fallback.startsWith("=") || walk.budget-- <= 0)
    return { location, outcome, guards };
  if (fallback.startsWith("@")) {
    const name = fallback.slice(1);
    const named = walk.server.locations.find(other => other.modifier === "@" && other.path.value === name);
    // The path is a route of the application, so no file is taken to stand there.
    return named
      ? serve(walk, named)
      : { location, outcome: unknown(`there is no location ${fallback}`, outcome.at), guards };
  }
  const path = fallback.split(/[?$]/)[0] ?? "";
  if (!path.startsWith("/") || path === walk.path) return { location, outcome, guards };
  const next = findAndServe({ ...walk, path, rewritten: true });
  return next.outcome.kind === "static" || next.outcome.kind === "unknown"
    ? { location, outcome, guards }
    : next;
}

function unknown(because: string, at: Location | undefined): Undecided {
  return at ? { kind: "unknown", because, at } : { kind: "unknown", because };
}

function files(scoped: NginxLocation | NginxServer): Outcome {
  const place = effectiveDirective(scoped, "alias") ?? effectiveDirective(scoped, "root");
  const tries = scoped.directives.find(directive => directive.name.value === "try_files");
  const root = place?.args[0]?.value;
  const fallback = tries?.args.at(-1)?.value;
  const at = tries?.at ?? place?.at ?? scoped.at;
  const shared = { kind: "static", at } as const;
  const located = root === undefined || root.includes("$") ? shared : { ...shared, root };
  return fallback === undefined ? located : { ...located, fallback };
}

/** nginx's rewrite directives, in order: an answer, a new search for a location, or nothing. */
function phase(walk: Walk, directives: readonly NginxDirective[]): Outcome | "search" | "stop" | undefined {
  for (const directive of directives) {
    const { name, args, block, at } = directive;
    if (name.value === "return") return returned(directive);
    if (name.value === "break") return "stop";
    if (name.value === "internal" && walk.path === walk.request.path && !walk.rewritten)
      return { kind: "return", code: 404, at };
    if (name.value === "rewrite") {
      const step = rewrite(walk, directive);
      if (step) return step;
    }
    if (name.value !== "if" || !block || !block.some(inner => decides(inner))) continue;
    const holds = condition(
      walk,
      args.map(arg => arg.value),
    );
    if (holds === undefined) return unknown("a condition depends on the request", at);
    const inner = holds ? phase(walk, block) : undefined;
    if (inner) return inner;
    if (holds && block.some(other => other.name.value.endsWith("_pass")))
      return unknown("a condition chooses the upstream", at);
  }
  return undefined;
}

function decides({ name }: NginxDirective): boolean {
  return (
    name.value === "return" ||
    name.value === "rewrite" ||
    name.value === "break" ||
    name.value.endsWith("_pass")
  );
}

function returned({ args, at }: NginxDirective): Outcome {
  const [first, second] = args;
  if (!first || first.value.includes("$")) return unknown("a variable decides the answer", at);
  // `return URL` is a 302.
  if (!/^\d{3}$/.test(first.value)) return { kind: "return", code: 302, to: first.value, at };
  const code = Number(first.value);
  return second ? { kind: "return", code, to: second.value, at } : { kind: "return", code, at };
}

function rewrite(walk: Walk, { args, at }: NginxDirective): Outcome | "search" | "stop" | undefined {
  const [pattern, replacement, flag] = args.map(arg => arg.value);
  if (pattern === undefined || replacement === undefined) return undefined;
  const matches = matchesPattern(pattern, walk.path, false);
  if (matches === undefined) return unknown("it is not decided whether a rewrite applies", at);
  if (!matches) return undefined;
  if (flag === "permanent") return { kind: "return", code: 301, to: replacement, at };
  if (flag === "redirect" || /^(?:https?:\/\/|\$scheme)/.test(replacement))
    return { kind: "return", code: 302, to: replacement, at };
  if (/\$(?!\d)/.test(replacement)) return unknown("a variable decides the path", at);
  const captures = new RegExp(pattern).exec(walk.path) ?? [];
  walk.path =
    replacement.replace(/\$(\d)/g, (_, digit: string) => captures[Number(digit)] ?? "").split("?")[0] ?? "";
  walk.rewritten = true;
  return flag === "break" ? "stop" : "search";
}

/** Evaluates `if (...)` for what a plain request fixes: the host, the scheme, the path and the method GET. */
function condition(walk: Walk, words: readonly string[]): boolean | undefined {
  const text = words.join(" ").replace(/^\(\s*|\s*\)$/g, "");
  const [, name = "", operator, right = ""] = /^\$(\w+)\s*(?:(!?~\*?|!?=)\s*(.*))?$/s.exec(text) ?? [];
  const left = variableValue(walk, name);
  if (left === undefined || (right.includes("$") && !operator?.includes("~"))) return undefined;
  if (operator === undefined) return left !== "" && left !== "0";
  const expected = right.replace(/^(["'])(.*)\1$/s, "$2");
  if (operator === "=") return left === expected;
  if (operator === "!=") return left !== expected;
  const matches = matchesPattern(expected, left, operator.endsWith("*"));
  return matches === undefined ? undefined : operator.startsWith("!") ? !matches : matches;
}

function variableValue({ server, request, path }: Walk, name: string): string | undefined {
  if (name === "host" || name === "http_host") return request.host;
  if (name === "uri" || name === "document_uri" || name === "request_uri") return path;
  if (name === "request_method") return "GET";
  if (name !== "scheme" && name !== "https") return undefined;
  const tls = server.listens.some(listen => listen.port === request.port && listen.ssl);
  return name === "scheme" ? (tls ? "https" : "http") : tls ? "on" : "";
}

/** `deny all` with nobody allowed. */
function effectiveAccess(scoped: Scoped): NginxDirective | undefined {
  const denies = effectiveDirectives(scoped, "deny").find(directive => directive.args[0]?.value === "all");
  return denies && effectiveDirectives(scoped, "allow").length === 0 ? denies : undefined;
}

/** Directives that keep some requests out at this place. */
export function guardsAt(scoped: Scoped): NginxDirective[] {
  const names = ["allow", "deny", "auth_basic", "auth_request"];
  const found = names.flatMap(name => effectiveDirectives(scoped, name));
  return found.filter(directive => directive.args[0]?.value !== "off");
}

/** Where a location sends its requests, variables set to a constant resolved. */
export function proxyTarget(
  location: NginxLocation,
): Pick<NginxProxyPass, "scheme" | "host" | "port" | "path"> | undefined {
  const pass = location.proxyPass;
  if (!pass?.isVariable) return pass;
  const resolved = resolveVariables(location, pass.url.value);
  if (resolved !== undefined) return passTarget(resolved, pass.protocol);
  // The path may stay open while the host is a constant: `http://$backend$request_uri`.
  const authority = /^[a-z]+:\/\/(?:\$\{?\w+\}?|[^/$])+?(?=\$request_uri|\$uri|\/|$)/.exec(
    pass.url.value,
  )?.[0];
  const host = authority === undefined ? undefined : resolveVariables(location, authority);
  if (host === undefined) return undefined;
  return passTarget(host, pass.protocol);
}

function proxied(walk: Walk, location: NginxLocation, pass: NginxProxyPass): Outcome {
  const { at } = pass.url;
  const target = proxyTarget(location);
  if (target?.host === undefined) return unknown("a variable decides the upstream", at);
  const { scheme, host, port, path } = target;
  const upstream = walk.nginx.upstreams.find(candidate => candidate.name.value === host);
  const uri = passedPath(walk, location, pass, path);
  return {
    kind: "proxy",
    protocol: pass.protocol,
    ...(scheme === undefined ? {} : { scheme }),
    host,
    // A group's servers have ports of their own.
    ...(port === undefined || upstream ? {} : { port }),
    ...(uri === undefined ? {} : { uri }),
    ...(upstream ? { upstream } : {}),
    at,
  };
}

function passedPath(
  walk: Walk,
  location: NginxLocation,
  pass: NginxProxyPass,
  path: string | undefined,
): string | undefined {
  if (pass.isVariable) {
    if (path !== undefined) return path;
    return /\$(?:request_)?uri/.test(pass.url.value) || resolveVariables(location, pass.url.value)
      ? walk.path
      : undefined;
  }
  if (path === undefined || walk.rewritten || pass.protocol !== "http") return walk.path;
  return path + walk.path.slice(location.path.value.length);
}
