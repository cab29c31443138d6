import type { CaddySite } from "../artifacts/caddyfile.ts";
import type { CaddyInstance, Service, Stack } from "./stack.ts";

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
