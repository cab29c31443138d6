import type { Edit } from "../../core/fix.ts";
import { offer } from "../../remedies/offer.ts";
import { probeTest } from "../../remedies/probe.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { editInCheck, type HttpProbe, httpProbe } from "../../stack/query-health.ts";
import { listening } from "../../stack/query-listen.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { unservedPorts } from "../../stack/query-unserved-ports.ts";
import type { Service, Stack } from "../../stack/stack.ts";
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
      // The port that is published is the wrong one as well: boot/published-port tells both.
      if (unservedPorts(stack, service)?.ports.some(({ target }) => target === probe.port)) continue;
      const ports = open.ports.length === 1 ? `port ${open.ports[0]}` : `ports ${open.ports.join(", ")}`;
      yield {
        subject: service.name,
        message: `The health check of "${service.name}" asks port ${probe.port}, but the service listens on ${ports}.`,
        severity: weigh(service, "high"),
        ...(open.inCode ? { confidence: "likely" as const } : {}),
        evidence: [
          evidence(probe.at, `the health check asks port ${probe.port}`),
          evidence(open.at, `listens on ${ports}`),
        ],
        fix: () =>
          offer(
            {
              title: `Ask port ${open.ports[0]}`,
              grade: "needs-testing",
              test: probeTest([service.name]),
            },
            open.ports.length === 1 ? portEdit(stack, service, probe, open.ports[0]!) : undefined,
          ),
      };
    }
  },
});

/** The port of the URL; undefined where what is published says that the check has the right one and the program not. */
function portEdit(stack: Stack, service: Service, probe: HttpProbe, port: number): Edit | undefined {
  if (service.ports.some(each => each.target === probe.port)) return undefined;
  const host = probe.host.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const written = new RegExp(`(?<=${host}):${probe.port}(?=[/"'\\s?)]|$)`);
  const unwritten = new RegExp(`(?<=//${host})(?=[/"'\\s?)]|$)`);
  return (
    editInCheck(stack, service, written, `:${port}`) ?? editInCheck(stack, service, unwritten, `:${port}`)
  );
}
