import type { NginxDirective } from "../../formats/nginx.ts";
import { replaceArgs } from "../../formats/nginx-edit.ts";
import { allEdits, nginxSource } from "../../remedies/nginx.ts";
import { offer } from "../../remedies/offer.ts";
import { tlsServers } from "../../stack/proxy/effective.ts";
import { effectiveDirective } from "../../stack/proxy/inherit.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { proxyGrade, proxyName, proxyTitle, serverProxies } from "../../stack/query-proxy.ts";
import type { Stack } from "../../stack/stack.ts";
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
      const found = new Map<string, { directive: NginxDirective; old: string[] }>();
      for (const { server } of tlsServers(proxy.effective)) {
        const directive = effectiveDirective(server, "ssl_protocols");
        const old = directive?.args.map(arg => arg.value).filter(name => broken.has(name)) ?? [];
        if (directive && old.length === 0)
          yield { subject: proxyName(proxy), kept: evidence(directive.at, "offers current versions only") };
        if (directive && old.length > 0)
          found.set(`${directive.at.file}:${directive.at.span.start}`, { directive, old });
      }
      const [first, ...more] = found.values();
      if (!first) continue;
      const names = [...new Set([first, ...more].flatMap(each => each.old))];
      yield {
        subject: proxyName(proxy),
        message: `${proxyTitle(proxy)} still offers ${names.join(" and ")}.`,
        severity: weigh(proxyGrade(proxy), "medium"),
        evidence: [
          evidence(first.directive.at, `offers ${first.old.join(", ")}`),
          ...more.map(each => evidence(each.directive.at, `offers ${each.old.join(", ")}`)),
        ],
        fix: () =>
          offer(
            {
              title: "Offer current versions only",
              grade: "needs-testing",
              test: "Connect with the oldest clients you have to serve: payment callbacks, devices, old phones.",
            },
            allEdits([first, ...more].map(({ directive }) => withoutOld(stack, directive))),
          ),
      };
    }
  },
});

function withoutOld(stack: Stack, directive: NginxDirective) {
  const source = nginxSource(stack, directive.at);
  const kept = directive.args.map(arg => arg.value).filter(name => !broken.has(name));
  return source && replaceArgs(source, directive, kept.length > 0 ? kept.join(" ") : "TLSv1.2 TLSv1.3");
}
