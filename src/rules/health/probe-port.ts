import { evidence, weigh } from "../../stack/query.ts";
import { httpProbe } from "../../stack/query-health.ts";
import { listening } from "../../stack/query-listen.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "health/probe-port",
  title: "Every health check asks a port that its service listens on",
  claim: "health-is-truthful",
  severity: "high",
  why: "Nobody answers the health check, so the service is unhealthy for ever and whatever waits for it never starts.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(stack.services)) {
      const probe = httpProbe(service);
      const open = probe && listening(stack, service);
      if (!open || open.ports.includes(probe.port) || !first(probe.at)) continue;
      const ports = open.ports.length === 1 ? `port ${open.ports[0]}` : `ports ${open.ports.join(", ")}`;
      yield {
        subject: service.name,
        message: `The health check of "${service.name}" asks port ${probe.port}, but the service listens on ${ports}.`,
        severity: weigh(service, "high"),
        evidence: [
          evidence(probe.at, `the health check asks port ${probe.port}`),
          evidence(open.at, `listens on ${ports}`),
        ],
      };
    }
  },
});
