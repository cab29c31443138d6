import { basename } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { isOptional, isStore } from "./query.ts";
import { publicName, servesBuiltBundle } from "./query-bundles.ts";
import { isRun } from "./query-connections.ts";
import {
  componentReads,
  environmentText,
  givenVariables,
  hasUnseenEnvironment,
  sharesNetwork,
} from "./query-environment.ts";
import { listening } from "./query-listen.ts";
import type { Service, Stack } from "./stack.ts";

/** Addresses of other services that a program's code falls back to, because its container is given none. */

export interface NeighbourFallback {
  readonly name: string;
  readonly address: string;
  readonly at: Location;
  readonly other: Service;
}

const loopback = /^(?:https?|wss?):\/\/(?:localhost|127\.0\.0\.1):(\d{2,5})(?:\/|$)/;
/** Where the program itself, its pages or its visitors are. */
const own =
  /(?:FRONT_?END|CLIENT|WEB|SITE|PUBLIC|CANONICAL|SELF|ORIGINS?|CORS|REDIRECT|CALLBACK|RETURN|SUCCESS|CANCEL|NEXTAUTH|AUTH_URL|APP_(?:BASE_)?URL|ISSUER|HEALTH|E2E|TEST)/i;
const fileServers = /^(?:nginx|caddy|serve|http-server|httpd|apache2\S*)$/;
/** The code asks for itself where it runs. */
const asks = /\bDEV\b|\bPROD\b|NODE_ENV|isDev|isProd|development|__main__/;

export function neighbourFallbacks(stack: Stack, service: Service): NeighbourFallback[] {
  const { component } = service;
  if (!component || !service.process || isOptional(service) || isStore(service)) return [];
  if (hasUnseenEnvironment(service) || sharesNetwork(service)) return [];
  // Files for browsers alone read nothing of their server.
  if (component.kind !== "next" && servesBuiltBundle(service)) return [];
  if (fileServers.test(basename(service.process.program?.value ?? ""))) return [];
  const others = service.project.services.filter(
    other => other !== service && !isOptional(other) && other.component !== component,
  );
  if (others.length === 0) return [];
  const { reads } = componentReads(stack, component);
  const given = new Set(givenVariables(service).map(each => each.name));
  const mine = portsOf(stack, service);
  return reads.flatMap(({ name, at, default: fallback, buildTime }) => {
    const [, digits] = loopback.exec(fallback?.value ?? "") ?? [];
    if (!digits || buildTime || publicName.test(name) || own.test(name) || given.has(name)) return [];
    const port = Number(digits);
    if (mine.size === 0 || mine.has(port) || environmentText(service, name) !== undefined) return [];
    const serving = others.filter(other => portsOf(stack, other).has(port));
    const [other] = serving;
    if (!other || serving.length > 1 || other.kind === "proxy") return [];
    if (!isRun(stack, service, component, at) || asks.test(around(stack, at))) return [];
    if (/\.config\.[cm]?[jt]s$|(?:^|\/)(?:scripts?|tools?|examples?|bench\w*)\//.test(at.file)) return [];
    return [{ name, address: fallback!.value, at, other }];
  });
}

/** Where a service listens, by its command or its code, or by what Compose says of its container's ports. */
function portsOf(stack: Stack, service: Service): ReadonlySet<number> {
  const known = listening(stack, service);
  return new Set([...(known?.ports ?? []), ...service.ports.flatMap(port => port.target ?? [])]);
}

/** The line and those around it. */
function around(stack: Stack, { file, span }: Location): string {
  const read = stack.files.read(file);
  const text = "source" in read ? read.source.text : "";
  return text.slice(Math.max(0, span.start - 160), span.end + 120);
}
