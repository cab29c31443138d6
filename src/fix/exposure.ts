import { upstreamHosts } from "../stack/query-proxy.ts";
import type { ComposeProject, Service, Stack } from "../stack/stack.ts";
import { isSameProject, serviceKey } from "./twin.ts";

/** One thing that can be reached from outside. */
export interface Opening {
  /** In the words of `Fix.opens`: `443/tcp`, `shop.example`, `api:8000`, `/srv/www`. */
  readonly what: string;
  /** How a refusal says it. */
  readonly says: string;
}

/** Everything that can be reached from outside, by a key that stays while lines move. */
export function openings(stack: Stack): Map<string, Opening> {
  const found = new Map<string, Opening>();
  const add = (key: string, what: string, says: string): void => void found.set(key, { what, says });
  for (const service of stack.services) {
    for (const { port, what } of openPorts(service))
      add(
        `port ${serviceKey(service)} ${what}`,
        what,
        `port ${port} of "${service.name}" is open to other machines`,
      );
    if (service.networkMode?.value === "host")
      add(
        `host ${serviceKey(service)}`,
        "host network",
        `"${service.name}" opens its ports on the host's network`,
      );
    for (const { name, value } of service.labels)
      if (/^traefik\.(?:enable|(?:http|tcp|udp)\.routers\..+\.(?:rule|entrypoints))$/i.test(name)) {
        const text = value?.text ?? value?.raw ?? "";
        add(
          `label ${serviceKey(service)} ${name} ${text}`,
          text,
          `Traefik serves "${service.name}" by ${name}=${text}`,
        );
      }
  }
  for (const proxy of stack.proxies) {
    const by = proxy.service?.name ?? proxy.files[0] ?? "nginx";
    const key = proxy.service ? serviceKey(proxy.service) : by;
    // Neither the server for all other names nor one that a variable names says more than its port does.
    for (const server of proxy.effective.servers)
      for (const name of server.names)
        if (!/^_?$|\$/.test(name.value))
          add(`name ${key} ${name.value}`, name.value, `"${by}" answers for the host ${name.value}`);
  }
  for (const { service, model } of stack.caddies)
    for (const site of model.sites) {
      for (const { text } of site.addresses)
        add(`name ${serviceKey(service)} ${text}`, text, `"${service.name}" answers for ${text}`);
      for (const { host, port } of site.upstreams)
        add(
          `to ${serviceKey(service)} ${host}:${port}`,
          `${host}:${port}`,
          `"${service.name}" passes on to ${host}:${port}`,
        );
    }
  return found;
}

interface OpenPort {
  /** The host's port as it is known. */
  readonly port: string;
  readonly what: string;
  readonly target: number | undefined;
}

/** Ports of debuggers, which no visitor is meant to reach. */
const debuggers = new Set([5005, 5678, 9229, 9230]);

/** Ports that other machines may reach. An address that nobody knows counts. */
export function openPorts(service: Service): OpenPort[] {
  return service.ports
    .filter(port => port.public !== false)
    .map(({ published, protocol, raw, target }) => {
      const port = published === undefined ? raw : String(published);
      return { port, target, what: `${port}/${protocol}` };
    });
}

/**
 * Ports that were open and are not, where that shuts people out: those of a front door, and those of a program that
 * no proxy passes requests to.
 */
export function lostDoors(before: Stack, after: Stack): string[] {
  const still = (project: ComposeProject): Set<string> => {
    const same = after.services.filter(service => isSameProject(service.project, project));
    return new Set(
      (same.length > 0 ? same : after.services).flatMap(service =>
        openPorts(service).map(({ what }) => what),
      ),
    );
  };
  // Also by way of a variable, which lets nginx look the name up while serving.
  const passedTo = new Set(
    after.proxies.flatMap(({ effective }) => upstreamHosts(effective).map(({ host }) => host)),
  );
  const hasOtherDoor = after.services.some(({ labels }) =>
    labels.some(({ name }) => /^traefik\./i.test(name)),
  );
  return before.services.flatMap(service => {
    const isDoor = service.kind === "proxy";
    const isAlone =
      service.kind === "app" && !passedTo.has(service.name) && !hasOtherDoor && after.caddies.length === 0;
    if (!isDoor && !isAlone) return [];
    const open = still(service.project);
    return openPorts(service)
      .filter(({ what, target }) => !open.has(what) && !debuggers.has(target ?? 0))
      .map(({ port }) => `port ${port} of "${service.name}" can no longer be reached from other machines`);
  });
}
