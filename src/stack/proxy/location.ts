import type { NginxLocation, NginxServer } from "../../artifacts/nginx-model.ts";
import type { Location } from "../../core/source.ts";
import type { EffectiveNginx } from "./effective.ts";
import { matchesPattern } from "./pattern.ts";

export interface Undecided {
  readonly kind: "unknown";
  readonly because: string;
  readonly at?: Location;
}

/** `redirect`: nginx itself answers 301 to the same path with a slash at its end. */
export type LocationMatch =
  | { readonly kind: "location" | "redirect"; readonly location: NginxLocation }
  | { readonly kind: "none" }
  | Undecided;

interface Search {
  readonly match: LocationMatch;
  /** Exact, redirect or regular expression: expressions further out are not asked. */
  readonly final: boolean;
}

/** Chooses the location for a path as nginx does. `path` is decoded and without a query. */
export function matchLocation(server: NginxServer, path: string): LocationMatch {
  return search(server.locations, path).match;
}

function search(locations: readonly NginxLocation[], path: string): Search {
  const exact = locations.find(location => location.modifier === "=" && location.path.value === path);
  if (exact) return { match: { kind: "location", location: exact }, final: true };
  const slashed = locations.find(
    location => isPrefix(location, true) && location.proxyPass && location.path.value === `${path}/`,
  );
  if (slashed) return { match: { kind: "redirect", location: slashed }, final: true };
  let prefix: NginxLocation | undefined;
  for (const location of locations) {
    if (!isPrefix(location, false) || !path.startsWith(location.path.value)) continue;
    if (!prefix || location.path.value.length > prefix.path.value.length) prefix = location;
  }
  const best = prefix ? within(prefix, path, false) : { match: { kind: "none" } as const, final: false };
  if (best.final || prefix?.modifier === "^~") return best;
  for (const location of locations) {
    if (location.modifier !== "~" && location.modifier !== "~*") continue;
    const matches = matchesPattern(location.path.value, path, location.modifier === "~*");
    if (matches) return within(location, path, true);
    if (matches === undefined) {
      const because = `it is not decided whether "${location.path.value}" matches ${path}`;
      return { match: { kind: "unknown", because, at: location.path.at }, final: true };
    }
  }
  return best;
}

/** The location itself, or the better one that it holds. */
function within(location: NginxLocation, path: string, final: boolean): Search {
  const inner = search(location.nested, path);
  if (inner.match.kind === "none") return { match: { kind: "location", location }, final };
  return { match: inner.match, final: final || inner.final };
}

function isPrefix({ modifier }: NginxLocation, orExact: boolean): boolean {
  return modifier === "" || modifier === "^~" || (orExact && modifier === "=");
}

/** The server that answers on a port under a host name; `undefined` when none listens there or it cannot be known. */
export function chooseServer(nginx: EffectiveNginx, port: number, host: string): NginxServer | undefined {
  const listening = nginx.servers.filter(server => server.listens.some(listen => listen.port === port));
  const name = host.toLowerCase();
  let best: { server: NginxServer; rank: number } | undefined;
  for (const server of listening)
    for (const { value } of server.names) {
      const rank = nameRank(value.toLowerCase(), value, name);
      if (rank > 0 && rank > (best?.rank ?? 0)) best = { server, rank };
    }
  if (best) return best.server;
  const isDefault = (server: NginxServer): boolean =>
    server.listens.some(listen => listen.port === port && listen.default);
  return listening.find(isDefault) ?? listening[0];
}

/** Exact before `*.name` before `name.*` before expressions; a longer wildcard before a shorter; 0 for no match. */
function nameRank(pattern: string, written: string, host: string): number {
  if (pattern === host) return 4_000;
  if (pattern.startsWith(".") && (host === pattern.slice(1) || host.endsWith(pattern)))
    return host === pattern.slice(1) ? 4_000 : 3_000 + Math.min(pattern.length, 900);
  if (pattern.startsWith("*.") && host.endsWith(pattern.slice(1)))
    return 3_000 + Math.min(pattern.length, 900);
  if (pattern.endsWith(".*") && host.startsWith(pattern.slice(0, -1)))
    return 2_000 + Math.min(pattern.length, 900);
  if (written.startsWith("~") && matchesPattern(written.slice(1), host, true)) return 1_000;
  return 0;
}
