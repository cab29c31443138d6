import { addTo } from "../../core/group.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { type BlockingLog, blockingLogs } from "../../stack/query-log-drivers.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "observe/log-driver",
  title: "A service starts when the collector of its logs is away",
  claim: "survives-dependency-loss",
  severity: "medium",
  why: "The engine connects to the collector before it starts a container: while that one is down, a crash or a reboot leaves the service down as well.",
  *check(stack) {
    // Stacks that ask for one collector depend on it together.
    const groups = new Map<string, BlockingLog[]>();
    for (const project of stack.projects) {
      if (project.grade === "development") continue;
      for (const log of blockingLogs(stack, project))
        addTo(groups, [log.driver, log.lacks, project.grade].join("\0"), log);
    }
    for (const logs of groups.values()) {
      const [{ service, driver, lacks }] = logs as [BlockingLog];
      const names = [...new Set(logs.map(each => each.service.name))];
      yield {
        subject: service.project.name,
        message: `${listNames(names)} ${names.length === 1 ? "logs" : "log"} through the driver "${driver}": ${lacks}.`,
        evidence: logs.map(each => evidence(each.at, "no container is started without it")),
        severity: weigh(service, logs.some(each => each.refused) ? "high" : "medium"),
        confidence: "likely",
      };
    }
  },
});
