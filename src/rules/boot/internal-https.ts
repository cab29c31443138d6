import { evidence, weigh } from "../../stack/query.ts";
import { oncePerPlace } from "../../stack/query-process.ts";
import { redirectedCalls } from "../../stack/query-redirected.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/internal-https",
  title: "Services reach each other without being sent to HTTPS",
  claim: "boots-healthy",
  severity: "high",
  why: "The one that asks follows the redirect to HTTPS on a port where nobody speaks it: every request between the two fails, while visitors see a site that works.",
  *check(stack) {
    const first = oncePerPlace();
    for (const { service, at, setting, caller, calledAt, address } of redirectedCalls(stack)) {
      if (!first(at)) continue;
      yield {
        subject: caller.name,
        message: `"${caller.name}" asks "${service.name}" at ${address}, and ${setting} answers every plain request with a redirect to HTTPS.`,
        severity: weigh(service, "high"),
        confidence: "likely",
        evidence: [evidence(calledAt, "asks in plain HTTP"), evidence(at, "sends it to HTTPS")],
      };
    }
  },
});
