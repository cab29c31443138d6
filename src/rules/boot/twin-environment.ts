import { evidence, weigh } from "../../stack/query.ts";
import { poorTwins } from "../../stack/query-twins.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/twin-environment",
  title: "A worker is told where the stores are that its server uses",
  claim: "configured-completely",
  severity: "high",
  why: "The worker looks for the database where the code's default points, which is its own container: no job is done, while the site itself works.",
  *check(stack) {
    for (const { service, twin, store, variable, read, worker } of poorTwins(stack))
      yield {
        subject: service.name,
        message: `"${service.name}" runs ${worker} of the same code as "${twin.name}", and is not told where "${store.name}" is: only "${twin.name}" gets ${variable.name}.`,
        severity: weigh(service, "high"),
        confidence: "likely",
        evidence: [
          evidence(service.at, `gets no ${variable.name}`),
          evidence(variable.nameAt, `"${twin.name}" gets it`),
          ...(read ? [evidence(read, "the code of both asks for it")] : []),
        ],
      };
  },
});
