import { type Located, type Location, located } from "../core/source.ts";
import type { NginxArg, NginxDirective } from "../formats/nginx.ts";

/** A block whose directives apply to everything inside it. `main` is the file, or the list of files, itself. */
export interface NginxScope {
  readonly kind: "main" | "http" | "server" | "location" | "if";
  readonly directives: readonly NginxDirective[];
  readonly parent?: NginxScope;
  readonly at?: Location;
}

export interface NginxListen {
  /** `undefined` for a unix socket and for a port that a template fills in. */
  readonly port?: number;
  /** As written: `0.0.0.0`, `[::1]`, `*`; absent when only a port is given. */
  readonly address?: string;
  readonly ssl: boolean;
  readonly default: boolean;
  readonly at: Location;
}

export interface NginxProxyPass {
  readonly url: Located<string>;
  readonly protocol: "http" | "fastcgi" | "uwsgi" | "scgi" | "grpc" | "memcached";
  /** `http` or `https`; `unix` is in `host` then. `undefined` when a variable decides. */
  readonly scheme?: string;
  /** A host name or an upstream's name. `undefined` when a variable decides. */
  readonly host?: string;
  readonly port?: number;
  /** The URI part, starting with a slash; absent when the request's own URI is passed on. */
  readonly path?: string;
  /** True when the address holds a variable: nginx then resolves the name at run time, not at start. */
  readonly isVariable: boolean;
  /** Name of the `upstream` in the same configuration. */
  readonly upstream?: string;
}

export type NginxModifier = "" | "=" | "^~" | "~" | "~*" | "@";

export interface NginxLocation {
  readonly modifier: NginxModifier;
  /** A prefix, a regular expression, or a name without its `@`. */
  readonly path: Located<string>;
  readonly at: Location;
  readonly directives: readonly NginxDirective[];
  readonly proxyPass?: NginxProxyPass;
  readonly nested: readonly NginxLocation[];
  readonly scope: NginxScope;
}

export interface NginxServer {
  readonly at: Location;
  /** Never empty: a server without `listen` listens on 80, shown at the server's name. */
  readonly listens: readonly NginxListen[];
  readonly names: readonly Located<string>[];
  readonly locations: readonly NginxLocation[];
  readonly directives: readonly NginxDirective[];
  readonly scope: NginxScope;
}

export interface NginxUpstreamServer {
  readonly host: string;
  readonly port?: number;
  /** `resolve`, `backup`, `max_fails=3`... */
  readonly parameters: readonly string[];
  readonly at: Location;
}

export interface NginxUpstream {
  readonly name: Located<string>;
  readonly servers: readonly NginxUpstreamServer[];
  readonly directives: readonly NginxDirective[];
  readonly at: Location;
}

export interface NginxLimitZone {
  readonly kind: "req" | "conn";
  readonly name: Located<string>;
  readonly key: string;
  /** As written, `10r/s`; requests only. */
  readonly rate?: string;
  readonly at: Location;
}

export interface NginxMap {
  /** With the dollar. */
  readonly source: string;
  readonly variable: Located<string>;
  readonly at: Location;
}

export interface NginxModel {
  readonly tree: readonly NginxDirective[];
  /** HTTP servers; those of `stream` and `mail` are left out. */
  readonly servers: readonly NginxServer[];
  readonly upstreams: readonly NginxUpstream[];
  readonly includes: readonly Located<string>[];
  readonly maps: readonly NginxMap[];
  readonly limitZones: readonly NginxLimitZone[];
}

const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443, grpc: 80, grpcs: 443 };
const passes: Readonly<Record<string, NginxProxyPass["protocol"]>> = {
  proxy_pass: "http",
  fastcgi_pass: "fastcgi",
  uwsgi_pass: "uwsgi",
  scgi_pass: "scgi",
  grpc_pass: "grpc",
  memcached_pass: "memcached",
};

interface Collected {
  readonly servers: NginxServer[];
  readonly upstreams: NginxUpstream[];
  readonly includes: Located<string>[];
  readonly maps: NginxMap[];
  readonly limitZones: NginxLimitZone[];
}

/** What the tree of one file, or of one effective configuration, declares. A bare `server` counts as HTTP's. */
export function nginxModel(tree: readonly NginxDirective[]): NginxModel {
  const found: Collected = { servers: [], upstreams: [], includes: [], maps: [], limitZones: [] };
  const upstreams = new Set<string>();
  const level = (directives: readonly NginxDirective[], visit: (directive: NginxDirective) => void): void => {
    for (const directive of directives) visit(directive);
  };
  const isHttp = (directive: NginxDirective): boolean =>
    directive.name.value === "http" && directive.block !== undefined;
  const httpLevels = [tree, ...tree.filter(isHttp).map(directive => directive.block ?? [])];
  for (const directives of httpLevels)
    level(directives, directive => {
      const name = directive.args[0];
      if (directive.name.value === "upstream" && directive.block && name) upstreams.add(name.value);
    });
  const main: NginxScope = { kind: "main", directives: tree };
  const visit = (directive: NginxDirective, scope: NginxScope): void => {
    if (isHttp(directive)) {
      const http: NginxScope = {
        kind: "http",
        directives: directive.block ?? [],
        parent: scope,
        at: directive.at,
      };
      for (const inner of http.directives) visit(inner, http);
    } else if (directive.name.value === "server" && directive.block)
      found.servers.push(serverOf(directive, scope, upstreams));
    else declaration(directive, found);
  };
  for (const directive of tree) visit(directive, main);
  collectIncludes(tree, found.includes);
  return { tree, ...found };
}

function collectIncludes(directives: readonly NginxDirective[], includes: Located<string>[]): void {
  for (const directive of directives) {
    const target = directive.args[0];
    if (directive.name.value === "include" && target) includes.push(located(target.value, target.at));
    if (directive.block) collectIncludes(directive.block, includes);
  }
}

function declaration(directive: NginxDirective, found: Collected): void {
  const { args, at, block } = directive;
  const [first, second] = args;
  const name = directive.name.value;
  if (name === "upstream" && block && first) found.upstreams.push(upstreamOf(directive, first));
  if (name === "map" && block && first && second)
    found.maps.push({ source: first.value, variable: located(second.value, second.at), at });
  if ((name !== "limit_req_zone" && name !== "limit_conn_zone") || !first) return;
  const zone = args.find(arg => arg.value.startsWith("zone="));
  if (!zone) return;
  const rate = args.find(arg => arg.value.startsWith("rate="))?.value.slice(5);
  const kind = name === "limit_req_zone" ? "req" : "conn";
  const value = zone.value.slice(5).split(":")[0] ?? "";
  const entry = { kind, name: located(value, zone.at), key: first.value, at } as const;
  found.limitZones.push(rate === undefined ? entry : { ...entry, rate });
}

function upstreamOf(directive: NginxDirective, name: NginxArg): NginxUpstream {
  const directives = directive.block ?? [];
  const servers = directives.flatMap(inner => {
    const [address, ...parameters] = inner.args;
    if (inner.name.value !== "server" || !address) return [];
    const { host, port } = hostAndPort(address.value);
    const server = { host, parameters: parameters.map(arg => arg.value), at: address.at };
    const resolved = port ?? (isDynamic(address.value) || host.startsWith("unix:") ? undefined : 80);
    return [resolved === undefined ? server : { ...server, port: resolved }];
  });
  return { name: located(name.value, name.at), servers, directives, at: directive.at };
}

function isDynamic(text: string): boolean {
  return text.includes("$");
}

/** Splits `host:port`, `[::1]:80`, `unix:/path`; a port that is not a number is left out. */
export function hostAndPort(address: string): { host: string; port?: number } {
  if (address.startsWith("unix:")) return { host: address };
  const colon = address.lastIndexOf(":");
  if (colon === -1 || address.endsWith("]")) return { host: address };
  const digits = address.slice(colon + 1);
  const host = address.slice(0, colon);
  return /^\d{1,5}$/.test(digits) ? { host, port: Number(digits) } : { host };
}

function serverOf(
  directive: NginxDirective,
  parent: NginxScope,
  upstreams: ReadonlySet<string>,
): NginxServer {
  const directives = directive.block ?? [];
  const scope: NginxScope = { kind: "server", directives, parent, at: directive.at };
  const legacySsl = directives.some(inner => inner.name.value === "ssl" && inner.args[0]?.value === "on");
  const listens = directives.filter(inner => inner.name.value === "listen" && inner.args.length > 0);
  const written = listens.map(inner => listenOf(inner, legacySsl));
  const implicit: NginxListen = { port: 80, ssl: legacySsl, default: false, at: directive.name.at };
  const names = directives.filter(inner => inner.name.value === "server_name").flatMap(inner => inner.args);
  return {
    at: directive.at,
    listens: written.length > 0 ? written : [implicit],
    names: names.map(name => located(name.value, name.at)),
    locations: locationsOf(directives, scope, upstreams),
    directives,
    scope,
  };
}

function listenOf(directive: NginxDirective, legacySsl: boolean): NginxListen {
  const [first, ...rest] = directive.args.map(arg => arg.value);
  const address = first ?? "";
  const ssl = legacySsl || rest.includes("ssl") || rest.includes("quic");
  const shared = {
    ssl,
    default: rest.includes("default_server") || rest.includes("default"),
    at: directive.at,
  };
  if (/^\d{1,5}$/.test(address)) return { port: Number(address), ...shared };
  if (address.startsWith("unix:")) return { address, ...shared };
  const { host, port } = hostAndPort(address);
  if (port !== undefined) return { port, address: host, ...shared };
  // An address alone listens on 80; a template's port is not known.
  return isDynamic(address) ? { address, ...shared } : { port: 80, address: host, ...shared };
}

function locationsOf(
  directives: readonly NginxDirective[],
  parent: NginxScope,
  upstreams: ReadonlySet<string>,
): NginxLocation[] {
  return directives.flatMap(directive => {
    const parsed =
      directive.name.value === "location" && directive.block ? locationPath(directive.args) : undefined;
    if (!parsed) return [];
    const inner = directive.block ?? [];
    const scope: NginxScope = { kind: "location", directives: inner, parent, at: directive.at };
    const pass = inner.find(candidate => passes[candidate.name.value] && candidate.args.length > 0);
    const location = {
      ...parsed,
      at: directive.at,
      directives: inner,
      nested: locationsOf(inner, scope, upstreams),
      scope,
    };
    return [pass ? { ...location, proxyPass: proxyPassOf(pass, upstreams) } : location];
  });
}

function locationPath(args: readonly NginxArg[]): Pick<NginxLocation, "modifier" | "path"> | undefined {
  const [first, second] = args;
  if (!first) return undefined;
  if (second) {
    const modifier = (["=", "^~", "~*", "~"] as const).find(candidate => candidate === first.value);
    return modifier ? { modifier, path: located(second.value, second.at) } : undefined;
  }
  // `location =/path` and `location ~regex` are written without the blank, too.
  const glued = (["=", "^~", "~*", "~", "@"] as const).find(candidate => first.value.startsWith(candidate));
  if (!glued) return { modifier: "", path: located(first.value, first.at) };
  return { modifier: glued, path: located(first.value.slice(glued.length), first.at) };
}

/** Reads the target of a `*_pass` directive. */
export function proxyPassOf(directive: NginxDirective, upstreams: ReadonlySet<string>): NginxProxyPass {
  const arg = directive.args[0]!;
  const protocol = passes[directive.name.value] ?? "http";
  const url = located(arg.value, arg.at);
  const parts = passTarget(arg.value, protocol);
  const isVariable = isDynamic(arg.value);
  if (parts.host !== undefined && upstreams.has(parts.host)) {
    // A group's servers have ports of their own; 80 is not one of them.
    const { port: _, ...rest } = parts;
    return { url, protocol, ...rest, isVariable, upstream: parts.host };
  }
  return { url, protocol, ...parts, isVariable };
}

/** Scheme, host, port and path of a target; what holds a `$` is left out. */
export function passTarget(
  target: string,
  protocol: NginxProxyPass["protocol"],
): Pick<NginxProxyPass, "scheme" | "host" | "port" | "path"> {
  const [, scheme, rest = target] = /^([a-z]+):\/\/(.*)$/s.exec(target) ?? [];
  const unix = /^(unix:[^:]*):?(.*)$/s.exec(rest);
  const slash = rest.indexOf("/");
  const authority = unix ? unix[1]! : slash === -1 ? rest : rest.slice(0, slash);
  const path = unix ? unix[2]! : slash === -1 ? "" : rest.slice(slash);
  const { host, port } = hostAndPort(authority);
  // Without a scheme proxy_pass has no host; the others need none.
  const known = scheme ?? (protocol === "http" ? undefined : protocol);
  const fallback = known === undefined || unix || isDynamic(authority) ? undefined : defaultPorts[known];
  const finalPort = port ?? fallback;
  return {
    ...(known === undefined || isDynamic(known) ? {} : { scheme: known }),
    ...(isDynamic(host) || host === "" || (protocol === "http" && !scheme) ? {} : { host }),
    ...(finalPort === undefined ? {} : { port: finalPort }),
    ...(path === "" ? {} : { path }),
  };
}
