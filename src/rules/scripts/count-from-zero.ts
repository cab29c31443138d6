import { addTo } from "../../core/group.ts";
import { basename } from "../../core/path.ts";
import { evidence, listPlain } from "../../stack/query.ts";
import { endingCounts, operates } from "../../stack/query-counts.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "scripts/count-from-zero",
  title: "A script does not end because it has counted",
  claim: "failure-is-noticed",
  severity: "medium",
  why: "`((n++))` gives the value before the count, and nothing is an error: with `set -e` the script ends there, with the rest of its checks, copies or steps undone and no word why.",
  *check(stack) {
    // One habit, told once for the scripts that operate something and once for the others.
    const groups = new Map<"medium" | "low", Counting[]>();
    for (const { script, file, interpreter } of stack.scripts) {
      const counts = interpreter === "bash" ? endingCounts(script) : [];
      if (counts.length > 0)
        addTo(groups, operates.test(basename(file)) ? "medium" : "low", { file, counts });
    }
    for (const [severity, found] of groups) {
      const [{ file, counts }] = found as [Counting];
      const all = found.flatMap(each => each.counts);
      const places = all.map(each => evidence(each.at, "from 0: the script ends here"));
      yield {
        subject: file,
        message: `${listPlain(found.map(each => each.file))} ${found.length === 1 ? "ends where it counts" : "end where they count"} for the first time: \`((${counts[0]!.words[1]?.text.trim()}))\` counts as an error while the value is 0, and \`set -e\` ends the script.`,
        evidence: [places[0]!, ...places.slice(1)],
        severity,
        fix: () => ({
          title: "Count with an assignment, which is no error",
          grade: "safe",
          edits: all.flatMap(each => {
            const name = /\w+/.exec(each.words[1]!.text)?.[0];
            return name === undefined ? [] : [{ at: each.at, text: `${name}=$((${name} + 1))` }];
          }),
        }),
      };
    }
  },
});

interface Counting {
  readonly file: string;
  /** Never empty. */
  readonly counts: ReturnType<typeof endingCounts>;
}
