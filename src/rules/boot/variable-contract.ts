import type { Evidence } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { setWhatIsRead } from "../../remedies/connection-variables.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { type ConnectionGap, connectionGaps } from "../../stack/query-connections.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/variable-contract",
  title: "Programs connect with the variables that Compose sets",
  claim: "configured-completely",
  severity: "high",
  why: "The address and credentials in the Compose file have no effect: the program uses the defaults in its code, which lead elsewhere.",
  *check(stack) {
    for (const group of grouped(connectionGaps(stack))) {
      const { component, service } = group[0]!;
      const services = [...new Set(group.map(gap => gap.service.name))];
      const variables = [...new Set(group.flatMap(gap => gap.variables.map(each => each.name)))];
      const reads = [...new Set(group.flatMap(gap => gap.reads))];
      const fails = [...new Set(group.flatMap(gap => gap.fails ?? []))];
      const places = group.flatMap(gap =>
        gap.variables.map(each => evidence(each.at, "set here, read by nothing")),
      );
      const instead = group.flatMap(gap => gap.instead);
      const one = services.length === 1;
      const subject = `${one ? "Service" : "Services"} ${listNames(services)}`;
      const reading = reads.length === 0 ? "" : ` The code reads ${listNames(reads)} instead.`;
      const end = fails.length === 0 ? "" : ` As configured, ${fails.join("; ")}.`;
      yield {
        subject: component.dir === "" ? services.join(", ") : `${component.dir}: ${services.join(", ")}`,
        message: `${subject} ${one ? "does" : "do"} not read ${listNames(variables)}, which Compose sets to say where to connect.${reading}${end}`,
        evidence: unique([...places, ...instead]),
        severity: weigh(service, fails.length > 0 ? "critical" : "high"),
        ...(fails.length > 0 ? {} : { confidence: "likely" as const }),
        fix: () => setWhatIsRead(stack, group),
      };
    }
  },
});

/** One cause: the code of a component, whatever number of services and stores it concerns. */
function grouped(gaps: readonly ConnectionGap[]): ConnectionGap[][] {
  const groups = new Map<string, ConnectionGap[]>();
  for (const gap of gaps) {
    const key = `${gap.service.project.files.join()}\n${gap.component.dir}`;
    addTo(groups, key, gap);
  }
  return [...groups.values()];
}

function unique(list: readonly Evidence[]): Evidence[] {
  const seen = new Map(list.map(each => [`${each.at.file}:${each.at.span.start}`, each]));
  return [...seen.values()];
}
