import { inside, join } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { tlsServers } from "./proxy/effective.ts";
import { type Outcome, route } from "./proxy/route.ts";
import { gradeOf } from "./query.ts";
import { isOnPage, isSaidInScripts, neededCertificates, startsByScript } from "./query-certificates.ts";
import { serverName } from "./query-proxy.ts";
import type { Mount, ProxyInstance, Service, Stack } from "./stack.ts";

/** Where the authority for certificates finds what it asks for. */

export const challenge = "/.well-known/acme-challenge";

/** Ways to a certificate that need no file of the proxy's. */
const otherWays =
  /--standalone|--dns|\bdns-01|certbot --nginx|certbot-nginx|\bacme\.sh\b|\blego\b|\borigin (?:ca|certificate|server cert)|cloudflare|mkcert|self-?signed|openssl req/i;

/** A location for the challenge whose directory is in the proxy's container alone, where no certbot runs. */
export function unmountedChallenge(
  stack: Stack,
  proxy: ProxyInstance,
): { root: string; at: Location; certificate: Location } | undefined {
  const { service } = proxy;
  const [needed] = neededCertificates(proxy);
  if (!service || service.build || gradeOf(service) !== "deployed" || !needed || startsByScript(service))
    return undefined;
  const runs = ({ kind, imageRef, image }: Service): boolean =>
    kind === "certificates" ||
    /certbot|acme[.-](?:sh|companion)|letsencrypt|\bswag\b|\blego\b/.test(
      `${imageRef?.family ?? ""} ${image?.raw ?? ""}`,
    );
  if (service.project.services.some(runs)) return undefined;
  const answer = challengeAnswer(proxy);
  if (answer?.kind !== "static" || answer.root === undefined) return undefined;
  const places = [answer.root, join(answer.root, "../..")];
  if (!/acme|certbot|letsencrypt|well-known/.test(answer.root) || places.some(path => mountOf(service, path)))
    return undefined;
  if (isSaidInScripts(stack, otherWays) || isOnPage(stack, otherWays)) return undefined;
  return { root: answer.root, at: answer.at, certificate: needed.at };
}

export type Answer = Exclude<Outcome, { kind: "unknown" }>;

/** What the proxy does when the authority asks for a challenge, a way over HTTPS included. */
export function challengeAnswer({ effective }: ProxyInstance): Answer | undefined {
  const [tls] = tlsServers(effective);
  const host = tls && serverName(tls.server);
  if (!tls || host === undefined) return undefined;
  const request = { host, path: `${challenge}/token` };
  const first = route(effective, { ...request, port: 80 }).outcome;
  const goesOn =
    first.kind === "return" && first.code >= 301 && first.code <= 308 && first.to?.startsWith("https:");
  const port = tls.listens.find(each => each.port !== undefined)?.port ?? 443;
  const { outcome } = goesOn ? route(effective, { ...request, port }) : { outcome: first };
  return outcome.kind === "unknown" || outcome.kind === "redirect301slash" ? undefined : outcome;
}

export function mountOf(service: Service, path: string): Mount | undefined {
  return service.mounts
    .filter(each => inside(each.target, path) !== undefined)
    .sort((a, b) => b.target.length - a.target.length)[0];
}
