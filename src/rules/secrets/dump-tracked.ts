import { evidence, listNames } from "../../stack/query.ts";
import { type TrackedDump, trackedDumps } from "../../stack/query-tracked-dumps.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/dump-tracked",
  title: "No copy of a database is in the repository",
  claim: "no-secret-leaks",
  severity: "high",
  why: "Everybody with a clone has the people of the application with the hashes of their passwords, which are guessed without anybody noticing; deleting the file leaves them in the history.",
  *check(stack) {
    const found = trackedDumps(stack);
    // One habit is one finding; a copy whose rows were read is the better proof.
    const [first, ...more] = found.toSorted((a, b) => Number(!a.table) - Number(!b.table));
    if (!first) return;
    yield {
      subject: first.file,
      message: `Git tracks ${listNames(found.map(({ file }) => file))}: ${found.length === 1 ? "a copy" : "copies"} of a database${first.table ? `, with the people of "${first.table}" and the hashes of their passwords` : ""}.`,
      evidence: [shown(first), ...more.slice(0, 5).map(shown)],
      // What has no day in its name may be a sample, and whether people are in it is not known.
      severity: found.some(each => each.table ?? each.dated) ? "high" : "medium",
      confidence: "likely",
    };
  },
});

function shown({ at, table }: TrackedDump) {
  return evidence(at, table ? "people and hashes of their passwords" : "a copy of a database");
}
