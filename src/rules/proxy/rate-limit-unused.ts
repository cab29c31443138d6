import { limitZones } from "../../stack/proxy/effective.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { proxyGrade, proxyName, proxyTitle, serverProxies } from "../../stack/query-proxy.ts";
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
        message: `${proxyTitle(proxy)} defines the rate limit ${listNames(names)} and applies it nowhere.`,
        severity: weigh(proxyGrade(proxy), guardsLogin ? "medium" : "low"),
        evidence: [
          evidence(first.at, "defined here, used by no location"),
          ...more.map(zone => evidence(zone.at, "defined here, used by no location")),
        ],
      };
    }
  },
});
