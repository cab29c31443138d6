import type { NginxLocation } from "../../artifacts/nginx-model.ts";
import type { Violation } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { joinFixes } from "../../core/join-fixes.ts";
import type { Location } from "../../core/source.ts";
import { allLocations } from "../../stack/proxy/effective.ts";
import { guardsAt, proxyTarget } from "../../stack/proxy/route.ts";
import { edgeProxies, evidence, hostNames, listNames, serverServices, weigh } from "../../stack/query.ts";
import { publishedStore, storeAccess } from "../../stack/query-access.ts";
import { adminAccess } from "../../stack/query-admin.ts";
import { loopbackFix, openPorts, portNumbers } from "../../stack/query-ports.ts";
import { servicesBehind } from "../../stack/query-proxy.ts";
import type { Port, ProxyInstance, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "access/published-admin",
  title: "Administration and monitoring tools are not published to the internet",
  claim: "exposes-only-the-front-door",
  severity: "high",
  why: "A console on a public port hands its powers over the data or the server to whoever finds it, with no more than its own login in between.",
  *check(stack) {
    yield* throughProxies(stack);
    // Tools that only show something, open in one file without a login, are one habit.
    const shown = new Map<string, Open[]>();
    for (const service of serverServices(stack)) {
      const access = adminAccess(stack, service);
      if (!access) continue;
      const ports = openPorts(service).filter(port => access.ports.includes(port.target ?? 0));
      const first = ports[0];
      // The store's own port is told with the same login.
      const store = (publishedStore(service)?.ports.length ?? 0) > 0 && storeAccess(stack, service);
      if (first && store && access.because.some(({ at }) => at.span.start === store.at.span.start)) continue;
      if (!first) {
        const local = service.ports.find(
          port => port.public === false && access.ports.includes(port.target ?? 0),
        );
        if (local) yield { subject: service.name, kept: evidence(local.at, "published on loopback only") };
        continue;
      }
      const only = access.severity === "medium" && access.consequence.startsWith(withoutLogin);
      const project = service.project.files.join(" ");
      const key = only ? `${first.at.file} ${access.sure} of ${project}` : `${shown.size}`;
      addTo(shown, key, { service, access, ports });
    }
    for (const [first, ...more] of shown.values()) if (first) yield tell(stack, [first, ...more]);
  },
});

const withoutLogin = "without a login, everybody reads";

interface Open {
  readonly service: Service;
  readonly access: NonNullable<ReturnType<typeof adminAccess>>;
  readonly ports: readonly Port[];
}

function tell(stack: Stack, open: readonly [Open, ...Open[]]): Violation {
  const [{ service, access }] = open;
  const ports = open.flatMap(each => each.ports);
  const names = listNames(open.map(each => each.service.name));
  const [first, ...more] = ports.map(port => evidence(port.at, "published on every address"));
  return {
    subject: service.name,
    message:
      open.length === 1
        ? `${access.what} in service "${service.name}" is published on ${portNumbers(ports)} of the server: ${access.consequence}.`
        : `The tools in services ${names} are published on ${portNumbers(ports)} of the server: ${withoutLogin} what they show.`,
    evidence: [
      first!,
      ...more,
      ...open.flatMap(each => each.access.because.map(({ at, shows }) => evidence(at, shows))),
    ],
    severity: weigh(service, access.severity),
    ...(access.sure ? {} : { confidence: "likely" as const }),
    fix: () => {
      const fix = joinFixes(open.map(each => ({ fix: () => loopbackFix(stack, each.service, each.ports) })));
      return fix && open.length > 1 ? { ...fix, title: `Publish ${names} on loopback only` } : fix;
    },
  };
}

/** A console that the front door hands on, without asking who comes. */
function* throughProxies(stack: Stack) {
  const told = new Set<string>();
  for (const proxy of edgeProxies(stack)) {
    if (!proxy.service || proxy.service.project.grade === "development") continue;
    const open = openPorts(proxy.service).map(port => port.target);
    const servers = proxy.effective.servers.filter(({ listens }) =>
      listens.some(({ port }) => open.includes(port)),
    );
    for (const location of servers.flatMap(allLocations)) {
      if (!location.proxyPass || guardsAt(location).length > 0) continue;
      for (const service of servicesBehind(proxy, location)) {
        const access = adminAccess(stack, service);
        const port = portAt(proxy, location, service);
        if (!access || (port !== undefined && !access.ports.includes(port))) continue;
        // What is published itself is told there.
        const published = openPorts(service).some(each => access.ports.includes(each.target ?? 0));
        const at: Location = location.proxyPass.url.at;
        const key = `${service.name} ${at.file}:${at.span.start}`;
        if (published || told.has(key)) continue;
        told.add(key);
        yield {
          subject: `${service.name} ${location.path.value}`,
          message: `${access.what} in service "${service.name}" is reached through the proxy "${proxy.service.name}" under ${location.path.value}: ${access.consequence}.`,
          evidence: [
            evidence(at, "handed on to everybody"),
            ...access.because.map(each => evidence(each.at, each.shows)),
          ] as const,
          severity: weigh(service, access.severity),
          ...(access.sure ? {} : { confidence: "likely" as const }),
        };
      }
    }
  }
}

/** The port of a service that a location asks for, by itself or through an `upstream`. */
function portAt({ effective }: ProxyInstance, location: NginxLocation, service: Service): number | undefined {
  const target = proxyTarget(location);
  const group = effective.upstreams.find(each => each.name.value === target?.host);
  const names = hostNames(service);
  return group ? group.servers.find(each => names.includes(each.host))?.port : target?.port;
}
