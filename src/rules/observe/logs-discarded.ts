import { replaceNode } from "../../formats/yaml-edit.ts";
import { effectiveDirective } from "../../stack/proxy/inherit.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { proxyGrade, proxyName, proxyTitle, serverProxies } from "../../stack/query-proxy.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "observe/logs-discarded",
  title: "Errors are written down somewhere",
  claim: "failure-is-noticed",
  severity: "medium",
  why: "After a crash there is not one line that says why, and `docker logs` answers with an error of its own.",
  *check(stack) {
    const services = serverServices(stack);
    for (const project of stack.projects) {
      const mute = services.flatMap(service => {
        const node = service.project === project ? service.get("logging", "driver") : undefined;
        return node?.kind === "scalar" && node.value === "none" ? [{ service, node }] : [];
      });
      const nodes = [...new Set(mute.map(each => each.node))];
      const [first, ...more] = nodes.map(node => evidence(node.at, "every line is thrown away"));
      if (!first) continue;
      const one = mute.length === 1;
      yield {
        subject: project.name,
        message: `Nothing that ${listNames(mute.map(({ service }) => service.name))} ${one ? "prints" : "print"} is kept: the log driver is none.`,
        severity: weigh(project, "medium"),
        evidence: [first, ...more],
        fix: () => ({
          title: "Keep the logs in a bounded file",
          grade: "needs-testing",
          edits: nodes.map(node => replaceNode(node, "local")),
        }),
      };
    }
    for (const proxy of serverProxies(stack)) {
      const logs = proxy.effective.servers.flatMap(server => effectiveDirective(server, "error_log") ?? []);
      const away = [...new Set(logs)].filter(({ args }) => args[0]?.value === "/dev/null");
      const [first, ...more] = away.map(({ at }) => evidence(at, "errors are thrown away"));
      if (!first) continue;
      yield {
        subject: proxyName(proxy),
        message: `${proxyTitle(proxy)} throws its errors away: no upstream that failed can be found afterwards.`,
        severity: weigh(proxyGrade(proxy), "medium"),
        evidence: [first, ...more],
      };
    }
  },
});
