import { evidence, weigh } from "../../stack/query.ts";
import { emptiedAtStart } from "../../stack/query-emptied.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/emptied-at-start",
  title: "A start leaves the tables as they are",
  claim: "data-survives-redeploy",
  severity: "critical",
  why: "Every release, every crash and every restart of the server deletes what the users have stored.",
  *check(stack) {
    const told = new Set<string>();
    for (const { service, at, what, runAt, sure } of emptiedAtStart(stack)) {
      const key = `${at.file}:${at.span.start}`;
      if (told.has(key)) continue;
      told.add(key);
      yield {
        subject: `${service.name} ${what}`,
        message: `"${service.name}" drops its tables whenever it starts: \`${what}\`.`,
        severity: weigh(service, sure ? "critical" : "medium"),
        confidence: "likely",
        evidence: [
          evidence(at, "drops the tables and makes them anew"),
          ...(runAt ? [evidence(runAt, "runs it")] : []),
          evidence(
            service.at,
            sure ? "nothing says otherwise here" : "an env file that is not here may say otherwise",
          ),
        ],
      };
    }
  },
});
