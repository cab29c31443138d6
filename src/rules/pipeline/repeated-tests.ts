import { addTo } from "../../core/group.ts";
import { evidence } from "../../stack/query.ts";
import { isTest, wordsOf } from "../../stack/query-release.ts";
import type { PlacedCall } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "pipeline/repeated-tests",
  title: "A pipeline runs each test once",
  claim: "pipeline-gates",
  severity: "low",
  why: "Everybody waits twice as long for the answer, and a slow pipeline is one that people learn to go around.",
  *check(stack) {
    const jobs = new Map<string, PlacedCall[]>();
    for (const placed of stack.calls) {
      const { call, caller } = placed;
      if (!caller.workflow || call.via !== undefined || !isTest(wordsOf(call))) continue;
      const key = `${caller.file}\n${caller.name}\n${call.cwd}\n${suite(wordsOf(call))}`;
      if (suite(wordsOf(call)) !== "") addTo(jobs, key, placed);
    }
    for (const [first, second] of jobs.values()) {
      // Steps that exclude each other may both be there.
      if (!first || !second || isConditional(first) || isConditional(second)) continue;
      yield {
        subject: `${first.caller.file} ${first.caller.name}`,
        message: `Job "${first.caller.name}" of ${first.caller.file} runs the same tests twice.`,
        evidence: [
          evidence(first.call.at, "runs the tests"),
          evidence(second.call.at, "runs the same tests again"),
        ],
        // The second run may be there for its report.
        confidence: "possible",
      };
    }
  },
});

function isConditional({ call, caller }: PlacedCall): boolean {
  const steps = caller.workflow?.jobs.flatMap(job => job.steps) ?? [];
  return steps.find(step => step.calls.includes(call))?.if !== undefined;
}

/** What is tested, without what measures it: `coverage run manage.py test` is `manage.py test`. */
function suite(words: string): string {
  const parts = words
    .replace(/^(?:python3?(?:\.\d+)? )?(?:-m )?coverage run (?:--?[\w-]+(?:=\S+)? )*/, "")
    .replace(/^(?:poetry run|uv run|pipenv run|npx|pnpm exec|yarn)\s+/, "")
    .replace(/^python3?(?:\.\d+)?\s+(?:-m\s+)?/, "")
    .split(/\s+/)
    .filter(part => !/^--(?:cov|coverage)/.test(part));
  // A part that is not known may choose other tests.
  return parts.includes("?") ? "" : [parts[0], ...parts.slice(1).toSorted()].join(" ");
}
