import { evidence, listNames, weigh } from "../../stack/query.ts";
import { blockingLogs } from "../../stack/query-log-drivers.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "observe/log-driver",
  title: "A service starts when the collector of its logs is away",
  claim: "survives-dependency-loss",
  severity: "medium",
  why: "The engine connects to the collector before it starts a container: while that one is down, a crash or a reboot leaves the service down as well.",
  *check(stack) {
    for (const project of stack.projects) {
      if (project.grade === "development") continue;
      const logs = blockingLogs(stack, project);
      const [first, ...more] = logs;
      if (!first) continue;
      yield {
        subject: project.name,
        message: `${listNames(logs.map(each => each.service.name))} ${more.length === 0 ? "logs" : "log"} through the driver "${first.driver}": ${first.lacks}.`,
        evidence: [
          evidence(first.at, "no container is started without it"),
          ...more.map(each => evidence(each.at, "no container is started without it")),
        ],
        severity: weigh(project, logs.some(each => each.refused) ? "high" : "medium"),
        confidence: "likely",
      };
    }
  },
});
