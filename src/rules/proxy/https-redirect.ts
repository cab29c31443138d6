import { tlsServers } from "../../stack/proxy/effective.ts";
import { route } from "../../stack/proxy/route.ts";
import { edgeProxies, evidence, weigh } from "../../stack/query.ts";
import { serverName } from "../../stack/query-proxy.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/https-redirect",
  title: "Plain HTTP leads to HTTPS",
  claim: "encrypts-traffic",
  severity: "medium",
  why: "Whoever types the name or follows an old link stays on plain HTTP and sends the password in clear text although TLS is there.",
  *check(stack) {
    for (const proxy of edgeProxies(stack)) {
      const { service, effective } = proxy;
      if (!service || service.project.grade === "development" || effective.gaps.length > 0) continue;
      const published = service.ports.filter(port => port.public && port.target !== undefined);
      const [tls] = tlsServers(effective).filter(({ listens }) =>
        listens.some(listen => published.some(port => port.target === listen.port)),
      );
      if (!tls || !published.some(port => port.target === 80)) continue;
      const answer = route(effective, { port: 80, host: serverName(tls.server) ?? "example.org", path: "/" });
      const { outcome, server } = answer;
      if (outcome.kind === "return" && server && (outcome.to ?? "").startsWith("https")) {
        yield { subject: service.name, kept: evidence(outcome.at, "plain HTTP is sent to HTTPS") };
        continue;
      }
      if ((outcome.kind !== "proxy" && outcome.kind !== "static") || !server) continue;
      yield {
        subject: service.name,
        message: `The proxy "${service.name}" serves the site on port 80 as well, instead of sending visitors to HTTPS.`,
        severity: weigh(service, "medium"),
        evidence: [
          evidence(outcome.at, "served in plain HTTP"),
          evidence(tls.listens[0]!.at, "TLS is there"),
        ],
      };
    }
  },
});
