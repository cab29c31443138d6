import type { Location } from "../core/source.ts";
import type { CaddyDirective } from "../formats/caddyfile.ts";
import { route } from "./proxy/route.ts";
import { upstreamHosts } from "./query-proxy.ts";
import type { CaddyInstance, ComposeProject, Service, Stack } from "./stack.ts";

/**
 * The line of a proxy that answers an address of the server with success and asks no program: nginx's `return 200`,
 * Caddy's `respond`. Undefined where a program is asked, where it is not known, and where the proxy starts only after
 * its programs are healthy.
 */
export function constantAnswer(stack: Stack, project: ComposeProject, url: string): Location | undefined {
  const match = /^(https?):\/\/(?:localhost|127\.0\.0\.1)(?::(\d+))?(\/[^?#]*)?(?:[?#]|$)/.exec(url);
  if (!match) return undefined;
  const published = Number(match[2] ?? (match[1] === "https" ? 443 : 80));
  const path = match[3] ?? "/";
  for (const service of project.services) {
    const port = service.ports.find(each => each.published === published);
    if (!port || service.dependsOn.some(each => each.condition === "service_healthy")) continue;
    return answerOf(stack, service, port.target ?? published, path);
  }
  return undefined;
}

function answerOf(stack: Stack, service: Service, port: number, path: string): Location | undefined {
  const nginx = stack.proxies.find(proxy => proxy.service === service)?.effective;
  if (nginx) {
    // A server of files has no program behind it that could fail.
    if (nginx.gaps.length > 0 || upstreamHosts(nginx).length === 0) return undefined;
    const { outcome } = route(nginx, { port, host: "localhost", path });
    return outcome.kind === "return" && isSuccess(outcome.code) ? outcome.at : undefined;
  }
  const caddy = stack.caddies.find(each => each.service === service);
  return caddy && caddyAnswer(caddy, port, path);
}

function caddyAnswer({ model }: CaddyInstance, port: number, path: string): Location | undefined {
  if (model.unread.length > 0) return undefined;
  const site = model.sites.find(({ addresses }) =>
    addresses.some(
      ({ known, host, scheme, port: own }) =>
        known &&
        (host === undefined || host === "localhost") &&
        (own ?? (scheme === "http" ? 80 : 443)) === port,
    ),
  );
  if (!site || site.upstreams.length === 0) return undefined;
  return respondAt(site.directives, path);
}

/** `respond /health 200`, or `handle /health { respond "fine" }`. */
function respondAt(directives: readonly CaddyDirective[], path: string): Location | undefined {
  for (const { name, args, block, at } of directives) {
    const [first, ...rest] = args.map(each => each.value);
    if (first !== path) continue;
    if (name.value === "respond" && isAnswer(rest)) return at;
    if (name.value !== "handle" && name.value !== "route") continue;
    const inner = (block ?? []).find(each => each.name.value === "respond");
    if (inner && isAnswer(inner.args.map(each => each.value))) return inner.at;
  }
  return undefined;
}

/** Words of `respond` behind its matcher: a text, a code, or both; 200 where no code is given. */
function isAnswer(words: readonly string[]): boolean {
  const code = words.find(word => /^\d{3}$/.test(word));
  return isSuccess(Number(code ?? 200));
}

const isSuccess = (code: number): boolean => code >= 200 && code < 300;
