import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { itemsOf, pairOf } from "../formats/yaml.ts";
import { addItem, addPair, removeItem, removePair } from "../formats/yaml-edit.ts";
import { expressesInForce } from "../stack/query-app.ts";
import { acceptedBy } from "../stack/query-body.ts";
import { loginRoutes } from "../stack/query-logins.ts";
import { loopbackFix, openPorts } from "../stack/query-ports.ts";
import { settingsInForce } from "../stack/query-settings.ts";
import { socketsOf } from "../stack/query-sockets.ts";
import { traefikOf } from "../stack/query-traefik.ts";
import type { ComposeProject, Port, Service, Stack } from "../stack/stack.ts";
import { addServices, declareNames } from "./compose-file.ts";
import { addSettings, exceptInDebug } from "./django-settings.ts";
import { documentVariables, setByHand } from "./env-example.ts";
import { trustOneProxy } from "./express.ts";
import { type FrontDoorRoute, frontDoor } from "./front-door.ts";
import { creation } from "./new-file.ts";
import { allEdits } from "./nginx.ts";
import { sendAlong } from "./sent-files.ts";

/** A port on which a service is published in plain HTTP. */
export interface PlainEntry {
  readonly service: Service;
  readonly port: Port;
}

const folder = "front-door";

/**
 * An nginx with TLS and a certbot in front of the one service that visitors reach. Undefined where several are reached:
 * on one address they would need paths that nobody knows, and on another one the pages would call them in plain HTTP.
 */
export function frontDoorFix(
  stack: Stack,
  project: ComposeProject,
  entries: readonly PlainEntry[],
): Fix | undefined {
  const [entry, ...others] = entries;
  const file = project.files.at(-1)!;
  const source = sourceOf(stack, file);
  const joined = entry && joinNetwork(stack, entry.service);
  // Caddy gets certificates by itself when it is given a name.
  if (entry && stack.caddies.some(caddy => caddy.service === entry.service)) return undefined;
  if (traefikOf(project)) return undefined;
  if (!entry || others.length > 0 || !source || !joined || isTaken(stack, project, entry.service))
    return undefined;
  const { service, port } = entry;
  const bodyBytes = acceptedBy(stack, service)?.bytes;
  const routes = routesOf(stack, service, port.target!);
  const door = frontDoor({
    folder,
    routes,
    networks: [folder],
    ...(bodyBytes === undefined ? {} : { bodyBytes }),
  });
  const parts = [
    addServices(source, door.services),
    declareNames(source, "volumes", door.volumes),
    declareNames(source, "networks", [folder]),
    joined,
    closed(stack, service, port),
    told(stack, service),
    sendAlong(stack, project, folder),
  ];
  if (!parts.every(part => part !== undefined)) return undefined;
  const { edits } = creation(door.files, project.directory);
  return {
    title: `Put nginx with TLS in front of "${service.name}"`,
    grade: "big-change",
    edits: [...parts.flat(), ...edits, ...documentVariables(stack, project, door.variables)],
    opens: ["80/tcp", "443/tcp", "_", "${SITE_DOMAIN}", "/var/www/acme", `${service.name}:${port.target}`],
    test: "Start it on a server with ACME_SERVER set to the staging directory: pages, sign-in, uploads and live updates work over https://.",
    afterwards: `Let the site's name point to the server, and open ports 80 and 443 there. ${setByHand(
      stack,
      project,
      door.variables.map(({ name }) => name),
    )}`,
  };
}

/** Something of the same name or on the same port is there, or visitors reach more than this service. */
function isTaken(stack: Stack, project: ComposeProject, service: Service): boolean {
  const door = frontDoor({ folder, routes: [] });
  const directory = project.directory === "" ? folder : `${project.directory}/${folder}`;
  return (
    stack.files.has(directory) !== undefined ||
    // Two of them beside each other may run on one server, which has its ports 80 and 443 once.
    stack.projects.some(
      other => other !== project && other.grade === "deployed" && other.directory === project.directory,
    ) ||
    project.services.some(other => ["nginx", "certbot"].includes(other.name)) ||
    project.volumes.some(volume => door.volumes.includes(volume.name)) ||
    project.networks.some(network => network.name === folder) ||
    project.services.some(
      other =>
        other !== service &&
        openPorts(other).some(
          port => port.published === 80 || port.published === 443 || other.kind === "app",
        ),
    ) ||
    openPorts(service).length > 1
  );
}

/** A network of the two alone: the proxy is to reach the service, and not the stores beside it. */
function joinNetwork(stack: Stack, service: Service): readonly Edit[] | undefined {
  const source = sourceOf(stack, service.at.file);
  const pair = pairOf(service.node, "networks");
  if (!source || service.networkMode || service.node.at.file !== source.path) return undefined;
  if (!pair)
    return allEdits([addPair(source, service.node, [`networks: [default, ${folder}]`], ["image", "build"])]);
  const { value } = pair;
  const isOwn = value.at.file === source.path && value.at.span.start > service.at.span.start;
  if (!isOwn || /[&*]/.test(source.text.slice(pair.key.at.span.end, value.at.span.start))) return undefined;
  if (value.kind === "seq") return allEdits([addItem(source, value, folder)]);
  return value.kind === "map" ? allEdits([addPair(source, value, [`${folder}:`])]) : undefined;
}

function routesOf(stack: Stack, service: Service, port: number): FrontDoorRoute[] {
  const to = { service: service.name, port };
  const sockets = socketsOf(service) ? { sockets: true } : {};
  const logins = loginRoutes(stack, each => each === service)
    .flatMap(({ routes }) => routes.map(route => route.pattern.replace(/^\/?/, "/")))
    .filter(path => /^\/[\w/.-]+$/.test(path));
  if (service.component?.kind === "django" && hasAdmin(stack, service)) logins.push("/admin/login/");
  return [
    { path: "/", ...to, ...sockets },
    ...(service.component?.kind === "next" ? [{ path: "/_next/static/", ...to, hashed: true }] : []),
    ...[...new Set(logins)].slice(0, 8).map(path => ({ path, exact: true, ...to, login: true })),
  ];
}

function hasAdmin(stack: Stack, service: Service): boolean {
  return settingsInForce(stack).some(
    here => here.services.includes(service) && here.settings.values.has("INSTALLED_APPS"),
  );
}

/** The port is taken off the network: bound to loopback, or given up where nginx needs its number. */
function closed(stack: Stack, service: Service, port: Port): readonly Edit[] | undefined {
  if (port.published !== 80 && port.published !== 443) return loopbackFix(stack, service, [port])?.edits;
  const source = sourceOf(stack, port.at.file);
  const pair = pairOf(service.node, "ports");
  const item = itemsOf(pair?.value).find(each => each.at === port.at);
  if (!source || pair?.value.kind !== "seq" || !item) return undefined;
  return allEdits([
    pair.value.items.length === 1 ? removePair(source, pair) : removeItem(source, pair.value, item),
  ]);
}

/** What the application has to know of a proxy that speaks TLS for it; an empty list where it need not be told. */
function told(stack: Stack, service: Service): readonly Edit[] | undefined {
  const here = settingsInForce(stack).find(each => each.services.includes(service));
  if (here) {
    const secure = exceptInDebug(stack, here);
    const lines = [
      ["SECURE_PROXY_SSL_HEADER", '("HTTP_X_FORWARDED_PROTO", "https")'],
      ["SESSION_COOKIE_SECURE", secure],
      ["CSRF_COOKIE_SECURE", secure],
    ].flatMap(([name, value]) => (here.settings.values.has(name!) ? [] : [`${name} = ${value}`]));
    return lines.length === 0
      ? []
      : addSettings(stack, here, lines, here.settings.values.get("MIDDLEWARE")?.at);
  }
  if (service.component?.kind === "django") return undefined;
  const express = expressesInForce(stack).find(each => each.service === service);
  if (!express || express.app.trustProxy) return [];
  return trustOneProxy(stack, express.app);
}
