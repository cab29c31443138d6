import type { Location } from "../core/source.ts";
import { allLocations, tlsServers } from "./proxy/effective.ts";
import { proxyHeadersAt } from "./proxy/inherit.ts";
import { hostNames, proxiesOf } from "./query.ts";
import { speaksTls } from "./query-caddy.ts";
import { isTerminator, servicesBehind } from "./query-proxy.ts";
import type { Service, Stack } from "./stack.ts";

/** Where TLS ends in front of a service. */
export interface TlsInFront {
  readonly at: Location;
  /** The scheme reaches the service in X-Forwarded-Proto, shown where it is sent. */
  readonly sendsScheme: boolean;
}

/** The proxy of the same project that speaks TLS for a service; undefined when none is seen. */
export function tlsInFrontOf(stack: Stack, service: Service): TlsInFront | undefined {
  for (const proxy of proxiesOf(stack, service.project))
    for (const { server } of tlsServers(proxy.effective))
      for (const location of allLocations(server)) {
        if (location.proxyPass?.protocol !== "http" || !servicesBehind(proxy, location).includes(service))
          continue;
        const sendsScheme = proxyHeadersAt(location).get("X-Forwarded-Proto") !== undefined;
        return { at: location.proxyPass.url.at, sendsScheme };
      }
  // Caddy sends X-Forwarded-Proto by itself.
  for (const { service: caddy, model } of stack.caddies)
    for (const { upstreams } of caddy.project === service.project ? model.sites.filter(speaksTls) : []) {
      const upstream = upstreams.find(each => hostNames(service).includes(each.host));
      if (upstream) return { at: upstream.at, sendsScheme: true };
    }
  const label = service.labels.find(
    each => /^traefik\.http\.routers\.[^.]+\.(?:tls|entrypoints)/.test(each.name) && isTls(each.value?.text),
  );
  const terminator = service.project.services.find(
    other => isTerminator(other) && other.ports.some(port => port.published === 443),
  );
  return label && terminator ? { at: label.nameAt, sendsScheme: true } : undefined;
}

function isTls(value: string | undefined): boolean {
  return value !== undefined && /^(?:true|https|websecure|web-secure)$|^le/i.test(value);
}
