import { hostNames } from "./query.ts";
import type { Listening } from "./query-listen.ts";
import { servingPorts } from "./query-proxy.ts";
import type { Port, Service, Stack } from "./stack.ts";

/** A service that is published, and not on the ports that its program listens on. */
export interface Unserved {
  readonly service: Service;
  /** Never empty. */
  readonly ports: readonly Port[];
  readonly open: Listening;
}

/** Ports that debuggers and metrics of a program open beside its own. */
const aside = new Set([2345, 4000, 5005, 5678, 6006, 6060, 9090, 9100, 9113, 9229, 9464, 24678, 35729]);

/** Where none of the published ports of a service has its program behind it, and nothing else asks the program. */
export function unservedPorts(stack: Stack, service: Service): Unserved | undefined {
  const { ports } = service;
  if (ports.length === 0 || service.networkMode || ports.some(({ target }) => target === undefined))
    return undefined;
  const open = servingPorts(stack, service);
  if (!open || ports.some(({ target }) => open.ports.includes(target!) || aside.has(target!)))
    return undefined;
  if (passesStreams(stack, service) || open.ports.some(port => isAsked(stack, service, port)))
    return undefined;
  return { service, ports, open };
}

/** nginx hands connections on, too, which are no HTTP. */
function passesStreams({ proxies }: Stack, service: Service): boolean {
  const proxy = proxies.find(each => each.service === service);
  return proxy?.effective.tree.some(({ name }) => name.value === "stream") ?? false;
}

/** Another text asks the program on the port that it listens on: what is published is for something else. */
function isAsked(stack: Stack, service: Service, port: number): boolean {
  const names = hostNames(service).map(name => name.replace(/[^\w-]/g, "\\$&"));
  const asked = new RegExp(`(?<![\\w.-])(?:${names.join("|")}):${port}(?!\\d)`);
  return [...stack.sources.values()].some(({ text }) => asked.test(text));
}
