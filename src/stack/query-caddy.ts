import type { CaddySite } from "../artifacts/caddyfile.ts";
import type { Location } from "../core/source.ts";
import { hostNames } from "./query.ts";
import type { CaddyInstance, Port, Service, Stack } from "./stack.ts";

/** Questions about Caddy. */

export function caddyOf(stack: Pick<Stack, "caddies">, service: Service): CaddyInstance | undefined {
  return stack.caddies.find(caddy => caddy.service === service);
}

export function speaksTls(site: CaddySite): boolean {
  return site.tls === "public" || site.tls === "internal" || site.tls === "files";
}

/** All of it is read: every import, every address, the usual ports. */
export function isWhole({ model }: CaddyInstance): boolean {
  return (
    model.unread.length === 0 &&
    model.sites.length > 0 &&
    model.sites.every(site => site.tls !== "unknown") &&
    !model.options.some(option => /^https?_port$/.test(option.name.value))
  );
}

/** The ports that it listens on; undefined when part of the configuration is not known. */
export function caddyPorts(caddy: CaddyInstance): number[] | undefined {
  if (!isWhole(caddy)) return undefined;
  const ports = caddy.model.sites.flatMap(site =>
    site.addresses.flatMap(({ scheme, port }) => {
      if (port !== undefined) return [port];
      return speaksTls(site) && scheme !== "http" ? [443, 80] : [80];
    }),
  );
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** It surely serves plain HTTP alone. */
export function isPlainCaddy(caddy: CaddyInstance): boolean {
  return isWhole(caddy) && !caddy.model.sites.some(speaksTls);
}

/** The services of its project that it sends requests to, and where it says so. */
export function behindCaddy({ service, model }: CaddyInstance): Map<Service, Location> {
  const ways = model.sites.flatMap(({ upstreams }) =>
    upstreams.flatMap(({ host, at }) =>
      service.project.services.flatMap(other =>
        hostNames(other).includes(host) ? [[other, at] as const] : [],
      ),
    ),
  );
  return new Map(ways);
}

export interface PlainSite {
  readonly site: CaddySite;
  /** Services of the project that visitors reach through it in plain HTTP alone. */
  readonly services: readonly string[];
}

/**
 * Sites for everybody that Caddy serves in plain HTTP while it speaks TLS for other names, and that hand requests to
 * services of the project which no secure site leads to.
 */
export function plainSites({ service, model }: CaddyInstance): PlainSite[] {
  const own = (site: CaddySite) =>
    service.project.services.flatMap(other =>
      site.upstreams.some(({ host }) => hostNames(other).includes(host)) ? [other.name] : [],
    );
  if (!model.sites.some(speaksTls) || model.unread.length > 0) return [];
  const secured = new Set(model.sites.filter(site => site.tls !== "none").flatMap(own));
  return model.sites.flatMap(site => {
    const everybody = site.addresses.some(
      ({ host, port, scheme, known }) => known && host === undefined && (port === 80 || scheme === "http"),
    );
    const services = own(site).filter(name => !secured.has(name));
    return site.tls === "none" && everybody && services.length > 0 ? [{ site, services }] : [];
  });
}

/** A site with a name for visitors whose answers come from 443, in a container that publishes other ports only. */
export function unpublishedTls(caddy: CaddyInstance): { site: CaddySite; open: Port } | undefined {
  const { ports } = caddy.service;
  const [open] = ports;
  if (!open || !isWhole(caddy) || caddy.service.get("network_mode")) return undefined;
  // A proxy of the server itself asks a loopback port.
  if (ports.some(port => port.target === undefined || port.target === 443 || port.hostIp)) return undefined;
  const site = caddy.model.sites.find(
    each =>
      each.tls === "public" &&
      each.addresses.every(
        ({ known, scheme, port, host }) =>
          known &&
          scheme !== "http" &&
          port === undefined &&
          host !== undefined &&
          /\.[a-z]{2,}$/i.test(host),
      ),
  );
  return site && ports.some(port => port.target === 80) ? { site, open } : undefined;
}
