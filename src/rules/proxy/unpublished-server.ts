import { edgeProxies, evidence, weigh } from "../../stack/query.ts";
import { unpublishedTls } from "../../stack/query-caddy.ts";
import { addedByHand } from "../../stack/query-page-steps.ts";
import { unpublishedServers } from "../../stack/query-unpublished-servers.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/unpublished-server",
  title: "Every site of the proxy is on a port that is published",
  claim: "boots-healthy",
  severity: "high",
  why: "Nobody outside the container can connect to that port: the site or the API behind it is not there for visitors.",
  *check(stack) {
    for (const proxy of edgeProxies(stack)) {
      const { service } = proxy;
      if (!service || service.project.grade === "development") continue;
      for (const { server, port, at, open } of unpublishedServers(stack, proxy)) {
        const name = server.names[0]!.value;
        // The page on deploying has people publish it.
        const page = addedByHand(
          stack,
          service,
          new RegExp(`\\n[ \\t]*-[ \\t]*["']?(?:[\\d.]+:)?\\d+:${port}\\b`),
        );
        yield {
          subject: `${service.name} ${port} ${name}`,
          message: `The proxy "${service.name}" serves ${name} on port ${port}, which Compose does not publish.`,
          severity: weigh(service, page ? "low" : "high"),
          confidence: "likely",
          evidence: [
            evidence(at, "nobody outside reaches this port"),
            evidence(open, "the published ports are others"),
            ...(page ? [evidence(page, "people publish it by hand")] : []),
          ],
        };
      }
    }
    for (const caddy of stack.caddies) {
      const { service } = caddy;
      const found = service.project.grade === "development" ? undefined : unpublishedTls(caddy);
      if (!found) continue;
      const name = found.site.addresses[0]!.text;
      yield {
        subject: `${service.name} 443 ${name}`,
        message: `Caddy ("${service.name}") sends every visitor of ${name} from port 80 to 443, which Compose does not publish.`,
        severity: weigh(service, "critical"),
        evidence: [
          evidence(found.site.addresses[0]!.at, "served on 443; port 80 only redirects there"),
          evidence(found.open.at, "the published ports are others"),
        ],
      };
    }
  },
});
