import type { NginxLocation } from "../../artifacts/nginx-model.ts";
import type { Edit } from "../../core/fix.ts";
import { addAfter, addBefore } from "../../formats/nginx-edit.ts";
import { allEdits, blockAt, listLevel, nginxSource, ownDirectives, passOf } from "../../remedies/nginx.ts";
import { offer } from "../../remedies/offer.ts";
import { allLocations } from "../../stack/proxy/effective.ts";
import { effectiveDirective, proxyHeadersAt } from "../../stack/proxy/inherit.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { servicesBehind } from "../../stack/query-proxy.ts";
import { socketsOf } from "../../stack/query-sockets.ts";
import type { ProxyInstance, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/websocket",
  title: "The proxy lets WebSocket connections through",
  claim: "boots-healthy",
  severity: "medium",
  why: "Without the Upgrade header the handshake reaches the application as a plain request: live updates fail, or fall back to slow polling.",
  *check(stack) {
    for (const proxy of stack.proxies) {
      const { service, effective } = proxy;
      if (!service || effective.gaps.length > 0) continue;
      const locations = effective.servers.flatMap(allLocations).filter(location => location.proxyPass);
      const upgrading = locations.find(location => proxyHeadersAt(location).get("Upgrade") !== undefined);
      if (upgrading) continue;
      for (const location of locations) {
        const target = servicesBehind(proxy, location).find(each => socketsOf(each));
        const sockets = target && socketsOf(target);
        if (!target || !sockets || location.proxyPass?.protocol !== "http") continue;
        if (isServedElsewhere(stack, proxy, target)) break;
        yield {
          subject: service.name,
          message: `The proxy "${service.name}" lets no WebSocket through to "${target.name}", which serves them.`,
          severity: weigh(service, "medium"),
          confidence: "likely",
          evidence: [
            evidence(location.proxyPass.url.at, "sends no Upgrade header, as no location does"),
            evidence(sockets, "serves WebSockets"),
          ],
          fix: () =>
            offer(
              {
                title: "Let connections be upgraded",
                grade: "needs-testing",
                test: "Open a page with live updates and look for status 101; then let a connection be silent for a minute.",
              },
              upgrade(stack, proxy, location),
            ),
        };
        break;
      }
    }
  },
});

/** Another proxy of the project lets them through to the same service: visitors who use them come in there. */
function isServedElsewhere({ proxies }: Stack, own: ProxyInstance, target: Service): boolean {
  return proxies.some(
    other =>
      other !== own &&
      other.service?.project === target.project &&
      other.service !== own.service &&
      other.effective.servers
        .flatMap(allLocations)
        .some(
          location =>
            location.proxyPass !== undefined &&
            proxyHeadersAt(location).get("Upgrade") !== undefined &&
            servicesBehind(other, location).includes(target),
        ),
  );
}

/** The headers where their list is in force, and the map that leaves plain requests as they are. */
function upgrade(stack: Stack, { effective }: ProxyInstance, location: NginxLocation) {
  const known = effective.maps.find(map => map.source === "$http_upgrade")?.variable.value;
  const level = listLevel(location.scope, "proxy_set_header");
  const anchor = level ? ownDirectives(stack, level, "proxy_set_header").at(-1) : passOf(location);
  const source = anchor && nginxSource(stack, anchor.at);
  if (!source) return undefined;
  const lines = [
    ...(effectiveDirective(location, "proxy_http_version")?.args[0]?.value === "1.1"
      ? []
      : ["proxy_http_version 1.1;"]),
    "proxy_set_header Upgrade $http_upgrade;",
    `proxy_set_header Connection ${known ?? "$connection_upgrade"};`,
  ];
  const edits: (Edit | undefined)[] = [addAfter(source, anchor, lines)];
  if (known === undefined) edits.push(connectionMap(stack, effective.tree, location));
  return allEdits(edits);
}

/** Before the server of the location, which stands where maps may stand. */
function connectionMap(
  stack: Stack,
  tree: ProxyInstance["effective"]["tree"],
  { scope }: NginxLocation,
): Edit | undefined {
  let server = scope;
  while (server.kind !== "server" && server.parent) server = server.parent;
  const block = server.at && server.parent?.kind === "http" ? blockAt(tree, server.at) : undefined;
  const source = block && nginxSource(stack, block.at);
  const lines = ["map $http_upgrade $connection_upgrade {", "    default upgrade;", "    '' '';", "}", ""];
  return source && addBefore(source, block, lines);
}
