import type { NginxLocation } from "../../artifacts/nginx-model.ts";
import type { NginxDirective } from "../../formats/nginx.ts";
import { addAfter, replaceArgs } from "../../formats/nginx-edit.ts";
import { allEdits, nginxSource, ownDirectives, passOf } from "../../remedies/nginx.ts";
import { offer } from "../../remedies/offer.ts";
import { allLocations } from "../../stack/proxy/effective.ts";
import { effectiveDirective } from "../../stack/proxy/inherit.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { acceptedBy, bytesOf, type Size } from "../../stack/query-body.ts";
import { servicesBehind } from "../../stack/query-proxy.ts";
import type { ProxyInstance, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

/** nginx's own limit when nothing is set. */
const unset = 1024 ** 2;

export default defineRule({
  id: "proxy/body-size",
  title: "The proxy lets through what the application accepts",
  claim: "meets-its-load",
  severity: "low",
  why: "nginx answers 413 to uploads that the application is prepared for, before the application sees them.",
  *check(stack) {
    for (const proxy of stack.proxies) {
      const { service } = proxy;
      if (!service || proxy.effective.gaps.length > 0) continue;
      for (const target of service.project.services) {
        const accepted = acceptedBy(stack, target);
        const passing = accepted && passingSizes(proxy, target);
        if (!passing || passing.length === 0) continue;
        // A small limit on one path and a large one on another is a decision.
        const widest = passing.reduce((a, b) => (b.bytes > a.bytes ? b : a));
        if (widest.bytes >= accepted.bytes) continue;
        yield {
          subject: `${service.name} to ${target.name}`,
          message: `The proxy "${service.name}" refuses bodies above ${inWords(widest.bytes)}; "${target.name}" ${accepted.files ? "takes files of up to" : "accepts"} ${inWords(accepted.bytes)}.`,
          // A limit that somebody has set is known to somebody; that of nginx itself surprises with the first photograph.
          severity: weigh(service, accepted.files && !widest.directive ? "medium" : "low"),
          evidence: [
            evidence(widest.at, widest.directive ? "the proxy's limit" : "no client_max_body_size: 1 MB"),
            evidence(accepted.at, "the application's limit"),
          ],
          fix: () =>
            offer(
              {
                title: `Let bodies of ${inWords(accepted.bytes)} through`,
                grade: "needs-testing",
                test: "Upload a file just below the limit, and look at the free space of the proxy's container meanwhile.",
              },
              allEdits(
                passing
                  .filter(each => each.bytes === widest.bytes)
                  .map(each => raise(stack, each, accepted.bytes)),
              ),
            ),
        };
      }
    }
  },
});

interface Passing extends Size {
  readonly location: NginxLocation;
  /** None: nginx's own limit holds. */
  readonly directive?: NginxDirective;
}

/** The location's own limit is raised; one from further out stays as it is for the other locations. */
function raise(stack: Stack, { location, directive }: Passing, bytes: number) {
  const size = bytes % 1024 ** 2 === 0 ? `${bytes / 1024 ** 2}m` : `${Math.ceil(bytes / 1024)}k`;
  const own = ownDirectives(stack, location.scope, "client_max_body_size").at(-1);
  const pass = passOf(location);
  const source = nginxSource(stack, location.at);
  if (!source || !pass || (directive && own !== directive && location.directives.includes(directive)))
    return undefined;
  return own ? replaceArgs(source, own, size) : addAfter(source, pass, [`client_max_body_size ${size};`]);
}

/** What reaches a service, location by location; no limit is the largest number. */
function passingSizes(proxy: ProxyInstance, target: Service): Passing[] {
  return proxy.effective.servers.flatMap(allLocations).flatMap(location => {
    if (!servicesBehind(proxy, location).includes(target)) return [];
    const directive = effectiveDirective(location, "client_max_body_size");
    const bytes = directive ? bytesOf(directive.args[0]?.value) : unset;
    if (bytes === undefined) return [{ bytes: Number.MAX_SAFE_INTEGER, at: location.at, location }];
    const at = directive?.at ?? location.proxyPass?.url.at ?? location.at;
    const size = bytes === 0 ? Number.MAX_SAFE_INTEGER : bytes;
    return [{ bytes: size, at, location, ...(directive ? { directive } : {}) }];
  });
}

function inWords(bytes: number): string {
  return bytes >= 1024 ** 2
    ? `${Math.round((bytes / 1024 ** 2) * 10) / 10} MB`
    : `${Math.round(bytes / 1024)} kB`;
}
