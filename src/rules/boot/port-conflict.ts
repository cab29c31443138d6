import type { Evidence } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { evidence, isOptional, weigh } from "../../stack/query.ts";
import { isComplete, oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import type { Port, Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/port-conflict",
  title: "No two services of a project claim the same port or container name",
  claim: "boots-healthy",
  severity: "critical",
  why: "The second container does not start, because the port or the name is taken.",
  *check(stack) {
    const first = oncePerPlace();
    const claims = worstFirst(stack.services)
      .filter(service => isComplete(service) && !isOptional(service))
      .flatMap(service => claimsOf(service));
    // Two services that both want 80 and 443 are one conflict.
    const pairs = new Map<string, [Claimed, Claimed][]>();
    for (const [i, later] of claims.entries()) {
      const earlier = claims.slice(0, i).find(other => clash(other, later));
      if (!earlier || !first(later.at)) continue;
      const key = `${stack.services.indexOf(earlier.service)} ${stack.services.indexOf(later.service)}`;
      addTo(pairs, key, [earlier, later]);
    }
    for (const conflicts of pairs.values()) {
      const [earlier, later] = conflicts[0]!;
      const [shown, ...more] = conflicts.flatMap(([one, two]) => show(one, two));
      const what = conflicts.map(([, two]) => two.what);
      yield {
        subject: `${later.service.name} ${later.what}`,
        message: `"${earlier.service.name}" and "${later.service.name}" both claim ${new Intl.ListFormat("en", { type: "conjunction" }).format(what)}: only one of them starts.`,
        severity: weigh(later.service, "critical"),
        evidence: [shown!, ...more],
      };
    }
  },
});

function show(earlier: Claimed, later: Claimed): Evidence[] {
  // Both have it from one place when a merge key hands it on.
  const merged = earlier.at.file === later.at.file && earlier.at.span.start === later.at.span.start;
  return [
    evidence(merged ? later.service.at : later.at, `"${later.service.name}" claims ${later.what}`),
    evidence(earlier.at, `"${earlier.service.name}" has claimed ${later.what}`),
  ];
}

interface Claimed {
  readonly service: Service;
  readonly what: string;
  readonly at: Port["at"];
  readonly port?: Port;
}

function claimsOf(service: Service): Claimed[] {
  const host = service.networkMode?.value === "host";
  const ports = service.ports
    .filter(port => !host && port.published !== undefined && port.published > 0 && port.public !== undefined)
    .map(port => ({
      service,
      what: `port ${port.published}/${port.protocol} of the server`,
      at: port.at,
      port,
    }));
  const name = service.containerName;
  return name?.text ? [...ports, { service, what: `the container name ${name.text}`, at: name.at }] : ports;
}

function clash(a: Claimed, b: Claimed): boolean {
  if (a.service === b.service || a.service.project !== b.service.project || a.what !== b.what) return false;
  if (!a.port || !b.port) return !a.port && !b.port;
  const any = (port: Port) =>
    port.hostIp === undefined || port.hostIp === "" || port.hostIp === "0.0.0.0" || port.hostIp === "::";
  return any(a.port) || any(b.port) || a.port.hostIp === b.port.hostIp;
}
