import type { Evidence } from "../../core/finding.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { unservedPorts } from "../../stack/query-unserved-ports.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/published-port",
  title: "A published port has the program behind it",
  claim: "boots-healthy",
  severity: "critical",
  why: "Docker takes the connection and finds nobody behind it: every visitor is refused, while the container runs and its log shows no error.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(serverServices(stack))) {
      const found = unservedPorts(stack, service);
      if (!found || !first(found.ports[0]!.at)) continue;
      const targets = [...new Set(found.ports.map(({ target }) => target))];
      const [one, many] = ["port", "ports"];
      const published = `${targets.length === 1 ? one : many} ${targets.join(" and ")}`;
      const listens = `${found.open.ports.length === 1 ? one : many} ${found.open.ports.join(" and ")}`;
      yield {
        subject: service.name,
        message: `"${service.name}" is published on ${published} of its container, and listens on ${listens}: nobody reaches it.`,
        severity: weigh(service, "critical"),
        ...(found.open.inCode ? { confidence: "likely" as const } : {}),
        evidence: [
          ...found.ports.map(({ at }) => evidence(at, "nothing listens behind it")),
          evidence(found.open.at, `listens on ${listens}`),
        ] as unknown as [Evidence],
      };
    }
  },
});
