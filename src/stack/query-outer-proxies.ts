import type { Located, Location } from "../core/source.ts";
import { fronts } from "./query-fronts.ts";
import { plainPorts } from "./query-proxy.ts";
import { routersOf, traefikOf, traefikPorts } from "./query-traefik.ts";
import type { ComposeProject, Port, Service, Stack } from "./stack.ts";

/** Proxies that run in a project of their own on the same server, as far as their services say that they are there. */

export interface OuterWay {
  readonly service: Service;
  readonly port: Port;
  /** What leads the proxy there. */
  readonly at: Location;
}

/** Applications of a server that a proxy elsewhere leads to, with the port that they publish to everybody as well. */
export function outerWays(stack: Stack): OuterWay[] {
  return stack.projects.flatMap(project => {
    if (project.grade !== "deployed" || hasDoor(stack, project)) return [];
    return project.services.flatMap(service => {
      if (service.kind !== "app" || service.oneShot) return [];
      const [port, ...more] = plainPorts(service);
      const at = port && more.length === 0 ? wayTo(service, port) : undefined;
      return at ? [{ service, port: port!, at }] : [];
    });
  });
}

/** Its own proxy is told of by others, and whatever publishes the ports of the web may be one. */
function hasDoor(stack: Stack, project: ComposeProject): boolean {
  return (
    traefikOf(project) !== undefined ||
    fronts(stack).some(({ service }) => service.project === project) ||
    project.services.some(({ ports }) => ports.some(({ published }) => published === 80 || published === 443))
  );
}

function wayTo(service: Service, port: Port): Location | undefined {
  const [router] = routersOf(service);
  const asked = traefikPorts(service).map(({ value }) => Number(value?.text));
  if (router && (asked.length === 0 || asked.includes(port.target!))) return router.at;
  const host = service.environment.find(({ name }) => name === "VIRTUAL_HOST");
  const told = service.environment.find(({ name }) => name === "VIRTUAL_PORT")?.value?.text;
  if (host && (told === undefined || Number(told) === port.target)) return host.at;
  return proxyNetwork(service)?.at;
}

const ofProxies =
  /(?:^|[-_])(?:reverse[-_]?proxy|proxy|traefik|caddy|nginx|npm|gateway|edge|ingress)(?:[-_]|$)/i;

/** A network that another project has made, and that is called after the proxy in it. */
function proxyNetwork({ networks, project }: Service): Located<string> | undefined {
  return networks.find(({ value }) => {
    const network = project.networks.find(({ name }) => name === value);
    return network?.external === true && ofProxies.test(value);
  });
}
