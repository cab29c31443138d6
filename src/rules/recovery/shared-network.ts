import type { Evidence } from "../../core/finding.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { oncePerPlace } from "../../stack/query-process.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "recovery/shared-network",
  title: "No service loses its network when another one restarts",
  claim: "survives-dependency-loss",
  severity: "medium",
  why: "When the other container crashes and Docker starts it again, it gets a new network; this service keeps the old one, which reaches nobody, until somebody restarts it.",
  *check(stack) {
    const first = oncePerPlace();
    const groups = new Map<Service, { from: Service[]; places: Evidence[] }>();
    for (const service of serverServices(stack)) {
      const mode = service.networkMode;
      const name = /^service:(.+)$/.exec(mode?.value ?? "")?.[1];
      const other = service.project.services.find(each => each.name === name);
      if (!mode || !other || !first(mode.at)) continue;
      // Something restarts containers that turn unhealthy, and this one asks to be among them.
      const healed = service.labels.some(label => /autoheal/.test(label.name)) && service.healthcheck;
      if (healed) continue;
      const group = groups.get(other) ?? { from: [], places: [] };
      groups.set(other, group);
      group.from.push(service);
      group.places.push(evidence(mode.at, `shares the network of ${other.name}`));
    }
    for (const [other, { from, places }] of groups) {
      const [use, are] = from.length === 1 ? ["uses", "is"] : ["use", "are"];
      yield {
        subject: from[0]!.name,
        message: `${listNames(from.map(({ name }) => name))} ${use} the network of "${other.name}" and ${are} cut off as soon as that container restarts.`,
        severity: weigh(from[0]!, "medium"),
        evidence: [places[0]!, ...places.slice(1), evidence(other.at, "its network ends with its container")],
      };
    }
  },
});
