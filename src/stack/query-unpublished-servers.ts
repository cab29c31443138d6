import type { NginxServer } from "../artifacts/nginx-model.ts";
import type { Location } from "../core/source.ts";
import { allLocations } from "./proxy/effective.ts";
import { hostNames, publicPorts } from "./query.ts";
import type { ProxyInstance, Stack } from "./stack.ts";

/** Servers of a front door on a port that nothing outside its container reaches. */
export interface UnpublishedServer {
  readonly server: NginxServer;
  readonly port: number;
  readonly at: Location;
  /** A port of the same nginx that is published. */
  readonly open: Location;
}

/** Servers with a name for visitors that hand requests on, beside others that are published. */
export function unpublishedServers(stack: Stack, { service, effective }: ProxyInstance): UnpublishedServer[] {
  if (!service || effective.gaps.length > 0 || service.networkMode) return [];
  const open = publicPorts(service);
  const targets = service.ports.map(port => port.target);
  const first = open[0];
  // A range or a variable may be the port that is looked for.
  if (!first || targets.includes(undefined) || service.labels.length > 0) return [];
  return effective.servers.flatMap(server => {
    const isSite = server.names.some(({ value }) => /^[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}$/i.test(value));
    const ports = server.listens.map(listen => listen.port);
    if (!isSite || ports.length === 0 || ports.some(port => port === undefined || targets.includes(port)))
      return [];
    if (!allLocations(server).some(location => location.proxyPass)) return [];
    const port = ports[0]!;
    return isAsked(stack, hostNames(service), port)
      ? []
      : [{ server, port, at: server.listens[0]!.at, open: first.at }];
  });
}

/** Another container asks for it by the proxy's name. */
function isAsked(stack: Stack, names: readonly string[], port: number): boolean {
  const asked = new RegExp(
    `(?<![\\w.-])(?:${names.map(name => name.replace(/[^\w-]/g, "\\$&")).join("|")}):${port}(?!\\d)`,
  );
  return [...stack.sources.values()].some(({ text }) => asked.test(text));
}
