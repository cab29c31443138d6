import type { Violation } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import type { Location } from "../../core/source.ts";
import { allEdits } from "../../remedies/nginx.ts";
import { offer } from "../../remedies/offer.ts";
import { allLocations, tlsServers } from "../../stack/proxy/effective.ts";
import { proxyTarget } from "../../stack/proxy/route.ts";
import { evidence, isOptional, listNames, serverServices, weigh } from "../../stack/query.ts";
import { adminAccess } from "../../stack/query-admin.ts";
import { fronts } from "../../stack/query-fronts.ts";
import { type OuterWay, outerWays } from "../../stack/query-outer-proxies.ts";
import { loopbackFix } from "../../stack/query-ports.ts";
import { oncePerPlace } from "../../stack/query-process.ts";
import { plainPorts } from "../../stack/query-proxy.ts";
import type { ComposeProject, Port, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/direct-port",
  title: "The application is reached through the proxy only",
  claim: "exposes-only-the-front-door",
  severity: "medium",
  why: "A published application port is a second door: it has no TLS, no rate limit and no closed paths, and Docker opens it past the host's firewall.",
  *check(stack) {
    for (const project of stack.projects) {
      const door = onlyDoor(project);
      if (door)
        yield { subject: door.name, kept: evidence(door.ports[0]!.at, "the only service that is published") };
    }
    const told = oncePerPlace();
    // The proxy with most behind it tells of a port that two of them lead to.
    for (const { service, behind } of fronts(stack)) {
      if (service.project.grade === "development") continue;
      const doors = [...behind].flatMap(([target, at]) =>
        target === service || isOptional(target)
          ? []
          : plainPorts(target)
              .filter(port => told(port.at) && !isConsole(stack, target, port))
              .map(port => ({ target, port, at })),
      );
      const [first, ...more] = doors;
      if (!first) continue;
      const names = [...new Set(doors.map(door => door.target.name))];
      const loopback = doors.map(({ target, port }) => loopbackFix(stack, target, [port]));
      yield {
        subject: service.name,
        message: `${listNames(names)} can be reached from outside without the proxy "${service.name}".`,
        severity: weigh(service, "medium"),
        evidence: [
          evidence(first.port.at, "published on every address"),
          ...more.map(door => evidence(door.port.at, "published on every address")),
          evidence(first.at, "the proxy's way to it"),
        ],
        fix: () =>
          offer(
            {
              title: `Publish ${listNames(names)} on loopback only`,
              grade: "needs-testing",
              test: "Ask the people and machines that use the port directly; on the server itself it still answers.",
            },
            loopback.every(fix => fix !== undefined)
              ? allEdits(loopback.flatMap(fix => fix.edits))
              : undefined,
          ),
      };
    }
    yield* pastTheHost(stack, told);
    yield* pastTheOther(stack, told);
  },
});

/** nginx on the host speaks TLS and asks a port on loopback, which Docker publishes on every address. */
function* pastTheHost(stack: Stack, told: (at: Location) => boolean): Iterable<Violation> {
  const services = serverServices(stack).filter(service => service.project.grade === "deployed");
  for (const proxy of stack.proxies) {
    const [file] = proxy.files;
    if (proxy.service || file === undefined || workshop.test(file)) continue;
    const ways = tlsServers(proxy.effective)
      .flatMap(({ server }) => allLocations(server))
      .flatMap(location => {
        const target = location.proxyPass && proxyTarget(location);
        const local = /^(?:localhost|127\.0\.0\.1)$/.test(target?.host ?? "");
        return local && target?.port !== undefined
          ? [{ port: target.port, at: location.proxyPass!.url.at }]
          : [];
      });
    const doors = services.flatMap(service =>
      plainPorts(service).flatMap(port => {
        const way = ways.find(each => each.port === port.published);
        return way && told(port.at) ? [{ service, port, way }] : [];
      }),
    );
    const [first, ...more] = doors;
    if (!first) continue;
    yield {
      subject: file,
      message: `${listNames([...new Set(doors.map(door => door.service.name))])} can be reached from outside in plain HTTP, past the nginx of ${file}, which asks for ${doors.length === 1 ? "it" : "them"} on the server itself.`,
      severity: weigh(first.service, "medium"),
      evidence: [
        evidence(first.port.at, "published on every address"),
        ...more.map(door => evidence(door.port.at, "published on every address")),
        evidence(first.way.at, "the proxy's way to it"),
      ],
      fix: () => loopbackFix(stack, first.service, [first.port]),
    };
  }
}

/** A proxy in another project on the server leads to services that are published as well. */
function* pastTheOther(stack: Stack, told: (at: Location) => boolean): Iterable<Violation> {
  const found = new Map<ComposeProject, OuterWay[]>();
  for (const way of outerWays(stack))
    if (told(way.port.at) && !isConsole(stack, way.service, way.port)) addTo(found, way.service.project, way);
  for (const [{ name }, ways] of found) {
    const [first, ...more] = ways.map(({ port }) => evidence(port.at, "published on every address"));
    const leads = ways.map(({ at }) => evidence(at, "the way of a proxy that this project does not have"));
    yield {
      subject: name,
      message: `${listNames(ways.map(({ service }) => service.name))} can be reached from outside in plain HTTP, past the proxy of another project that leads to ${ways.length === 1 ? "it" : "them"}.`,
      severity: weigh(ways[0]!.service, "medium"),
      confidence: "likely",
      evidence: [first!, ...more, ...leads],
    };
  }
}

/** A console on a public port is told as that. */
function isConsole(stack: Stack, service: Service, { target }: Port): boolean {
  return adminAccess(stack, service)?.ports.includes(target ?? 0) === true;
}

/** The configuration of a workstation. */
const workshop = /(?:^|[/._-])(?:dev|local|test|example|sample)(?:[/._-]|$)/i;

/** A proxy, and nothing else is published or stands in the server's own network. */
function onlyDoor({ grade, services }: ComposeProject): Service | undefined {
  if (grade !== "deployed" || services.some(service => service.text("network_mode")?.text === "host"))
    return undefined;
  const [door, ...more] = services.filter(({ ports }) => ports.some(port => port.public !== false));
  return more.length === 0 && door?.kind === "proxy" ? door : undefined;
}
