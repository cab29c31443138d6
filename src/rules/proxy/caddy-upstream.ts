import type { CaddyUpstream } from "../../artifacts/caddyfile.ts";
import { evidence, hostNames, listNames, serviceAt, weigh } from "../../stack/query.ts";
import { caddyPorts } from "../../stack/query-caddy.ts";
import { servingPorts } from "../../stack/query-proxy.ts";
import { hasOwnNames, isServiceLike, shareNetwork } from "../../stack/query-upstreams.ts";
import type { CaddyInstance, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/caddy-upstream",
  title: "Every upstream of Caddy is a service that it can reach",
  claim: "boots-healthy",
  severity: "critical",
  why: "Caddy starts and looks healthy, and answers every request for that part of the site with 502.",
  *check(stack) {
    for (const caddy of stack.caddies) {
      if (hasOwnNames(caddy.service)) continue;
      const seen = new Set<string>();
      // Ports of the server, taken for the container's own: one mistake.
      const own: CaddyUpstream[] = [];
      for (const upstream of caddy.model.sites.flatMap(site => site.upstreams)) {
        const key = `${upstream.host}:${upstream.port}`;
        if (seen.has(key)) continue;
        seen.add(key);
        if (isOwn(caddy, upstream)) {
          own.push(upstream);
          continue;
        }
        const found = judge(stack, caddy, upstream);
        if (!found) {
          if (serviceAt(caddy.service.project, upstream.host))
            yield { subject: key, kept: evidence(upstream.at, "names a service that Caddy can reach") };
          continue;
        }
        yield {
          subject: `${caddy.service.name} to ${key}`,
          message: found.message,
          severity: weigh(caddy.service, "critical"),
          ...("confidence" in found ? { confidence: found.confidence } : {}),
          evidence: [evidence(upstream.at, found.shows), evidence(found.other, found.otherShows)],
        };
      }
      const [first, ...more] = own;
      if (!first) continue;
      const ports = own.map(each => `${each.port}`);
      yield {
        subject: `${caddy.service.name} to ${first.host}:${first.port}`,
        message: `Caddy ("${caddy.service.name}") sends requests to port${ports.length === 1 ? "" : "s"} ${listNames(ports).replaceAll('"', "")} of its own container, where only Caddy runs.`,
        severity: weigh(caddy.service, "critical"),
        evidence: [
          evidence(first.at, "this is Caddy's own container"),
          ...more.map(each => evidence(each.at, "this is Caddy's own container")),
          evidence(caddy.service.at, "only Caddy runs here"),
        ],
      };
    }
  },
});

function isOwn(caddy: CaddyInstance, { host, port }: CaddyUpstream): boolean {
  if (!isLoopback(host)) return false;
  const own = caddyPorts(caddy);
  // Something else may run in an image of this project.
  return own !== undefined && !own.includes(port) && port !== 2019 && !caddy.service.build;
}

function isLoopback(host: string): boolean {
  return /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(host);
}

function judge(stack: Stack, caddy: CaddyInstance, { host, port }: CaddyUpstream) {
  const { service } = caddy;
  const { name, project } = service;
  if (isLoopback(host)) return undefined;
  const target = serviceAt(project, host);
  if (!target) {
    if (!isServiceLike(service, host) || stack.services.some(each => hostNames(each).includes(host)))
      return undefined;
    return {
      message: `Caddy ("${name}") sends requests to "${host}", which is no service of its project.`,
      shows: `"${host}" is no service of ${project.files.join(" and ")}`,
      other: service.at,
      otherShows: "Caddy runs here",
    };
  }
  if (target === service) return undefined;
  if (!shareNetwork(service, target))
    return {
      message: `Caddy ("${name}") shares no network with "${target.name}", which it sends requests to.`,
      shows: `"${host}" is on another network`,
      other: target.at,
      otherShows: "on none of Caddy's networks",
    };
  const serving = servingPorts(stack, target);
  if (!serving || serving.ports.includes(port)) return undefined;
  const listens = serving.ports.join(", ");
  return {
    message: `Caddy ("${name}") sends requests to port ${port} of "${target.name}", which listens on ${listens}.`,
    shows: `port ${port} is asked for`,
    other: serving.at,
    otherShows: `"${target.name}" listens on ${listens}`,
    ...(serving.inCode ? { confidence: "likely" as const } : {}),
  };
}
