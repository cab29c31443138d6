import { evidence, weigh } from "../../stack/query.ts";
import { loadedFixtures } from "../../stack/query-loaded-fixtures.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/overwritten-at-start",
  title: "A start does not put back what people have changed",
  claim: "data-survives-redeploy",
  severity: "high",
  why: "Every release and every restart undoes the edits of the people who keep these rows, and nobody sees why.",
  *check(stack) {
    const told = new Set<string>();
    for (const { service, runAt, model, row, registered } of loadedFixtures(stack)) {
      const key = `${runAt.file}:${runAt.span.start}`;
      if (told.has(key)) continue;
      told.add(key);
      yield {
        subject: `${service.name} ${model}`,
        message: `"${service.name}" loads ${row.file} whenever it starts, over the rows of "${model}" that the admin site lets people edit.`,
        severity: weigh(service, "high"),
        confidence: "likely",
        evidence: [
          evidence(runAt, "loads it at every start"),
          evidence(row, "a row with a key is written over"),
          evidence(registered, "people edit it here"),
        ],
      };
    }
  },
});
