import { addTo } from "../../core/group.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { type Unserved, unservedPorts } from "../../stack/query-unserved-ports.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/published-port",
  title: "A published port has the program behind it",
  claim: "boots-healthy",
  severity: "critical",
  why: "Docker takes the connection and finds nobody behind it: every visitor is refused, while the container runs and its log shows no error.",
  *check(stack) {
    const first = oncePerPlace();
    // One configuration that several services run with is one cause; the gravest of them is told.
    const groups = new Map<string, Unserved[]>();
    for (const service of worstFirst(serverServices(stack))) {
      const found = unservedPorts(stack, service);
      if (!found || !first(found.ports[0]!.at)) continue;
      const { file, span } = found.open.at;
      const key = [file, span.start, ...found.ports.map(({ target }) => target)].join(" ");
      addTo(groups, key, found);
    }
    for (const group of groups.values()) {
      const { service, open, ports } = group[0]!;
      const names = [...new Set(group.map(each => each.service.name))];
      const [is, listens, them] = names.length === 1 ? ["is", "listens", "it"] : ["are", "listen", "them"];
      yield {
        subject: service.name,
        message: `${listNames(names)} ${is} published on ${said(ports.map(({ target }) => target!))} of the container, and ${listens} on ${said(open.ports)}: nobody reaches ${them}.`,
        severity: weigh(service, "critical"),
        ...(open.inCode ? { confidence: "likely" as const } : {}),
        evidence: [
          ...group.flatMap(each => each.ports.map(({ at }) => evidence(at, "nothing listens behind it"))),
          evidence(open.at, `listens on ${said(open.ports)}`),
        ],
      };
    }
  },
});

function said(ports: readonly number[]): string {
  const numbers = [...new Set(ports)];
  return `${numbers.length === 1 ? "port" : "ports"} ${numbers.join(" and ")}`;
}
