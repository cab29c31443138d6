import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { adminAccess } from "../../stack/query-admin.ts";
import { loopbackFix, openPorts, portNumbers } from "../../stack/query-ports.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "access/published-admin",
  title: "Administration and monitoring tools are not published to the internet",
  claim: "exposes-only-the-front-door",
  severity: "high",
  why: "A console on a public port hands its powers over the data or the server to whoever finds it, with no more than its own login in between.",
  *check(stack) {
    for (const service of serverServices(stack)) {
      const access = adminAccess(stack, service);
      if (!access) continue;
      const ports = openPorts(service).filter(port => access.ports.includes(port.target ?? 0));
      const first = ports[0];
      if (!first) {
        const local = service.ports.find(
          port => port.public === false && access.ports.includes(port.target ?? 0),
        );
        if (local) yield { subject: service.name, kept: evidence(local.at, "published on loopback only") };
        continue;
      }
      yield {
        subject: service.name,
        message: `${access.what} in service "${service.name}" is published on ${portNumbers(ports)} of the server: ${access.consequence}.`,
        evidence: [
          evidence(first.at, "published on every address"),
          ...ports.slice(1).map(port => evidence(port.at, "published on every address")),
          ...access.because.map(each => evidence(each.at, each.shows)),
        ],
        severity: weigh(service, access.severity),
        ...(access.sure ? {} : { confidence: "likely" as const }),
        fix: () => loopbackFix(stack, service, ports),
      };
    }
  },
});
