import type { ComposeModel } from "../core/engine.ts";
import { isStore } from "../stack/query.ts";
import { httpProbe } from "../stack/query-health.ts";
import { listening } from "../stack/query-listen.ts";
import { servingPorts } from "../stack/query-proxy.ts";
import type { ComposeProject, Service, Stack } from "../stack/stack.ts";
import type { Candidate } from "./watch.ts";

/**
 * What may be asked of a service over HTTP, by its files: what its own health check asks, and the front page of every
 * port that it is known to listen on. Whether it answers is seen in the lab. `clone`: the model that the lab runs, whose
 * variables a name in a proxy's template may be made of.
 */
export function requestsOf(
  stack: Stack,
  project: ComposeProject,
  name: string,
  clone: ComposeModel,
): Candidate[] {
  const service = project.services.find(one => one.name === name);
  if (!service || isStore(service)) return [];
  const probe = httpProbe(service);
  const found: Candidate[] = [];
  const add = (candidate: Candidate) => {
    if (!found.some(({ port, path }) => port === candidate.port && path === candidate.path))
      found.push(candidate);
  };
  if (probe)
    add({ port: probe.port, path: probe.path, tls: probe.scheme === "https", headers: { host: probe.host } });
  const host = hostOf(stack, service, clone.services[name]?.environment ?? {}) ?? probe?.host ?? "localhost";
  const tls = tlsPorts(stack, service);
  for (const port of portsOf(stack, service)) add({ port, path: "/", tls: tls.has(port), headers: { host } });
  return found;
}

function portsOf(stack: Stack, service: Service): number[] {
  const known = listening(stack, service)?.ports ?? [];
  const serving = [...(servingPorts(stack, service)?.ports ?? [])].map(Number);
  const published = service.ports
    .filter(({ protocol }) => protocol === "tcp")
    .flatMap(({ target }) => target ?? []);
  return [...new Set([...known, ...serving, ...published])].filter(port => port > 0);
}

const variable = /\$\{?([A-Za-z_]\w*)\}?/g;

/** The name that a proxy serves under: any other may be refused. */
function hostOf(
  stack: Stack,
  service: Service,
  environment: Readonly<Record<string, unknown>>,
): string | undefined {
  const filled = (text: string) => text.replace(variable, (_, key: string) => String(environment[key] ?? ""));
  const servers = stack.proxies.find(proxy => proxy.service === service)?.effective.servers ?? [];
  const names = servers.flatMap(server => server.names.map(({ value }) => filled(value)));
  return names.find(name => /^[a-z0-9][a-z0-9.-]*$/i.test(name));
}

function tlsPorts(stack: Stack, service: Service): ReadonlySet<number> {
  const servers = stack.proxies.find(proxy => proxy.service === service)?.effective.servers ?? [];
  const listens = servers.flatMap(server => server.listens).filter(listen => listen.ssl);
  return new Set(listens.map(({ port }) => Number(port)));
}
