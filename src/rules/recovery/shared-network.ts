import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { oncePerPlace } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "recovery/shared-network",
  title: "No service loses its network when another one restarts",
  claim: "survives-dependency-loss",
  severity: "medium",
  why: "When the other container crashes and Docker starts it again, it gets a new network; this service keeps the old one, which reaches nobody, until somebody restarts it.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of serverServices(stack)) {
      const mode = service.networkMode;
      const name = /^service:(.+)$/.exec(mode?.value ?? "")?.[1];
      const other = service.project.services.find(each => each.name === name);
      if (!mode || !other || !first(mode.at)) continue;
      // Something restarts containers that turn unhealthy, and this one asks to be among them.
      const healed = service.labels.some(label => /autoheal/.test(label.name)) && service.healthcheck;
      if (healed) continue;
      yield {
        subject: service.name,
        message: `"${service.name}" uses the network of "${other.name}" and is cut off as soon as that container restarts.`,
        severity: weigh(service, "medium"),
        evidence: [
          evidence(mode.at, `shares the network of ${other.name}`),
          evidence(other.at, "its network ends with its container"),
        ],
      };
    }
  },
});
