import { dependsOn } from "../../artifacts/package-manifest.ts";
import type { Location } from "../../core/source.ts";
import { allLocations } from "../../stack/proxy/effective.ts";
import { proxyHeadersAt } from "../../stack/proxy/inherit.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { settingsOf } from "../../stack/query-environment.ts";
import { servicesBehind } from "../../stack/query-proxy.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

/** Packages with which a program serves sockets; `ws` alone is as often a client. */
const packages = ["socket.io", "express-ws", "@nestjs/websockets", "@fastify/websocket"];

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
        yield {
          subject: service.name,
          message: `The proxy "${service.name}" lets no WebSocket through to "${target.name}", which serves them.`,
          severity: weigh(service, "medium"),
          confidence: "likely",
          evidence: [
            evidence(location.proxyPass.url.at, "sends no Upgrade header, as no location does"),
            evidence(sockets, "serves WebSockets"),
          ],
        };
        break;
      }
    }
  },
});

/** What shows that a service serves sockets: a server package, or Django's channels under an ASGI server. */
function socketsOf(service: Service): Location | undefined {
  const { component } = service;
  const manifest = component?.package;
  if (manifest && component.kind !== "vite" && component.kind !== "cra")
    for (const name of packages) {
      const dependency = dependsOn(manifest, name);
      if (dependency?.group === "dependencies") return dependency.at;
    }
  if (component?.kind !== "django") return undefined;
  const asgi = service.process?.commands
    .flat()
    .some(word => /daphne|uvicorn|hypercorn/i.test(word.value ?? ""));
  return asgi ? settingsOf(service)?.values.get("CHANNEL_LAYERS")?.at : undefined;
}
