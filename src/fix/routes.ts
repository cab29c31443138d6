import { allLocations } from "../stack/proxy/effective.ts";
import { type Outcome, route } from "../stack/proxy/route.ts";
import { hostNames, serviceAt } from "../stack/query.ts";
import { servingPorts } from "../stack/query-proxy.ts";
import type { ProxyInstance, Stack } from "../stack/stack.ts";
import { proxyTwin } from "./twin.ts";

/** What one nginx does with the requests for a path of a host, over all ports. */
interface Answers {
  /** Targets that anybody reaches, with what they are called in `Fix.opens`. */
  readonly open: Set<string>;
  /** Targets that only some reach: a password or an address is asked for. */
  readonly guarded: Set<string>;
  /** Something that files cannot tell. */
  unknown: boolean;
}

export interface RouteChange {
  readonly what: string;
  readonly says: string;
}

/** Requests that reach something they did not reach before, and requests that no longer arrive. */
export function routeChanges(before: Stack, after: Stack): { opened: RouteChange[]; lost: RouteChange[] } {
  const opened: RouteChange[] = [];
  const lost: RouteChange[] = [];
  for (const proxy of after.proxies) {
    const old = proxyTwin(before, proxy);
    if (!old) {
      for (const { host, path } of probesOf([proxy]))
        for (const what of answers(proxy, host, path).open)
          if (isService(after, proxy, what))
            opened.push({ what, says: `"${nameOf(proxy)}" passes ${host}${path} on to ${what}` });
      continue;
    }
    for (const { host, path } of probesOf([old, proxy])) {
      const [was, is] = [answers(old, host, path), answers(proxy, host, path)];
      if (was.unknown || is.unknown) continue;
      const where = `${host === "_" ? "" : host}${path}`;
      // Another way to the same target is none, and another port of the same service corrects the first.
      for (const what of is.open)
        if (!was.open.has(what) && !hasHost(was.open, what))
          opened.push({ what, says: `"${nameOf(proxy)}" serves ${where} from ${what}` });
      for (const what of [...was.open, ...was.guarded])
        if (!hasHost(is.open, what) && !hasHost(is.guarded, what) && isThere(before, old, what))
          lost.push({ what, says: `requests for ${where} no longer reach ${what}` });
    }
  }
  return { opened: unique(opened), lost: unique(lost) };
}

function nameOf(proxy: ProxyInstance): string {
  return proxy.service?.name ?? proxy.files[0] ?? "nginx";
}

interface Probe {
  readonly host: string;
  readonly path: string;
}

/** One request into every literal location of every named server. */
function probesOf(proxies: readonly ProxyInstance[]): Probe[] {
  const probes = new Map<string, Probe>();
  for (const server of proxies.flatMap(proxy => proxy.effective.servers)) {
    const paths = ["/"];
    for (const { modifier, path } of allLocations(server)) {
      if (!["", "=", "^~"].includes(modifier) || !path.value.startsWith("/")) continue;
      // `/static` alone, without its slash, is nobody's page.
      paths.push(modifier === "=" ? path.value : `${path.value.replace(/\/$/, "")}/x`);
    }
    const names = server.names.length > 0 ? server.names.map(name => name.value) : ["_"];
    for (const host of names)
      for (const path of paths) if (!/[*~$]/.test(host)) probes.set(`${host} ${path}`, { host, path });
  }
  return [...probes.values()];
}

function answers(proxy: ProxyInstance, host: string, path: string): Answers {
  const found: Answers = { open: new Set(), guarded: new Set(), unknown: false };
  const ports = new Set(
    proxy.effective.servers.flatMap(server => server.listens.flatMap(listen => listen.port ?? [])),
  );
  for (const port of ports) {
    const { outcome, guards } = route(proxy.effective, { port, host, path });
    if (outcome.kind === "unknown") found.unknown = true;
    const what = targetOf(outcome);
    if (what !== undefined) (guards.length > 0 ? found.guarded : found.open).add(what);
  }
  return found;
}

function targetOf(outcome: Outcome): string | undefined {
  if (outcome.kind === "static") return outcome.root ?? "its files";
  if (outcome.kind !== "proxy") return undefined;
  const servers = outcome.upstream?.servers ?? [];
  if (servers.length > 0) return servers.map(({ host, port }) => address(host, port)).join(", ");
  return address(outcome.host, outcome.port);
}

function address(host: string, port: number | undefined): string {
  return port === undefined ? host : `${host}:${port}`;
}

function hasHost(targets: ReadonlySet<string>, what: string): boolean {
  const host = hostOf(what);
  return [...targets].some(target => target === what || (!what.startsWith("/") && hostOf(target) === host));
}

function hostOf(target: string): string {
  return target.replace(/:\d+$/, "");
}

/** A request that went to a service that does not exist, or to a port that it does not serve, is not lost elsewhere. */
function isThere(stack: Stack, proxy: ProxyInstance, what: string): boolean {
  if (what.startsWith("/") || what === "its files") return true;
  return isService(stack, proxy, what) && !isDeaf(stack, proxy, what);
}

function isDeaf(stack: Stack, proxy: ProxyInstance, what: string): boolean {
  const [, host, port] = /^([\w.-]+):(\d+)$/.exec(what) ?? [];
  const service = host !== undefined && proxy.service ? serviceAt(proxy.service.project, host) : undefined;
  const serving = service && servingPorts(stack, service);
  return serving !== undefined && !serving.ports.includes(Number(port));
}

function isService(stack: Stack, proxy: ProxyInstance, what: string): boolean {
  const services = proxy.service?.project.services ?? stack.services;
  const names = new Set(services.flatMap(hostNames));
  return what.split(", ").some(each => names.has(hostOf(each)));
}

function unique(changes: readonly RouteChange[]): RouteChange[] {
  return [...new Map(changes.map(change => [change.says, change])).values()];
}
