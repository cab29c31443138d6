import type { NginxLimitZone } from "../../artifacts/nginx-model.ts";
import { addFirst } from "../../formats/nginx-edit.ts";
import { allEdits, blockAt, nginxSource } from "../../remedies/nginx.ts";
import { offer } from "../../remedies/offer.ts";
import { allLocations, limitZones } from "../../stack/proxy/effective.ts";
import { effectiveDirective } from "../../stack/proxy/inherit.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { proxyGrade, proxyName, proxyTitle, serverProxies } from "../../stack/query-proxy.ts";
import type { ProxyInstance, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/rate-limit-unused",
  title: "Every rate limit that is defined is applied",
  claim: "meets-its-load",
  severity: "low",
  why: "A zone alone limits nothing: somebody meant to slow down guesses of passwords, and they go through at full speed.",
  *check(stack) {
    for (const proxy of serverProxies(stack)) {
      const { effective, service } = proxy;
      // A part of a configuration may be used by the parts that are not seen.
      const whole = service !== undefined || effective.tree.some(({ name }) => name.value === "http");
      if (!whole || effective.gaps.length > 0 || effective.servers.length === 0) continue;
      const { unused, used } = limitZones(effective);
      for (const { zone, at } of used.slice(0, 1))
        yield { subject: proxyName(proxy), kept: evidence(at, `applies "${zone}"`) };
      const [first, ...more] = unused;
      if (!first) continue;
      const names = unused.map(zone => zone.name.value);
      const guardsLogin = names.some(name => /login|auth|signin|password|otp/i.test(name));
      yield {
        subject: proxyName(proxy),
        message: `${proxyTitle(proxy)} defines the rate ${more.length === 0 ? "limit" : "limits"} ${listNames(names)} and applies ${more.length === 0 ? "it" : "them"} nowhere.`,
        severity: weigh(proxyGrade(proxy), guardsLogin ? "medium" : "low"),
        evidence: [
          evidence(first.at, "defined here, used by no location"),
          ...more.map(zone => evidence(zone.at, "defined here, used by no location")),
        ],
        fix: () =>
          offer(
            {
              title: "Apply the limit to the location of its name",
              grade: "needs-testing",
              test: "Use the pages behind it as fast as a busy visitor does: none may be refused.",
            },
            allEdits(unused.flatMap(zone => applied(stack, proxy, zone))),
          ),
      };
    }
  },
});

/** The zone's limit in each location whose path has the zone's name as a part; undefined where there is none. */
function applied(stack: Stack, { effective }: ProxyInstance, zone: NginxLimitZone) {
  const name = zone.name.value;
  const [, digits, unit] = /^(\d+)r\/([sm])$/.exec(zone.rate ?? "") ?? [];
  const meant = effective.servers
    .flatMap(allLocations)
    .filter(({ path, proxyPass }) => proxyPass && path.value.split(/[^\w-]+/).includes(name));
  // A limit of its own would replace one from further out.
  const isFree = meant.every(location => effectiveDirective(location, "limit_req") === undefined);
  if (digits === undefined || meant.length === 0 || !isFree) return [undefined];
  const burst = unit === "s" ? Number(digits) * 2 : Math.max(5, Math.ceil(Number(digits) / 6));
  return meant.map(location => {
    const block = blockAt(effective.tree, location.at);
    const source = nginxSource(stack, location.at);
    return block && source && addFirst(source, block, [`limit_req zone=${name} burst=${burst} nodelay;`]);
  });
}
