import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { oncePerPlace } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "recovery/starts-at-boot",
  title: "Every long-running service starts when the server starts",
  claim: "survives-reboot",
  severity: "medium",
  why: "After a reboot or an upgrade of Docker the service stays down until somebody starts it by hand.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of serverServices(stack)) {
      const text = service.restart?.text;
      if (!service.restart || text === undefined) continue;
      if (text === "always" || text === "unless-stopped") {
        yield {
          subject: service.name,
          kept: evidence(service.restart.at, `starts with the server: ${text}`),
        };
        continue;
      }
      // What is kept down on purpose listens for nobody.
      const deliberate = text === "no" && service.ports.length === 0 && service.kind !== "database";
      if (deliberate || !/^(no|on-failure(:\d+)?)$/.test(text) || !first(service.restart.at)) continue;
      const { at } = service.restart;
      const edits = [{ at, text: "unless-stopped" }];
      yield {
        subject: service.name,
        message: `"${service.name}" stays down after the server restarts: its restart policy is "${text}".`,
        severity: weigh(service, "medium"),
        evidence: [evidence(at, text === "no" ? "never restarts" : "restarts after a failure only")],
        fix: { title: "Restart unless stopped", grade: "needs-testing", edits },
      };
    }
  },
});
