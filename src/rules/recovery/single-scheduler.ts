import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { copiesOf, scheduleIn } from "../../stack/query-schedules.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "recovery/single-scheduler",
  title: "A schedule runs once, however many copies its program has",
  claim: "meets-its-load",
  severity: "high",
  why: "Every copy has a clock of its own: each job is started by all of them, so that mails are sent and bills are made as often as there are processes.",
  *check(stack) {
    for (const service of serverServices(stack)) {
      const copies = copiesOf(service);
      const schedule = copies && scheduleIn(stack, service);
      if (!copies || !schedule) continue;
      yield {
        subject: service.name,
        message: `"${service.name}" runs as ${copies.says}, and each of them starts ${schedule.name}: every job is done ${copies.count} times.`,
        severity: weigh(service, "high"),
        confidence: "likely",
        evidence: [evidence(schedule.at, "a clock in each of them"), evidence(copies.at, copies.says)],
      };
    }
  },
});
