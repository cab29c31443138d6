import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { storeAccess } from "../../stack/query-access.ts";
import { openPorts } from "../../stack/query-ports.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "access/unauthenticated-store",
  title: "Databases ask their clients for a password",
  claim: "exposes-only-the-front-door",
  severity: "medium",
  why: "Every container on the network reads and changes all data without a password, so a break-in into the least of them is a break-in into the database.",
  *check(stack) {
    for (const project of stack.projects) {
      const open = serverServices(stack).flatMap(service => {
        // A published one is a finding of its own, and caches without a password are common inside a project.
        if (service.project !== project || !["database", "search"].includes(service.kind)) return [];
        if (openPorts(service).length > 0) return [];
        const access = storeAccess(stack, service);
        return access?.asks === "none" ? [{ service, access }] : [];
      });
      const [first, ...more] = open;
      if (!first) continue;
      const names = open.map(each => `"${each.service.name}"`).join(" and ");
      const hasDatabase = open.some(each => each.service.kind === "database");
      yield {
        subject: project.name,
        message: `${names} in project "${project.name}" ${open.length === 1 ? "lets" : "let"} every container of the network in without a password.`,
        evidence: [
          evidence(first.access.at, first.access.shows),
          ...more.map(each => evidence(each.access.at, each.access.shows)),
        ],
        severity: weigh(project, hasDatabase ? "medium" : "low"),
      };
    }
  },
});
