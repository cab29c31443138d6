import { child, itemsOf } from "../formats/yaml.ts";
import { hostNames } from "./query.ts";
import type { Service } from "./stack.ts";

/** Questions about the hosts that a proxy sends requests to. */

/** Names that Compose does not know: those of the host, of other projects and of a resolver that is set by hand. */
export function hasOwnNames(service: Service): boolean {
  if (service.networkMode) return true;
  if (service.get("dns") || service.get("external_links") || service.get("extra_hosts")) return true;
  if (itemsOf(service.get("links")).length > 0 || child(service.node, "extends")) return true;
  const external = service.project.networks.filter(network => network.external).map(network => network.name);
  return networksOf(service).some(name => external.includes(name));
}

/** A bare name that only Compose could resolve: no address, no domain, nothing that a template fills in. */
export function isServiceLike(service: Service, host: string): boolean {
  if (!/^[a-z0-9][a-z0-9_-]*$/i.test(host) || /^\d+$/.test(host) || host === "localhost") return false;
  // Containers and Swarm tasks carry their service's name in a longer one.
  return !service.project.services.some(other =>
    hostNames(other).some(
      name =>
        host.endsWith(`_${name}`) ||
        host.endsWith(`-${name}`) ||
        new RegExp(`[-_]${name.replace(/\W/g, "\\$&")}[-_]\\d+$`).test(host),
    ),
  );
}

/** Services without networks of their own are on the project's default one. */
export function networksOf(service: Service): string[] {
  return service.networks.length > 0 ? service.networks.map(network => network.value) : ["default"];
}

/** Containers of one project reach each other on a common network; `network_mode` is another matter. */
export function shareNetwork(one: Service, other: Service): boolean {
  if (other.networkMode) return true;
  const mine = networksOf(one);
  return networksOf(other).some(name => mine.includes(name));
}
