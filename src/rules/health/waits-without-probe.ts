import { offer } from "../../remedies/offer.ts";
import { addHealthcheck, probeTest } from "../../remedies/probe.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { isComplete, oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "health/waits-without-probe",
  title: "Whoever is waited for until healthy has a health check",
  claim: "waits-for-dependencies",
  severity: "critical",
  why: "Compose refuses to start a service that waits for the health of a container without a health check.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(stack.services)) {
      for (const edge of service.dependsOn) {
        if (edge.condition !== "service_healthy" || !edge.required) continue;
        const other = service.project.services.find(each => each.name === edge.service);
        if (!other || !lacksProbe(other) || !first(edge.at)) continue;
        const how = other.healthcheck?.disabled
          ? "its health check is switched off"
          : "it has no health check";
        yield {
          subject: service.name,
          message: `"${service.name}" waits until "${other.name}" is healthy, but ${how}: Compose stops with an error.`,
          severity: weigh(service, "critical"),
          evidence: [
            evidence(edge.at, "waits for service_healthy"),
            evidence(other.healthcheck?.at ?? other.at, how),
          ],
          fix: () =>
            offer(
              {
                title: `Check the health of ${other.name}`,
                grade: "needs-testing",
                test: probeTest([other.name]),
              },
              addHealthcheck(stack, other),
            ),
        };
      }
    }
  },
});

/** Neither Compose nor the image gives it a check; undefined facts mean that nobody knows. */
function lacksProbe(service: Service): boolean {
  if (!isComplete(service)) return false;
  if (service.healthcheck) return service.healthcheck.disabled;
  if (service.get("healthcheck", "test")) return false;
  return service.facts?.healthcheck === false;
}
