import { monitoringFix } from "../../remedies/monitoring-fix.ts";
import { evidence } from "../../stack/query.ts";
import { hasWatcher, ownService } from "../../stack/query-policies.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "observe/failure-notice",
  title: "A failure is told to a person",
  claim: "failure-is-noticed",
  severity: "low",
  why: "The first to notice that the site is down, or that every request fails, is a user.",
  *check(stack) {
    const service = ownService(stack);
    if (!service || hasWatcher(stack)) return;
    yield {
      subject: "alerts",
      message: `Nothing in this repository tells anybody that "${service.name}" fails: no monitoring service, no error reports, no alert in a script.`,
      evidence: [evidence(service.at, "fails in silence")],
      // A check from outside needs no file here.
      confidence: "possible",
      fix: () => monitoringFix(stack, service.project),
    };
  },
});
