import type { Location } from "../core/source.ts";
import { allLocations } from "./proxy/effective.ts";
import { proxyTarget } from "./proxy/route.ts";
import { edgeProxies, publicPorts } from "./query.ts";
import { behindCaddy } from "./query-caddy.ts";
import { plainPorts, servicesBehind } from "./query-proxy.ts";
import { routersOf, traefikOf, traefikPorts } from "./query-traefik.ts";
import type { CaddyInstance, ComposeProject, ProxyInstance, Service, Stack } from "./stack.ts";

/** A proxy that visitors reach: nginx, Caddy or Traefik. */
export interface Front {
  readonly service: Service;
  /** The services that it leads to, and where that is said. */
  readonly behind: ReadonlyMap<Service, Location>;
}

/** All of them; an nginx with more behind it comes first. */
export function fronts(stack: Stack): Front[] {
  const nginx = edgeProxies(stack)
    .toSorted((a, b) => servers(b) - servers(a))
    .flatMap(proxy => (proxy.service ? [{ service: proxy.service, behind: behindNginx(proxy) }] : []));
  const caddies = stack.caddies.map(caddy => ({ service: caddy.service, behind: askedByCaddy(caddy) }));
  const traefiks = stack.projects.flatMap(project => {
    const service = traefikOf(project);
    return service ? [{ service, behind: behindTraefik(project) }] : [];
  });
  return [...nginx, ...[...caddies, ...traefiks].filter(({ service }) => publicPorts(service).length > 0)];
}

function servers(proxy: ProxyInstance): number {
  return proxy.effective.servers.flatMap(allLocations).length;
}

function behindNginx(proxy: ProxyInstance): Map<Service, Location> {
  return new Map(
    proxy.effective.servers.flatMap(allLocations).flatMap(location =>
      servicesBehind(proxy, location)
        // What answers on another port than the one that it asks is no second door to the same.
        .filter(target => {
          const asked = proxyTarget(location)?.port;
          return asked === undefined || plainPorts(target).some(port => port.target === asked);
        })
        .map(target => [target, location.proxyPass!.url.at] as const),
    ),
  );
}

/** As for nginx: a port that it does not ask is another door, to something else. */
function askedByCaddy(caddy: CaddyInstance): Map<Service, Location> {
  const ports = new Map(
    caddy.model.sites.flatMap(({ upstreams }) => upstreams.map(({ at, port }) => [at, port] as const)),
  );
  return new Map(
    [...behindCaddy(caddy)].filter(([target, at]) =>
      plainPorts(target).some(port => port.target === ports.get(at)),
    ),
  );
}

/** Labels lead to a port; another one that is published may speak anything. */
function behindTraefik({ services }: ComposeProject): Map<Service, Location> {
  return new Map(
    services.flatMap(service => {
      const [router] = routersOf(service);
      const asked = traefikPorts(service).map(({ value }) => Number(value?.text));
      const ports = plainPorts(service);
      const isAsked =
        asked.length === 0 ? ports.length === 1 : ports.every(({ target }) => asked.includes(target!));
      return router && isAsked ? [[service, router.at] as const] : [];
    }),
  );
}
