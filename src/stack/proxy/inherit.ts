import type { NginxScope } from "../../artifacts/nginx-model.ts";
import type { Location } from "../../core/source.ts";
import type { NginxDirective } from "../../formats/nginx.ts";

/** Anything that has a place in nginx's nesting: a server, a location or a bare scope. */
export type Scoped = NginxScope | { readonly scope: NginxScope };

export interface NginxHeader {
  readonly name: string;
  readonly value: string;
  readonly always: boolean;
  readonly at: Location;
}

/** Headers that nginx adds to a response, and those of outer levels that this place loses. */
export interface HeadersAt {
  readonly headers: readonly NginxHeader[];
  /** In force one level further out than `from`, and dropped by it because it has headers of its own. */
  readonly lost: readonly NginxHeader[];
  /** The level whose list is in force; absent when there is none anywhere. */
  readonly from?: NginxScope;
}

export interface ProxyHeadersAt {
  readonly headers: readonly NginxHeader[];
  readonly lost: readonly NginxHeader[];
  /**
   * What the upstream receives under a header's name, nginx's defaults included: `Host` is `$proxy_host`, `Connection`
   * is `close`. `undefined` for what the client's request decides.
   */
  get(name: string): string | undefined;
}

/** These act where they stand and are not handed down. */
const ownOnly: ReadonlySet<string> = new Set([
  "proxy_pass",
  "fastcgi_pass",
  "uwsgi_pass",
  "scgi_pass",
  "grpc_pass",
  "memcached_pass",
  "return",
  "rewrite",
  "try_files",
  "internal",
  "if",
  "set",
  "break",
  "stub_status",
  "listen",
  "server_name",
  "location",
  "server",
  "upstream",
  "alias",
]);

export function scopeOf(scoped: Scoped): NginxScope {
  return "scope" in scoped ? scoped.scope : scoped;
}

/** From the place itself outwards. */
export function levelsOf(scoped: Scoped): NginxScope[] {
  const levels: NginxScope[] = [];
  for (let scope: NginxScope | undefined = scopeOf(scoped); scope; scope = scope.parent) levels.push(scope);
  return levels;
}

export function directivesNamed(scope: NginxScope, name: string): NginxDirective[] {
  return scope.directives.filter(directive => directive.name.value === name);
}

/** The directives of this name that are in force here: those of the innermost level that has any. */
export function effectiveDirectives(scoped: Scoped, name: string): readonly NginxDirective[] {
  const levels = ownOnly.has(name) ? [scopeOf(scoped)] : levelsOf(scoped);
  for (const level of levels) {
    const found = directivesNamed(level, name);
    if (found.length > 0) return found;
  }
  return [];
}

/** The directive in force here; the last one where a level repeats it. */
export function effectiveDirective(scoped: Scoped, name: string): NginxDirective | undefined {
  return effectiveDirectives(scoped, name).at(-1);
}

function headersOf(scope: NginxScope, directive: string): NginxHeader[] {
  return directivesNamed(scope, directive).flatMap(({ args, at }) => {
    const [name, value, flag] = args;
    return name
      ? [{ name: name.value, value: value?.value ?? "", always: flag?.value === "always", at }]
      : [];
  });
}

/** The headers in force here, and those in force one level further out that the level `from` drops. */
function inForce(scoped: Scoped, directive: string, merges: boolean): HeadersAt {
  const from = levelsOf(scoped).find(level => directivesNamed(level, directive).length > 0);
  if (!from) return { headers: [], lost: [] };
  const own = headersOf(from, directive);
  const outer = from.parent ? inForce(from.parent, directive, merges).headers : [];
  if (merges) return { headers: [...own, ...outer], lost: [], from };
  const names = new Set(own.map(header => header.name.toLowerCase()));
  return { headers: own, lost: outer.filter(header => !names.has(header.name.toLowerCase())), from };
}

/** Response headers in force: a level with any `add_header` replaces those of all outer levels. */
export function headersAt(scoped: Scoped): HeadersAt {
  // nginx 1.29.3 and later can be told to merge instead.
  const merges = effectiveDirective(scoped, "add_header_inherit")?.args[0]?.value === "merge";
  return inForce(scoped, "add_header", merges);
}

/** Request headers for the upstream, by the same rule of replacement. */
export function proxyHeadersAt(scoped: Scoped): ProxyHeadersAt {
  const { headers, lost } = inForce(scoped, "proxy_set_header", false);
  const defaults: Readonly<Record<string, string>> = { host: "$proxy_host", connection: "close" };
  return {
    headers,
    lost,
    get: name =>
      headers.findLast(header => header.name.toLowerCase() === name.toLowerCase())?.value ??
      defaults[name.toLowerCase()],
  };
}

const variable = /\$(?:\{(\w+)\}|(\w+))/g;

/**
 * Puts in what `set $name literal;` says at this place or further out. `undefined` when a variable stays: it depends on
 * the request, a map, or more than one `set`.
 */
export function resolveVariables(scoped: Scoped, text: string): string | undefined {
  let known = true;
  const resolved = text.replace(variable, (whole, braced?: string, bare?: string) => {
    const name = `$${braced ?? bare}`;
    const sets = levelsOf(scoped).flatMap(level => directivesNamed(level, "set"));
    const [only, ...others] = sets.filter(directive => directive.args[0]?.value === name);
    const value = only?.args[1]?.value;
    if (value === undefined || value.includes("$") || others.length > 0) known = false;
    return value ?? whole;
  });
  return known ? resolved : undefined;
}
