import type { Location } from "../core/source.ts";
import { itemsOf, textOf } from "../formats/yaml.ts";
import type { Service } from "./stack.ts";

/** Names that a service refers to and its project does not define. */

export interface Dangling {
  readonly kind: "service" | "volume" | "network" | "secret" | "config";
  readonly name: string;
  readonly at: Location;
}

export function references(service: Service): Dangling[] {
  const { project } = service;
  const services = new Set(project.services.map(each => each.name));
  const found: Dangling[] = [];
  const look = (
    kind: Dangling["kind"],
    known: ReadonlySet<string>,
    name: string | undefined,
    at: Location,
  ) => {
    if (name && !name.includes("$") && !known.has(name)) found.push({ kind, name, at });
  };
  for (const edge of service.dependsOn) if (edge.required) look("service", services, edge.service, edge.at);
  const mode = service.networkMode;
  if (mode?.value.startsWith("service:")) look("service", services, mode.value.slice(8), mode.at);
  for (const link of itemsOf(service.get("links"))) {
    const text = textOf(link);
    if (text) look("service", services, text.value.split(":")[0], text.at);
  }
  const named = (list: readonly { readonly name: string }[]) => new Set(list.map(each => each.name));
  const volumes = named(project.volumes);
  for (const mount of service.mounts)
    if (mount.type === "volume" && mount.source) look("volume", volumes, mount.source, mount.sourceAt);
  const networks = new Set([...named(project.networks), "default"]);
  for (const network of service.networks) look("network", networks, network.value, network.at);
  for (const secret of service.secrets) look("secret", named(project.secrets), secret.value, secret.at);
  for (const config of itemsOf(service.get("configs"))) {
    const text = textOf(config);
    if (text) look("config", named(project.configs), text.value, text.at);
  }
  return found;
}
