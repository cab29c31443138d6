import type { Edit } from "../../core/fix.ts";
import { basename } from "../../core/path.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, hostNames, isOptional, weigh } from "../../stack/query.ts";
import { sharesNetwork } from "../../stack/query-environment.ts";
import { type LoopbackListening, loopbackListening } from "../../stack/query-listen.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { upstreamHosts } from "../../stack/query-proxy.ts";
import { routersOf } from "../../stack/query-traefik.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/listens-on-loopback",
  title: "A program that others ask listens on every address of its container",
  claim: "boots-healthy",
  severity: "critical",
  why: "The loopback address of a container is the container itself: a published port and a proxy get no connection, though the program runs and its log looks well.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(stack.services)) {
      if (isOptional(service) || sharesNetwork(service)) continue;
      const asked = askedAt(stack, service);
      const found = asked && loopbackListening(stack, service);
      if (!found || !first(found.at)) continue;
      yield {
        subject: service.name,
        message: `"${service.name}" listens on ${found.host} of its own container${found.isDefault ? ", which is its default," : ""} where nobody outside reaches it.`,
        severity: weigh(service, "critical"),
        ...(found.inCode || found.isDefault ? { confidence: "likely" as const } : {}),
        evidence: [
          evidence(found.at, found.isDefault ? `no address: ${found.host}` : `listens on ${found.host}`),
          evidence(asked.at, asked.shows),
        ],
        fix: () =>
          offer(
            {
              title: "Listen on every address of the container",
              grade: "needs-testing",
              test: "Ask for a page through the published port or the proxy.",
            },
            addressEdit(service, found),
          ),
      };
    }
  },
});

/** What shows that somebody outside of the container asks it. */
function askedAt(stack: Stack, service: Service) {
  const [port] = service.ports;
  if (port) return { at: port.at, shows: "the port is published" };
  const router = routersOf(service)[0];
  if (router) return { at: router.at, shows: "Traefik sends requests here" };
  const upstreams = [
    ...stack.proxies
      .filter(proxy => proxy.service?.project === service.project && proxy.service !== service)
      .flatMap(proxy => upstreamHosts(proxy.effective)),
    ...stack.caddies
      .filter(caddy => caddy.service.project === service.project)
      .flatMap(caddy => caddy.model.sites.flatMap(site => site.upstreams)),
  ];
  const upstream = upstreams.find(({ host }) => hostNames(service).includes(host));
  return upstream && { at: upstream.at, shows: "the proxy sends requests here" };
}

/** The address that is written in the command; what a program takes by default has no place to change. */
function addressEdit(service: Service, { host, isDefault, inCode }: LoopbackListening): Edit | undefined {
  if (isDefault || inCode) return undefined;
  const words = (service.process?.argv ?? []).filter(({ value }) => value?.includes(host));
  const [word, ...more] = words;
  if (!word?.value || more.length > 0 || word.at.span.end - word.at.span.start < word.value.length)
    return undefined;
  // The word may be quoted: the address stands somewhere in its place.
  const quote = (word.at.span.end - word.at.span.start - word.value.length) / 2;
  const start = word.at.span.start + quote + word.value.indexOf(host);
  return Number.isInteger(quote) && basename(word.at.file) !== "package.json"
    ? { at: { file: word.at.file, span: { start, end: start + host.length } }, text: "0.0.0.0" }
    : undefined;
}
