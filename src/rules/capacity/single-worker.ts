import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { singleWorker } from "../../stack/query-pools.ts";
import { oncePerPlace } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "capacity/single-worker",
  title: "More than one visitor is served at a time",
  claim: "meets-its-load",
  severity: "medium",
  why: "One slow page, one large upload or one call to another company keeps everybody else waiting, the health check included; what takes longer than half a minute is killed.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of serverServices(stack)) {
      const at = service.oneShot ? undefined : singleWorker(stack, service);
      if (!at || !first(at)) continue;
      yield {
        subject: service.name,
        message: `"${service.name}" serves one request at a time: gunicorn starts one worker of one thread unless it is told otherwise.`,
        severity: weigh(service, "medium"),
        evidence: [evidence(at, "neither workers nor threads")],
      };
    }
  },
});
