import type { NginxLocation, NginxServer } from "../../artifacts/nginx-model.ts";
import { dependsOn } from "../../artifacts/package-manifest.ts";
import { type Located, locate } from "../../core/source.ts";
import type { NginxDirective } from "../../formats/nginx.ts";
import { allLocations } from "../../stack/proxy/effective.ts";
import { proxyHeadersAt } from "../../stack/proxy/inherit.ts";
import { matchLocation } from "../../stack/proxy/location.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { scriptsOf } from "../../stack/query-code.ts";
import { generatedProxies } from "../../stack/query-generated-proxy.ts";
import { serverProxies, servicesBehind } from "../../stack/query-proxy.ts";
import type { ProxyInstance, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/websocket-path",
  title: "The path of a WebSocket leads to the service that serves it",
  claim: "boots-healthy",
  severity: "medium",
  why: "The handshake is answered by another service or without an upgrade: live updates never arrive, and the client tries for ever.",
  *check(stack) {
    const generated = generatedProxies(stack);
    const replaced = new Set(generated.map(proxy => proxy.service));
    const proxies = [...generated, ...serverProxies(stack).filter(({ service }) => !replaced.has(service))];
    const told = new Set<string>();
    for (const proxy of proxies) {
      const { service } = proxy;
      if (!service || proxy.effective.gaps.length > 0) continue;
      for (const target of service.project.services) {
        const socket = socketPath(stack, target);
        const wrong = socket && leadsElsewhere(proxy, target, socket.value);
        if (!socket || !wrong || told.has(`${service.name} ${target.name}`)) continue;
        told.add(`${service.name} ${target.name}`);
        yield {
          subject: `${service.name} ${socket.value}`,
          message: `"${target.name}" serves WebSockets at ${socket.value}, and the proxy "${service.name}" ${wrong.does}.`,
          severity: weigh(service, "medium"),
          confidence: "likely",
          evidence: [evidence(wrong.at, wrong.does), evidence(socket.at, "serves WebSockets here")],
        };
      }
    }
  },
});

/** Where a location of the public server sends the path; undefined when it arrives, or that cannot be told. */
function leadsElsewhere(proxy: ProxyInstance, target: Service, path: string) {
  const { servers } = proxy.effective;
  // Only a proxy that serves this program at all.
  const serving = servers.filter(server =>
    server.locations.some(location => servicesBehind(proxy, location).includes(target)),
  );
  if (serving.length === 0 || serving.some(server => changesPath(proxy, server, target))) return undefined;
  const wrong = serving.map(server => {
    const match = matchLocation(server, path);
    if (match.kind !== "location" || !match.location.proxyPass) return undefined;
    const behind = servicesBehind(proxy, match.location);
    const [first] = behind;
    if (!first) return undefined;
    const { at } = match.location.proxyPass.url;
    // Another service of the same program may be the one for sockets.
    if (!behind.some(each => isSame(each, target))) return { at, does: `sends that path to "${first.name}"` };
    return proxyHeadersAt(match.location).get("Upgrade") === undefined
      ? { at, does: "sends no Upgrade header with that path" }
      : undefined;
  });
  return wrong.every(each => each !== undefined) ? wrong[0] : undefined;
}

function isSame(one: Service, other: Service): boolean {
  return one === other || (one.component !== undefined && one.component === other.component);
}

/** Whether visitors may ask for another path: a location with an Upgrade takes a prefix away, or a rewrite decides. */
function changesPath(proxy: ProxyInstance, server: NginxServer, target: Service): boolean {
  if (server.directives.some(isRewrite)) return true;
  return allLocations(server).some(
    location =>
      proxyHeadersAt(location).get("Upgrade") !== undefined &&
      servicesBehind(proxy, location).some(each => isSame(each, target)) &&
      (location.directives.some(isRewrite) || passesOther(location)),
  );
}

function isRewrite({ name }: NginxDirective): boolean {
  return name.value === "rewrite";
}

/** A URI behind the address replaces the location's own prefix; what a variable adds is not known. */
function passesOther({ path, proxyPass }: NginxLocation): boolean {
  if (!proxyPass) return false;
  return proxyPass.isVariable || (proxyPass.path !== undefined && proxyPass.path !== path.value);
}

const constructs =
  /new\s+(?:WebSocket\.Server|WebSocketServer|WebSocket\.WebSocketServer|WSServer|WS\.Server|ws\.Server)\s*\(\s*\{[^}]{0,300}?\bpath\s*:\s*["'`](\/[\w./-]*)["'`]/g;

/** Whose servers `constructs` finds. */
const libraries = ["ws", "isomorphic-ws", "websocket", "uWebSockets.js", "@types/ws"];

/** The literal path at which a Node program serves WebSockets. */
function socketPath(stack: Stack, { component }: Service): Located<string> | undefined {
  const manifest = component?.package;
  if (!component || !manifest || ["vite", "cra"].includes(component.kind)) return undefined;
  // Every source of a large program would be read for nothing.
  if (!libraries.some(name => dependsOn(manifest, name))) return undefined;
  for (const path of scriptsOf(component)) {
    const source = stack.files.has(path) === "file" ? component.files.read(path) : undefined;
    if (!source?.text.includes("Server")) continue;
    for (const found of source.text.matchAll(constructs)) {
      const start = found.index + found[0].lastIndexOf(found[1]!);
      return { value: found[1]!, at: locate(source, start, start + found[1]!.length) };
    }
  }
  return undefined;
}
