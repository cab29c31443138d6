import { type Evidence, type Severity, severities } from "../../core/finding.ts";
import { hasWorkstationValues } from "../../stack/env-work.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { oncePerPlace } from "../../stack/query-process.ts";
import type { Interpolated } from "../../stack/resolve/interpolate.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "recovery/starts-at-boot",
  title: "Every long-running service starts when the server starts",
  claim: "survives-reboot",
  severity: "medium",
  why: "After a reboot or an upgrade of Docker the service stays down until somebody starts it by hand.",
  *check(stack) {
    const first = oncePerPlace();
    const stopped: { service: Service; restart: Interpolated; severity: Severity }[] = [];
    for (const service of serverServices(stack)) {
      const { restart } = service;
      if (restart?.text === undefined || isOnDemand(service)) continue;
      // The policy of the server stands in the file that the deployment writes there.
      if (restart.references.length > 0 && hasWorkstationValues(stack, service)) continue;
      if (restart.text === "always" || restart.text === "unless-stopped") {
        yield {
          subject: service.name,
          kept: evidence(restart.at, `starts with the server: ${restart.text}`),
        };
        continue;
      }
      // What is kept down on purpose listens for nobody.
      const deliberate = restart.text === "no" && service.ports.length === 0 && service.kind !== "database";
      if (deliberate || !/^(no|on-failure(:\d+)?)$/.test(restart.text) || !first(restart.at)) continue;
      // Never is also after a crash, as without any policy.
      const severity = weigh(service.project, restart.text === "no" ? "high" : "medium");
      stopped.push({ service, restart, severity });
    }
    // One habit is one finding, however many files the stack is laid together from.
    for (const severity of severities) {
      const list = stopped.filter(each => each.severity === severity);
      if (list.length === 0) continue;
      const own = [...new Set(list.map(({ service }) => service.name))];
      const one = own.length === 1;
      const names = listNames(own);
      const policies = listNames([...new Set(list.map(({ restart }) => restart.text!))]);
      const after = list.every(({ restart }) => restart.text === "no")
        ? "a crash or a reboot"
        : "the server restarts";
      yield {
        subject: one
          ? list[0]!.service.name
          : [...new Set(list.map(({ service }) => service.project.name))].join(" "),
        message: one
          ? `${names} stays down after ${after}: its restart policy is ${policies}.`
          : `${names} stay down after ${after}: their restart policy is ${policies}.`,
        severity,
        evidence: list.map(({ restart }) =>
          evidence(restart.at, restart.text === "no" ? "never restarts" : "restarts after a failure only"),
        ) as [Evidence],
        fix: () => ({
          title: "Restart unless stopped",
          grade: "needs-testing",
          edits: list.map(({ restart }) => ({ at: restart.at, text: "unless-stopped" })),
        }),
      };
    }
  },
});

/** Something else starts it when a request comes: Sablier, by its label. */
function isOnDemand({ labels }: Service): boolean {
  return labels.some(({ name, value }) => name === "sablier.enable" && value?.text === "true");
}
