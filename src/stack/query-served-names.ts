import type { NginxLocation } from "../artifacts/nginx-model.ts";
import type { Location } from "../core/source.ts";
import { allLocations } from "./proxy/effective.ts";
import { proxyHeadersAt } from "./proxy/inherit.ts";
import { hostNames, proxiesOf } from "./query.ts";
import { servicesBehind } from "./query-proxy.ts";
import type { Service, Stack } from "./stack.ts";

/** The names of sites under which visitors reach a service through a proxy that passes the name on. */
export interface ServedName {
  readonly name: string;
  readonly at: Location;
}

/** Each name once, in the order of the files. Patterns, addresses and names for a workstation are left out. */
export function servedNames(stack: Stack, service: Service): ServedName[] {
  const found = [...throughNginx(stack, service), ...throughCaddy(stack, service), ...throughLabels(service)];
  return found.filter(
    (each, index) => isPublicName(each.name) && found.findIndex(other => other.name === each.name) === index,
  );
}

function* throughNginx(stack: Stack, service: Service): Generator<ServedName> {
  for (const proxy of proxiesOf(stack, service.project))
    for (const server of proxy.effective.servers) {
      const passes = allLocations(server).some(
        location =>
          location.proxyPass?.protocol === "http" &&
          passesHost(location) &&
          servicesBehind(proxy, location).includes(service),
      );
      if (passes) for (const { value, at } of server.names) yield { name: value.toLowerCase(), at };
    }
}

function passesHost(location: NginxLocation): boolean {
  const headers = proxyHeadersAt(location);
  return (
    /^\$(?:http_)?host$/.test(headers.get("Host") ?? "") && headers.get("X-Forwarded-Host") === undefined
  );
}

function* throughCaddy(stack: Stack, service: Service): Generator<ServedName> {
  for (const { service: caddy, model } of stack.caddies) {
    if (caddy.project !== service.project) continue;
    for (const site of model.sites) {
      const isAsked = site.upstreams.some(({ host }) => hostNames(service).includes(host));
      if (!isAsked || JSON.stringify(site.directives).includes("header_up")) continue;
      for (const { host, at } of site.addresses) if (host) yield { name: host.toLowerCase(), at };
    }
  }
}

function* throughLabels(service: Service): Generator<ServedName> {
  for (const { name, value, at } of service.labels) {
    if (!/^traefik\.http\.routers\.[^.]+\.rule$/i.test(name)) continue;
    // A rule that a variable takes part in is another one on the server.
    if (value?.text === undefined || value.byDefault || value.text.includes("$")) continue;
    for (const match of value.text.matchAll(/(?<!!)\bHost\(([^)]*)\)/g))
      for (const [, host] of match[1]!.matchAll(/[`"']([^`"']+)[`"']/g))
        yield { name: host!.toLowerCase(), at };
  }
}

/** A name that a name server gives out, and nobody has to replace first. */
function isPublicName(name: string): boolean {
  return (
    /^(?:[a-z0-9-]+\.)+[a-z]{2,}$/.test(name) &&
    !/(?:^|\.)(?:test|local|localhost|internal|lan|invalid|example|localdomain)$/.test(name) &&
    !/(?:^|\.)example\.(?:com|org|net)$|your|domain|(?:^|\.)site\.|changeme|placeholder|lvh\.me$/.test(name)
  );
}
