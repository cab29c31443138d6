import { evidence, weighLack } from "../../stack/query.ts";
import { droppedInUse } from "../../stack/query-dropped-in-use.ts";
import { callerName } from "../../stack/query-scripts.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/restore-in-use",
  title: "A restore frees the database before it drops it",
  claim: "backup-restores",
  severity: "medium",
  why: "PostgreSQL drops no database to which somebody is connected: the restore ends at its first step, or goes on and loads over what is there.",
  *check(stack) {
    for (const { placed, store, user } of droppedInUse(stack))
      yield {
        subject: placed.caller.file,
        message: `${callerName(placed)} drops the database of "${store.name}" while "${user.name}" is connected to it: PostgreSQL refuses that, and nothing here stops the program or ends its connections first.`,
        severity: weighLack(store, "medium"),
        confidence: "likely",
        evidence: [
          evidence(placed.call.at, "is refused while somebody is connected"),
          evidence(user.at, "keeps connections open"),
        ],
      };
  },
});
