import { evidence, publicPorts, serverServices, weigh } from "../../stack/query.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "recovery/edge-waits",
  title: "The front door opens without waiting for the application",
  claim: "survives-reboot",
  severity: "low",
  why: "While one application is sick the proxy is not created: static files, error pages, certificate renewal and every other site are down with it.",
  *check(stack) {
    for (const service of serverServices(stack)) {
      if (service.kind !== "proxy" || publicPorts(service).length === 0) continue;
      const edges = service.dependsOn.filter(edge => edge.condition === "service_healthy" && edge.required);
      const [edge] = edges;
      if (!edge) continue;
      const names = edges.map(each => `"${each.service}"`).join(" and ");
      // A proxy for one application alone has nothing else to serve.
      const certificates = service.project.services.some(
        other =>
          other.kind === "certificates" || other.mounts.some(mount => /letsencrypt|acme/.test(mount.target)),
      );
      const sites = service.project.services.filter(other => other.kind === "app").length;
      if (!certificates && sites < 2) continue;
      yield {
        subject: service.name,
        message: `The proxy "${service.name}" is not created until ${names} ${edges.length === 1 ? "is" : "are"} healthy.`,
        severity: weigh(service, "low"),
        evidence: [
          evidence(edge.at, "the proxy waits for service_healthy"),
          ...edges.slice(1).map(each => evidence(each.at, "and for this one")),
        ],
      };
    }
  },
});
