import type { NginxServer } from "../../artifacts/nginx-model.ts";
import type { Location } from "../../core/source.ts";
import type { NginxDirective } from "../../formats/nginx.ts";
import { limitZones, tlsServers } from "../../stack/proxy/effective.ts";
import { effectiveDirective } from "../../stack/proxy/inherit.ts";
import { evidence, weigh } from "../../stack/query.ts";
import type { ProxyInstance } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

interface Refusal {
  readonly at: Location;
  readonly shows: string;
  /** The other half of a pair that does not go together. */
  readonly other?: { readonly at: Location; readonly shows: string };
}

export default defineRule({
  id: "proxy/refused-configuration",
  title: "nginx accepts its configuration",
  claim: "boots-healthy",
  severity: "critical",
  why: "nginx checks the whole configuration when it starts and exits at the first thing it refuses: nothing behind it can be reached.",
  *check(stack) {
    for (const proxy of stack.proxies) {
      const { service, effective } = proxy;
      // What is not seen may define what is missed here, and templates are only known when they are filled in.
      if (!service || effective.gaps.length > 0 || effective.problems.length > 0) continue;
      // Another image's main file may define more than the official one's.
      const isOwn = effective.tree.some(({ at }) => at.span.end > at.span.start);
      if (!isOwn && !/^(?:nginx|nginxinc\/nginx-unprivileged)$/.test(service.facts?.family ?? "")) continue;
      const refusals = [
        ...misplaced(effective.tree),
        ...unknownZones(proxy),
        ...unknownFormats(effective.tree),
        ...effective.servers.flatMap(twice),
        ...withoutCertificate(proxy),
      ];
      const [first, ...more] = refusals;
      if (!first) continue;
      const places = [first, ...more].flatMap(({ at, shows, other }) => [
        evidence(at, shows),
        ...(other ? [evidence(other.at, other.shows)] : []),
      ]);
      yield {
        subject: service.name,
        message: `The proxy "${service.name}" does not start: nginx refuses its configuration (${first.shows}).`,
        severity: weigh(service, "critical"),
        evidence: [places[0]!, ...places.slice(1)],
      };
    }
  },
});

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
