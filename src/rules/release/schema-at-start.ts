import { evidence, weigh } from "../../stack/query.ts";
import { schemaAtStart } from "../../stack/query-schema-at-start.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/schema-at-start",
  title: "Migrations change the schema of the production database",
  claim: "migrates-safely",
  severity: "high",
  why: "A program that fits the tables to its code by itself either never changes a table that exists, so that the release with a new column fails, or drops what the code no longer names, with the data in it.",
  *check(stack) {
    for (const { service, at, what, runAt, addsOnly } of schemaAtStart(stack)) {
      yield {
        subject: service.name,
        message: addsOnly
          ? `"${service.name}" makes its tables with \`${what}\` when it starts, which leaves tables that exist as they are, and no tool for migrations is in the repository: a new column never gets there.`
          : `"${service.name}" changes the tables of the production database whenever it starts (\`${what}\`): a column that is renamed in the code is dropped with its data.`,
        severity: weigh(service, addsOnly ? "medium" : "high"),
        confidence: "likely",
        evidence: [
          evidence(at, addsOnly ? "makes the tables that are missing" : "changes the tables"),
          ...(runAt ? [evidence(runAt, "runs it")] : []),
        ],
      };
    }
  },
});
