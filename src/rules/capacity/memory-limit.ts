import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "capacity/memory-limit",
  title: "Every service has a memory limit",
  claim: "stays-within-limits",
  severity: "medium",
  why: "When one service leaks, the kernel kills whatever it likes best on the whole machine, often the database.",
  *check(stack) {
    const services = serverServices(stack);
    for (const project of stack.projects) {
      const own = services.filter(service => service.project === project);
      const open = own.filter(service => !isLimited(service));
      for (const service of own)
        if (isLimited(service)) yield { subject: service.name, kept: evidence(service.at, "memory limit") };
      const first = open[0];
      if (!first) continue;
      yield {
        subject: project.name,
        message:
          open.length === own.length
            ? `No service of "${project.name}" has a memory limit: each of ${listNames(open.map(service => service.name))} can use up the memory of all.`
            : `${listNames(open.map(service => service.name))} ${open.length === 1 ? "has" : "have"} no memory limit and can use up the memory of the services that have one.`,
        severity: weigh(project, "medium"),
        evidence: [
          evidence(first.at, "no memory limit"),
          ...open.slice(1).map(service => evidence(service.at, "no memory limit")),
        ],
      };
    }
  },
});

/** Compose honours both spellings; a value with an unknown variable is still a limit. */
function isLimited(service: Service): boolean {
  return (
    service.get("mem_limit") !== undefined ||
    service.get("deploy", "resources", "limits", "memory") !== undefined
  );
}
