import { evidence, listPlain } from "../../stack/query.ts";
import { type PlainRestore, plainRestores } from "../../stack/query-restores.ts";
import { callerName, commandPlace } from "../../stack/query-scripts.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/restore-onto-data",
  title: "A restore takes the place of the data that is there",
  claim: "backup-restores",
  severity: "high",
  why: "Each table of the dump is there already, and each of its COPY commands ends at the first row that is there as well and brings none. What was lost stays lost, or old and new rows stand side by side.",
  *check(stack) {
    const found = plainRestores(stack).filter(({ onto }) => onto);
    const [first] = found;
    if (!first) return;
    const names = [...new Set(found.map(({ placed }) => callerName(placed)))];
    const silent = found.some(({ stops }) => !stops);
    const dumps = new Map(found.map(({ onto }) => [onto!.call.command, onto!]));
    yield {
      subject: first.placed.caller.file,
      message: `${listPlain(names)} ${names.length === 1 ? "loads" : "load"} a dump into the database that is in use: nothing empties it, and the dump drops nothing, so that the tables which are there keep what they hold${silent ? ", and psql reports success" : ""}.`,
      severity: silent ? "high" : "medium",
      confidence: "likely",
      evidence: [
        loaded(first),
        ...found.slice(1).map(loaded),
        ...[...dumps.values()].map(({ call }) => evidence(commandPlace(call), "dumps without --clean")),
      ],
    };
  },
});

function loaded({ placed }: PlainRestore) {
  return evidence(commandPlace(placed.call), "loads it over what is there");
}
