import { evidence, weigh } from "../../stack/query.ts";
import { httpProbe } from "../../stack/query-health.ts";
import { listening } from "../../stack/query-listen.ts";
import { probeHindrance } from "../../stack/query-probe-answer.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "health/probe-answer",
  title: "Every health check may see what it asks for",
  claim: "health-is-truthful",
  severity: "high",
  why: "The check is refused before the view is asked, so the service is unhealthy for ever although it serves, and whatever waits for it never starts.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(stack.services)) {
      const probe = httpProbe(service);
      if (probe?.failsOnError !== true) continue;
      // Another port than the application's is another rule's finding.
      const open = listening(stack, service);
      if (open && !open.ports.includes(probe.port)) continue;
      const hindrance = probeHindrance(stack, service, probe);
      if (!hindrance) continue;
      // curl takes the redirect for health: another rule tells what it misses. What follows speaks TLS to plain HTTP.
      if (hindrance.kind === "tls" && !(probe.followsRedirects ?? probe.client === "code")) continue;
      if (!first(probe.at)) continue;
      const waiting = service.project.services.find(other =>
        other.dependsOn.some(
          edge => edge.service === service.name && edge.condition === "service_healthy" && edge.required,
        ),
      );
      const then = waiting ? `, and "${waiting.name}", which waits for it, never starts` : "";
      const follows = hindrance.kind === "tls" ? ", where the service speaks no TLS: the check fails" : "";
      yield {
        subject: service.name,
        message: `The health check of "${service.name}" asks for ${probe.path}, and ${hindrance.text}${follows}. It is never healthy${then}.`,
        severity: weigh(service, waiting ? "critical" : "high"),
        confidence: "likely",
        evidence: [
          evidence(probe.at, `the health check asks ${probe.host} for ${probe.path}`),
          evidence(hindrance.at, hindrance.shows),
        ],
      };
    }
  },
});
