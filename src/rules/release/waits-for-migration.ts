import { evidence, listNames, weigh } from "../../stack/query.ts";
import { racedMigrations } from "../../stack/query-migration-race.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/waits-for-migration",
  title: "New code starts when the migration is done, and does not start when it has failed",
  claim: "migrates-safely",
  severity: "medium",
  why: "Every release begins with code that asks for tables and columns that are not there yet; and where the migration fails, the new code goes on serving over the old schema, and the release looks done.",
  *check(stack) {
    for (const { migration, services } of racedMigrations(stack)) {
      const names = services.map(({ service }) => service.name);
      yield {
        subject: migration.name,
        message: `${listNames(names)} ${names.length === 1 ? "starts" : "start"} beside "${migration.name}", which brings the database to the schema of their code: nothing makes ${names.length === 1 ? "it" : "them"} wait until it has ended well.`,
        severity: weigh(migration, "medium"),
        evidence: [
          evidence(migration.at, "migrates, and ends"),
          ...services.map(({ service, edge }) =>
            evidence(
              edge?.at ?? service.at,
              edge ? "waits only until it has been started" : "does not wait for it",
            ),
          ),
        ],
      };
    }
  },
});
