import type { Fix } from "../../core/fix.ts";
import { healthPath } from "../../remedies/app-probe.ts";
import { probeTest } from "../../remedies/probe.ts";
import { route } from "../../stack/proxy/route.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { appAnswer, editInCheck, type HttpProbe, httpProbe, nginxOf } from "../../stack/query-health.ts";
import { type Listening, listening } from "../../stack/query-listen.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "health/probe-route",
  title: "Every health check asks for a path that its service serves",
  claim: "health-is-truthful",
  severity: "high",
  why: "The answer is 404, so the service is unhealthy for ever although it serves, and whatever waits for it never starts.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(stack.services)) {
      const probe = httpProbe(service);
      if (probe?.failsOnError !== true) continue;
      const refused = refusal(stack, service, probe);
      if (!refused || !first(probe.at)) continue;
      const waiting = service.project.services.find(other =>
        other.dependsOn.some(
          edge => edge.service === service.name && edge.condition === "service_healthy" && edge.required,
        ),
      );
      const then = waiting ? `, and "${waiting.name}", which waits for it, never starts` : "";
      yield {
        subject: service.name,
        message: `The health check of "${service.name}" asks for ${probe.path}, which the service does not serve: it is never healthy${then}.`,
        severity: weigh(service, waiting ? "critical" : "high"),
        confidence: isKnown(listening(stack, service)) ? "certain" : "likely",
        evidence: [
          evidence(probe.at, `the health check asks for ${probe.path}`),
          ...(refused.at ? [evidence(refused.at, refused.because)] : []),
        ],
        fix: () => askInstead(stack, service, probe),
      };
    }
  },
});

/** Asks for a route that the service does have. */
function askInstead(stack: Stack, service: Service, probe: HttpProbe): Fix | undefined {
  const path = healthPath(stack, service, probe.port);
  if (path === undefined) return undefined;
  const escaped = probe.path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const edit = editInCheck(stack, service, new RegExp(`(?<=[^/\\s"':])${escaped}(?=["'\\s?)]|$)`), path);
  if (!edit) return undefined;
  return {
    title: `Ask for ${path}`,
    grade: "needs-testing",
    edits: [edit],
    test: probeTest([service.name]),
  };
}

/** The command says which port is the program's. */
const isKnown = (open: Listening | undefined): boolean => open !== undefined && !open.inCode;

function refusal(stack: Stack, service: Service, probe: HttpProbe) {
  const nginx = nginxOf(stack, service);
  if (nginx) {
    const { outcome } = route(nginx, { port: probe.port, host: probe.host, path: probe.path });
    const refuses = outcome.kind === "return" && outcome.code >= 400;
    return refuses ? { at: outcome.at, because: `nginx answers ${outcome.code}` } : undefined;
  }
  // Another port than the application's is another rule's finding.
  const open = listening(stack, service);
  if (open && !open.ports.includes(probe.port)) return undefined;
  const answer = appAnswer(stack, service, probe.path);
  return answer?.answer === "no" ? answer : undefined;
}
