import { tlsServers } from "../../stack/proxy/effective.ts";
import { effectiveDirective } from "../../stack/proxy/inherit.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { proxyGrade, proxyName, proxyTitle, serverProxies } from "../../stack/query-proxy.ts";
import { defineRule } from "../rule.ts";

const broken = new Set(["SSLv2", "SSLv3", "TLSv1", "TLSv1.1"]);

export default defineRule({
  id: "proxy/tls-protocols",
  title: "The proxy offers only protocol versions that are still safe",
  claim: "encrypts-traffic",
  severity: "medium",
  why: "TLS 1.0 and 1.1 were retired in 2021 (RFC 8996): a connection can be pushed down to them, and audits for card payments fail.",
  *check(stack) {
    for (const proxy of serverProxies(stack)) {
      const found = new Map<number, { at: Parameters<typeof evidence>[0]; old: string[] }>();
      for (const { server } of tlsServers(proxy.effective)) {
        const directive = effectiveDirective(server, "ssl_protocols");
        const old = directive?.args.map(arg => arg.value).filter(name => broken.has(name)) ?? [];
        if (directive && old.length === 0)
          yield { subject: proxyName(proxy), kept: evidence(directive.at, "offers current versions only") };
        if (directive && old.length > 0) found.set(directive.at.span.start, { at: directive.at, old });
      }
      const [first, ...more] = found.values();
      if (!first) continue;
      const names = [...new Set([first, ...more].flatMap(each => each.old))];
      yield {
        subject: proxyName(proxy),
        message: `${proxyTitle(proxy)} still offers ${names.join(" and ")}.`,
        severity: weigh(proxyGrade(proxy), "medium"),
        evidence: [
          evidence(first.at, `offers ${first.old.join(", ")}`),
          ...more.map(each => evidence(each.at, `offers ${each.old.join(", ")}`)),
        ],
      };
    }
  },
});
