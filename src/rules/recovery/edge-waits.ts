import type { Edit } from "../../core/fix.ts";
import { sourceOf } from "../../core/project-files.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, publicPorts, serverServices, weigh } from "../../stack/query.ts";
import type { Dependency, Service, Stack } from "../../stack/stack.ts";
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
        fix: () =>
          offer(
            {
              title: "Let the proxy start with the containers behind it",
              grade: "needs-testing",
              test: `Start the stack with one application that cannot start: ${service.name} must run, answer 502 for it and serve the rest.`,
            },
            edges.map(each => startedEdit(stack, service, each)),
          ),
      };
    }
  },
});

/** The containers must be there all the same: nginx does not start while a name that it sends requests to is unknown. */
function startedEdit(stack: Stack, service: Service, edge: Dependency): Edit | undefined {
  const condition = service.get("depends_on", edge.service, "condition");
  const source = condition && sourceOf(stack, condition.at.file);
  const text = source?.text.slice(condition!.at.span.start, condition!.at.span.end);
  return text === "service_healthy" ? { at: condition!.at, text: "service_started" } : undefined;
}
