import { evidence, listPlain } from "../../stack/query.ts";
import { type PlainRestore, plainRestores } from "../../stack/query-restores.ts";
import { callerName, commandPlace } from "../../stack/query-scripts.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/restore-errors",
  title: "A restore that fails says so",
  claim: "backup-restores",
  severity: "medium",
  why: "After each error psql goes on, and it ends with success: a restore that brought half of the tables looks like a good one, and the application is started on it.",
  *check(stack) {
    const found = plainRestores(stack).filter(({ onto, stops }) => !onto && !stops);
    const [first] = found;
    if (!first) return;
    const names = [...new Set(found.map(({ placed }) => callerName(placed)))];
    yield {
      subject: first.placed.caller.file,
      message: `${listPlain(names)} ${names.length === 1 ? "does" : "do"} not notice when a restore fails: psql runs without ON_ERROR_STOP.`,
      confidence: "likely",
      evidence: [silent(first), ...found.slice(1).map(silent)],
    };
  },
});

function silent({ placed }: PlainRestore) {
  return evidence(commandPlace(placed.call), "ends with success whatever fails");
}
