import type { NginxServer } from "../../artifacts/nginx-model.ts";
import { basename } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import type { NginxDirective } from "../../formats/nginx.ts";
import type { ProxyInstance, Stack } from "../stack.ts";
import { limitZones, tlsServers } from "./effective.ts";
import { effectiveDirective } from "./inherit.ts";

/** What `nginx -t` refuses of a configuration that is seen as a whole. */
export interface Refusal {
  readonly at: Location;
  readonly shows: string;
  /** The other half of a pair that does not go together. */
  readonly other?: { readonly at: Location; readonly shows: string };
}

export function refusals(stack: Stack, proxy: ProxyInstance): Refusal[] {
  const { effective } = proxy;
  return [
    ...misplaced(effective.tree),
    ...unknownZones(proxy),
    ...unknownFormats(effective.tree),
    ...wrongValues(effective.tree),
    ...namedTwice(stack, proxy),
    ...effective.servers.flatMap(twice),
    ...withoutCertificate(proxy),
  ];
}

/** A site's file in the place of the main one, or the other way round. */
function misplaced(tree: readonly NginxDirective[]): Refusal[] {
  const named = (list: readonly NginxDirective[], ...names: string[]) =>
    list.filter(({ name, block }) => block && names.includes(name.value));
  const top = named(tree, "server", "upstream", "location").slice(0, 1);
  const inner = tree
    .filter(({ name }) => name.value === "http")
    .flatMap(({ block }) => named(block ?? [], "http", "events"));
  const http = tree.find(({ name, at }) => name.value === "http" && at.span.end > at.span.start);
  const events = tree.some(({ name }) => name.value === "events");
  return [
    ...top.map(({ name }) => ({ at: name.at, shows: `"${name.value}" stands outside of http` })),
    ...inner.slice(0, 1).map(({ name }) => ({ at: name.at, shows: `"${name.value}" stands inside of http` })),
    ...(http && !events ? [{ at: http.name.at, shows: "there is no events block" }] : []),
  ];
}

function unknownZones({ effective }: ProxyInstance): Refusal[] {
  // Zones of TCP services are not in the model.
  if (effective.tree.some(({ name }) => name.value === "stream")) return [];
  const { defined, used } = limitZones(effective);
  return used
    .filter(
      ({ zone, kind }) =>
        !zone.includes("$") && !defined.some(each => each.kind === kind && each.name.value === zone),
    )
    .map(({ zone, at }) => ({ at, shows: `the zone "${zone}" is defined nowhere` }));
}

function unknownFormats(tree: readonly NginxDirective[]): Refusal[] {
  const every = flatten(tree);
  const formats = new Set(
    every.filter(({ name }) => name.value === "log_format").map(({ args }) => args[0]?.value),
  );
  return every.flatMap(({ name, args, at }) => {
    const format = name.value === "access_log" ? args[1]?.value : undefined;
    // The image's own main file defines `main`.
    if (
      format === undefined ||
      /[=$]/.test(format) ||
      ["combined", "main"].includes(format) ||
      formats.has(format)
    )
      return [];
    return [{ at, shows: `the log format "${format}" is defined nowhere` }];
  });
}

function flatten(tree: readonly NginxDirective[]): NginxDirective[] {
  return tree.flatMap(directive => [directive, ...flatten(directive.block ?? [])]);
}

/** Two locations of one server with the same path. */
function twice(server: NginxServer): Refusal[] {
  const seen = new Map<string, Location>();
  return server.locations.flatMap(({ modifier, path }) => {
    // Expressions may be repeated, and nginx does not look at names.
    if (modifier === "~" || modifier === "~*" || modifier === "@") return [];
    // A prefix may not be repeated with ^~ either.
    const key = `${modifier === "^~" ? "" : modifier} ${path.value}`;
    const before = seen.get(key);
    seen.set(key, path.at);
    const shows = `the location "${path.value}" is there twice`;
    return before ? [{ at: path.at, shows, other: { at: before, shows: "the first one" } }] : [];
  });
}

function withoutCertificate({ effective }: ProxyInstance): Refusal[] {
  return tlsServers(effective).flatMap(({ server, listens }) => {
    if (effectiveDirective(server, "ssl_certificate") || effectiveDirective(server, "ssl_reject_handshake"))
      return [];
    const [listen] = listens;
    // Servers on the same address may share the certificate of the default one in older versions.
    const shared = effective.servers.some(
      other => other !== server && effectiveDirective(other, "ssl_certificate"),
    );
    return listen && !shared ? [{ at: listen.at, shows: "TLS without a certificate" }] : [];
  });
}

/** Directives that take these words alone; a guide on compression with `must-revalidate` is copied everywhere. */
const words: ReadonlyMap<string, RegExp> = new Map([
  ["gzip_proxied", /^(?:off|expired|no-cache|no-store|private|no_last_modified|no_etag|auth|any)$/],
  ["ssl_protocols", /^(?:SSLv[23]|TLSv1(?:\.[0-3])?)$/],
  ...["gzip", "gzip_vary", "sendfile", "tcp_nopush", "tcp_nodelay", "autoindex", "proxy_buffering"].map(
    name => [name, /^(?:on|off)$/i] as const,
  ),
]);

function wrongValues(tree: readonly NginxDirective[]): Refusal[] {
  return flatten(tree).flatMap(({ name, args }) => {
    const wrong = args.find(
      arg => words.get(name.value)?.test(arg.value) === false && !/[${]/.test(arg.value),
    );
    return wrong ? [{ at: wrong.at, shows: `"${wrong.value}" is no value of ${name.value}` }] : [];
  });
}

/** Two upstreams of one name: files that are meant to stand in for one another, and both lie there. */
function namedTwice(stack: Stack, { effective }: ProxyInstance): Refusal[] {
  const seen = new Map<string, Location>();
  return effective.upstreams.flatMap(({ name }) => {
    const before = seen.get(name.value);
    seen.set(name.value, name.at);
    if (!before || (before.file !== name.at.file && (isSwapped(stack, before) || isSwapped(stack, name.at))))
      return [];
    const shows = `the upstream "${name.value}" is there twice`;
    return [{ at: name.at, shows, other: { at: before, shows: "the first one" } }];
  });
}

/** A script, a pipeline or a page moves the file away, or writes it. */
function isSwapped(stack: Stack, { file }: Location): boolean {
  const name = basename(file).replace(/\W/g, "\\$&");
  const moves = new RegExp(`\\b(?:mv|cp|rm|ln|envsubst|sed|cat|tee)\\b[^\\n]{0,200}${name}`);
  return [...stack.sources].some(
    ([path, { text }]) => path !== file && text.includes(basename(file)) && moves.test(text),
  );
}
