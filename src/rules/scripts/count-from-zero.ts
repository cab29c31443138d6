import { basename } from "../../core/path.ts";
import { evidence } from "../../stack/query.ts";
import { endingCounts, operates } from "../../stack/query-counts.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "scripts/count-from-zero",
  title: "A script does not end because it has counted",
  claim: "failure-is-noticed",
  severity: "medium",
  why: "`((n++))` gives the value before the count, and nothing is an error: with `set -e` the script ends there, with the rest of its checks, copies or steps undone and no word why.",
  *check(stack) {
    for (const { script, file, interpreter } of stack.scripts) {
      if (interpreter !== "bash") continue;
      const [first, ...more] = endingCounts(script);
      if (!first) continue;
      yield {
        subject: file,
        message: `${file} ends where it counts for the first time: \`((${first.words[1]?.text.trim()}))\` counts as an error while the value is 0, and \`set -e\` ends the script.`,
        evidence: [
          evidence(first.at, "from 0: the script ends here"),
          ...more.map(each => evidence(each.at, "from 0: the script ends here")),
        ],
        severity: operates.test(basename(file)) ? "medium" : "low",
        fix: () => ({
          title: "Count with an assignment, which is no error",
          grade: "safe",
          edits: [first, ...more].flatMap(each => {
            const name = /\w+/.exec(each.words[1]!.text)?.[0];
            return name === undefined ? [] : [{ at: each.at, text: `${name}=$((${name} + 1))` }];
          }),
        }),
      };
    }
  },
});
