import type { Evidence } from "../../core/finding.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { exampleHosts } from "../../stack/query-example-hosts.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/example-host",
  title: "The example of the env file names hosts that there are",
  claim: "configured-completely",
  severity: "medium",
  why: "Whoever sets up a server copies the example and fills in the passwords: no service answers to the host in it, and the program ends or fails with its first query.",
  *check(stack) {
    for (const { service, name, host, stores } of exampleHosts(stack))
      yield {
        subject: `${name.at.file} ${name.value}`,
        message: `"${name.value}" in ${name.at.file} names the host "${host}", which is no service of the project that "${service.name}" runs in: ${stores.length === 1 ? "the store there is" : "the stores there are"} ${listNames(stores.map(each => each.name))}.`,
        severity: weigh(service, "medium"),
        confidence: "likely",
        evidence: [
          evidence(name.at, `no service is called ${host}`),
          ...stores.map(store => evidence(store.at, "this is how it is called")),
        ] as [Evidence],
      };
  },
});
