import type { Violation } from "../../core/finding.ts";
import type { Location } from "../../core/source.ts";
import { giveHostname } from "../../remedies/broker-hostname.ts";
import { evidence, serverServices } from "../../stack/query.ts";
import { dataDirectories, hasLastingNode, keepingOf } from "../../stack/query-data.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/broker-hostname",
  title: "RabbitMQ finds its data again in a new container",
  claim: "data-survives-redeploy",
  severity: "medium",
  why: "RabbitMQ keeps its data below the name of its node, which is the container's own: each update begins with empty queues, and what waited in the old ones is not read again.",
  *check(stack) {
    for (const service of serverServices(stack)) {
      if (service.facts?.family !== "rabbitmq") continue;
      const keeping = dataDirectories(service).map(directory => keepingOf(service, directory))[0];
      if (!keeping || (keeping.in !== "volume" && keeping.in !== "bind") || !keeping.mount) continue;
      const named = hasLastingNode(service);
      if (named === true)
        yield { subject: service.name, kept: evidence(service.at, "its node keeps its name") };
      else if (named === false) yield lost(stack, service, keeping.mount.at);
    }
  },
});

function lost(stack: Stack, service: Service, mounted: Location): Violation {
  return {
    subject: service.name,
    message: `"${service.name}" has a volume for its data and no \`hostname\`: a new container has another node name, and begins with empty queues.`,
    evidence: [
      evidence(service.at, "no `hostname` key"),
      evidence(mounted, "holds the data, below the node's name"),
    ],
    ...(service.project.grade === "deployed" ? {} : { severity: "low" as const }),
    fix: () => giveHostname(stack, service),
  };
}
