import { evidence } from "../../stack/query.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "pipeline/secret-condition",
  title: "No condition of a workflow asks for a secret",
  claim: "pipeline-gates",
  severity: "high",
  why: "GitHub gives conditions no secrets and refuses the whole file (\"Unrecognized named-value: 'secrets'\"): no job of it runs, whatever it was to check, build or release.",
  *check(stack) {
    for (const workflow of stack.workflows) {
      if (!workflow.file.startsWith(".github/")) continue;
      const places = workflow.jobs.flatMap(job =>
        [job.if, ...job.steps.map(step => step.if)].flatMap(condition =>
          condition && asks(condition.value) ? [condition.at] : [],
        ),
      );
      const [first, ...more] = places;
      if (!first) continue;
      yield {
        subject: workflow.file,
        message: `GitHub refuses ${workflow.file}: ${places.length === 1 ? "a condition asks" : "conditions ask"} for a secret there, and none of its jobs runs.`,
        evidence: [
          evidence(first, "`secrets` is not known here"),
          ...more.map(at => evidence(at, "`secrets` is not known here")),
        ],
      };
    }
  },
});

/** As a context, not as a word inside a text. */
function asks(condition: string): boolean {
  return /(?:^|[^\w.'-])secrets\s*[.[]/.test(condition.replace(/'[^']*'/g, "''"));
}
