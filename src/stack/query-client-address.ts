import { isTest } from "../artifacts/project-files.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import type { NginxDirective } from "../formats/nginx.ts";
import { limitZones } from "./proxy/effective.ts";
import { serverServices } from "./query.ts";
import { serverProxies } from "./query-proxy.ts";
import type { ProxyInstance, Service, Stack } from "./stack.ts";

/** Who counts requests by an address that is not the visitor's. */

/** A limit of nginx by the address of the connection, which comes from the network in front. */
export interface CountedFront {
  readonly proxy: ProxyInstance;
  /** Where the limit is applied. */
  readonly limits: readonly Location[];
  /** What says that somebody else stands in front. */
  readonly front: Location;
}

/** nginx with limits by address, behind Cloudflare by its own comments or behind a tunnel of the project. */
export function countedFronts(stack: Stack): CountedFront[] {
  return serverProxies(stack).flatMap(proxy => {
    const { effective } = proxy;
    const zones = effective.limitZones.filter(({ key }) => /^\$(?:binary_)?remote_addr$/.test(key));
    const names = new Set(zones.map(({ kind, name }) => `${kind} ${name.value}`));
    const limits = limitZones(effective)
      .used.filter(({ kind, zone }) => names.has(`${kind} ${zone}`))
      .map(({ at }) => at);
    const front =
      limits.length > 0 && !has(effective.tree, "set_real_ip_from")
        ? frontOf(stack, proxy, limits)
        : undefined;
    return front ? [{ proxy, limits, front }] : [];
  });
}

const behind =
  /#[^\n]{0,120}(?:(?:behind|behind the) cloudflare|cloudflare[^\n]{0,60}(?:\bssl\b|\btls\b|https|terminat|origin|tunnel))[^\n]*/i;

function frontOf(
  stack: Stack,
  { service }: ProxyInstance,
  limits: readonly Location[],
): Location | undefined {
  const tunnel = service?.project.services.find(({ image }) =>
    /(?:^|\/)cloudflared(?::|$)/.test(image?.text ?? ""),
  );
  if (tunnel) return tunnel.image!.at;
  for (const file of new Set(limits.map(at => at.file))) {
    const match = behind.exec(sourceOf(stack, file)?.text ?? "");
    if (match) return { file, span: { start: match.index, end: match.index + match[0].trimEnd().length } };
  }
  return undefined;
}

function has(directives: readonly NginxDirective[], name: string): boolean {
  return directives.some(
    each => each.name.value === name || (each.block !== undefined && has(each.block, name)),
  );
}

/** A limiter of Nest or FastAPI that takes the address of the connection. */
export interface CountedProgram {
  readonly service: Service;
  readonly at: Location;
}

interface Limiter {
  readonly kind: string;
  readonly files: RegExp;
  readonly limit: RegExp;
  /** What puts it to work, somewhere in the code. */
  readonly applied: RegExp;
  /** In the code or where the program is started: it learns the visitor's address, or counts something else. */
  readonly knows: RegExp;
}

const limiters: readonly Limiter[] = [
  {
    kind: "nest",
    files: /\.[cm]?ts$/,
    limit: /\bThrottlerModule\s*\.\s*forRoot(?:Async)?\b/,
    applied: /\b(?:useClass\s*:|useGlobalGuards\(|UseGuards\()[^;)}]*Throttler\w*Guard\b/,
    knows: /trust proxy|trustProxy|getTracker|x-forwarded-for|x-real-ip|cf-connecting-ip/i,
  },
  {
    kind: "fastapi",
    files: /\.py$/,
    limit: /\bLimiter\(\s*key_func\s*=\s*get_remote_address\b/,
    applied: /\.limit\(|SlowAPIMiddleware|default_limits/,
    knows:
      /forwarded[-_]allow[-_]ips|ProxyHeadersMiddleware|ProxyFix|x-forwarded-for|x-real-ip|cf-connecting-ip/i,
  },
];

/** Programs of servers whose only limiter counts the other end of the connection. */
export function countedPrograms(stack: Stack): CountedProgram[] {
  return serverServices(stack).flatMap(service => {
    const { component, process, environment } = service;
    const limiter = limiters.find(({ kind }) => kind === component?.kind);
    if (!component || !limiter) return [];
    const starts = [
      ...(process?.commands.flat().map(word => word.value ?? "") ?? []),
      ...environment.map(({ name }) => name),
    ];
    if (starts.some(word => limiter.knows.test(word))) return [];
    const sources = component.files.paths
      .filter(path => path.startsWith(component.dir) && limiter.files.test(path) && !isTest(path))
      .flatMap(path => component.files.read(path) ?? []);
    if (sources.some(({ text }) => limiter.knows.test(text))) return [];
    if (!sources.some(({ text }) => limiter.applied.test(text))) return [];
    for (const { path, text } of sources) {
      const match = limiter.limit.exec(text);
      if (match)
        return [
          { service, at: { file: path, span: { start: match.index, end: match.index + match[0].length } } },
        ];
    }
    return [];
  });
}
