import type { NginxLocation, NginxServer } from "../artifacts/nginx-model.ts";
import { isTest, isVendored, ownFiles } from "../artifacts/project-files.ts";
import type { RouteAnswer } from "../artifacts/route-tree.ts";
import type { Location, Source } from "../core/source.ts";
import { allLocations } from "./proxy/effective.ts";
import { matchLocation } from "./proxy/location.ts";
import { proxyTarget } from "./proxy/route.ts";
import { appAnswer } from "./query-health.ts";
import { serverProxies, servicesBehind } from "./query-proxy.ts";
import { servedPaths } from "./query-routes.ts";
import { routersOf, traefikOf } from "./query-traefik.ts";
import type { Service, Stack, Variable } from "./stack.ts";

/** A part of the site that a proxy hands on to one service, and the path that arrives there. */
export interface Passage {
  readonly proxy: Service;
  readonly target: Service;
  /** Without the slash at its end: `/api`. */
  readonly prefix: string;
  /** What the service is asked for when a visitor asks for a path; undefined where another rule answers it. */
  arrives(path: string): string | undefined;
  /** The prefix is taken off. */
  readonly strips: boolean;
  /** What stands in the place of the prefix. */
  readonly instead?: string;
  readonly at: Location;
}

/** Every plain passage of nginx and of Traefik's labels in deployed projects. */
export function passages(stack: Stack): Passage[] {
  const all = [...nginxPassages(stack), ...traefikPassages(stack)];
  // A page with limits of its own below a passage to the same service: what is lost there is not the site.
  return all.filter(
    each =>
      !all.some(
        other =>
          other.proxy === each.proxy &&
          other.target === each.target &&
          each.prefix.startsWith(`${other.prefix}/`),
      ),
  );
}

function nginxPassages(stack: Stack): Passage[] {
  return serverProxies(stack).flatMap(proxy => {
    const { service, effective } = proxy;
    if (!service || effective.gaps.length > 0) return [];
    return effective.servers.flatMap(server =>
      allLocations(server).flatMap(location => {
        const pass = location.proxyPass;
        const [target, ...more] = servicesBehind(proxy, location);
        if (!pass || pass.isVariable || pass.protocol !== "http" || !target || more.length > 0) return [];
        if (location.modifier !== "" && location.modifier !== "^~") return [];
        const prefix = location.path.value.replace(/\/$/, "");
        if (prefix === "" || rewrites(server) || rewrites(location)) return [];
        const uri = proxyTarget(location)?.path;
        return [
          {
            proxy: service,
            target,
            prefix,
            strips: uri !== undefined && !uri.startsWith(prefix),
            ...(uri === undefined ? {} : { instead: uri.replace(/\/$/, "") }),
            at: pass.url.at,
            arrives: path => {
              const match = matchLocation(server, path);
              if (match.kind !== "location" || match.location !== location) return undefined;
              return uri === undefined ? path : uri + path.slice(location.path.value.length);
            },
          } satisfies Passage,
        ];
      }),
    );
  });
}

function rewrites({ directives }: NginxLocation | NginxServer): boolean {
  return directives.some(each => /^(?:rewrite|if|auth_request)$/.test(each.name.value));
}

const prefixRule = /^(?:Host\([^()]*\)\s*&&\s*)?PathPrefix\(`(\/[\w-]+(?:\/[\w-]+)*)\/?`\)$/;

function traefikPassages(stack: Stack): Passage[] {
  return stack.services.flatMap(target => {
    const traefik = traefikOf(target.project);
    if (!traefik || target.project.grade === "development" || target.project.grade === "presumed") return [];
    return routersOf(target).flatMap(router => {
      const prefix = prefixRule.exec(router.rule ?? "")?.[1];
      if (prefix === undefined || router.target !== undefined) return [];
      const known = router.middlewares.map(name => middleware(target, name));
      if (known.some(each => each === undefined)) return [];
      const off = known.flatMap(each => each?.prefixes ?? []).find(each => prefix.startsWith(each.text));
      return [
        {
          proxy: traefik,
          target,
          prefix,
          strips: off !== undefined,
          at: off?.at ?? router.at,
          arrives: path => (off ? path.slice(off.text.length) || "/" : path),
        } satisfies Passage,
      ];
    });
  });
}

/** What a middleware of the service's own labels takes off; undefined when it is not seen, or does something else to paths. */
function middleware(service: Service, name: string) {
  const own = name.replace(/@docker$/, "");
  const start = `traefik.http.middlewares.${own}.`;
  const labels = service.labels.filter(each => each.name.toLowerCase().startsWith(start));
  if (
    labels.length === 0 ||
    labels.some(each => /\.(?:replacepath|addprefix|chain|plugin|stripprefixregex)/i.test(each.name))
  )
    return undefined;
  const prefixes = labels.filter(each => each.name.toLowerCase() === `${start}stripprefix.prefixes`);
  if (prefixes.some(each => each.value?.text === undefined)) return undefined;
  return { prefixes: prefixes.flatMap(prefixesOf) };
}

function prefixesOf(label: Variable): { readonly text: string; readonly at: Location }[] {
  return label.value!.text!.split(",").map(text => ({ text: text.trim().replace(/\/$/, ""), at: label.at }));
}

/** Pages that every program has beside its work: they say nothing about where the rest lies. */
const aside =
  /^\/(?:$|health\w*|healthz|ready\w*|live\w*|ping|status|metrics|version|docs|redoc|openapi\.json|favicon\.ico|robots\.txt|admin(?:\/.*)?|static(?:\/.*)?|media(?:\/.*)?|ws(?:\/.*)?|socket\.io.*)\/?$/;

/** Settings by which a program or its server takes a prefix off, or puts one on, by itself. */
const ownPrefix =
  /root[_-]path|SCRIPT_NAME|ForwardedPrefix|X-Forwarded-Prefix|basePath|base_path|APPLICATION_ROOT|DispatcherMiddleware|setGlobalPrefix|globalPrefix/i;
const speaking = new WeakMap<Source, boolean>();

/** Each text once, however many passages lead to its program. */
function speaksOfPrefix(source: Source): boolean {
  const known = speaking.get(source) ?? ownPrefix.test(source.text);
  speaking.set(source, known);
  return known;
}

export interface LostRoute {
  readonly route: string;
  readonly asked: string;
  readonly answer: RouteAnswer;
  /** Every route lies below the prefix that is taken off; a client may still ask for it twice. */
  readonly doubled: boolean;
}

/** A route that nobody reaches through the passage, when none is reached; undefined when that is not certain. */
export function lostRoute(stack: Stack, passage: Passage): LostRoute | undefined {
  const { target, prefix, arrives } = passage;
  const served = servedPaths(stack, target);
  const routes = served.filter(route => !aside.test(route));
  if (routes.length < 2) return undefined;
  // `location /shop/api/` with `proxy_pass http://web/api/`: routes below that are reached, and sockets are not listed.
  const { instead = "" } = passage;
  if (instead !== "" && (aside.test(instead) || served.some(route => `${route}/`.startsWith(`${instead}/`))))
    return undefined;
  const below = routes.filter(route => route === prefix || route.startsWith(`${prefix}/`));
  if (below.length > 0 && below.length < routes.length) return undefined;
  const doubled = below.length > 0;
  // One page, a socket or files of their own: `/ws`, `/health`, `/media`. Their routes may be of a kind that is not listed.
  if (!doubled && (aside.test(prefix) || namesPrefix(stack, target, prefix))) return undefined;
  let first: LostRoute | undefined;
  for (const route of routes) {
    const asked = doubled ? route : prefix + route;
    const path = arrives(asked);
    if (path === undefined) return undefined;
    const answer = appAnswer(stack, target, path.split("?")[0]!);
    if (answer?.answer !== "no") return undefined;
    first ??= { route, asked, answer, doubled };
  }
  // Both read all code, and mostly there is nothing to ask about.
  if (!first || setsPrefix(stack, passage)) return undefined;
  return doubled && asksTwice(stack, prefix) ? undefined : first;
}

function setsPrefix(stack: Stack, { target }: Passage): boolean {
  const { component } = target;
  if ([...target.environment].some(({ name }) => ownPrefix.test(name))) return true;
  if ((target.process?.commands ?? []).flat().some(word => ownPrefix.test(word.value ?? ""))) return true;
  return ownFiles(stack.files, component?.dir ?? "").some(path => {
    if (!/\.(?:py|[cm]?[jt]s|conf|toml|ini|ya?ml|sh)$/.test(path)) return false;
    const read = stack.files.read(path);
    return "source" in read && speaksOfPrefix(read.source);
  });
}

/** The program's own code has the prefix in a text: a route that was not understood, or a mount. */
function namesPrefix(stack: Stack, { component }: Service, prefix: string): boolean {
  const text = new RegExp(`["'\`/^]${quoted(prefix.replace(/^\//, ""))}(?:[/"'\`$?]|\\b)`);
  return ownFiles(stack.files, component?.dir ?? "").some(path => {
    if (!/\.(?:py|[cm]?[jt]s)$/.test(path)) return false;
    const read = stack.files.read(path);
    return "source" in read && text.test(read.source.text);
  });
}

const quoted = (prefix: string) => prefix.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Code of a client has the prefix as its base, and the prefix again in its calls. */
function asksTwice(stack: Stack, prefix: string): boolean {
  const base = new RegExp(`["'\`=\\s](?:https?://[^"'\`\\s]*)?${quoted(prefix)}/?(?:["'\`\\s]|$)`, "m");
  const call = new RegExp(`["'\`}]${quoted(prefix)}/\\w`);
  let hasBase = false;
  let hasCall = false;
  for (const path of stack.files.paths) {
    if (!/\.(?:[cm]?[jt]sx?|vue|svelte|html|ya?ml|env[\w.]*)$|(?:^|\/)\.env[\w.]*$|Dockerfile/.test(path))
      continue;
    if (isTest(path) || isVendored(path)) continue;
    const read = stack.files.read(path);
    if (!("source" in read)) continue;
    hasBase ||= base.test(read.source.text);
    hasCall ||= call.test(read.source.text);
    if (hasBase && hasCall) return true;
  }
  return false;
}
