import { evidence, weigh } from "../../stack/query.ts";
import { expressesInForce } from "../../stack/query-app.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "recovery/drains-requests",
  title: "A stopping Node.js server finishes the requests it has accepted",
  claim: "stops-gracefully",
  severity: "low",
  why: "Every release and every restart cuts off the requests that are in progress: their clients get an empty answer.",
  *check(stack) {
    for (const { app, service } of expressesInForce(stack)) {
      if (!app.sigterm) continue;
      if (app.sigterm.closes) {
        yield { subject: service.name, kept: evidence(app.sigterm.at, "closes the server first") };
        continue;
      }
      yield {
        subject: service.name,
        message: `"${service.name}" handles SIGTERM without closing its server: requests in progress are cut off when it stops.`,
        severity: weigh(service, "low"),
        confidence: "likely",
        evidence: [evidence(app.sigterm.at, "ends without server.close()")],
      };
    }
  },
});
