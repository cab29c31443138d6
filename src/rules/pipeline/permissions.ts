import { evidence } from "../../stack/query.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "pipeline/permissions",
  title: "A workflow's token may do what the workflow needs, and no more",
  claim: "no-secret-leaks",
  severity: "low",
  why: "A token that may write everything lets one bad dependency or action change the code, the releases and the packages of the repository.",
  *check(stack) {
    const places = stack.workflows.flatMap(workflow =>
      [workflow.permissions, ...workflow.jobs.map(job => job.permissions)].flatMap(permissions =>
        permissions?.all === "write-all" ? [evidence(permissions.at, "may write everything")] : [],
      ),
    );
    const [first, ...more] = places;
    if (!first) return;
    yield {
      subject: ".github/workflows",
      message: `${places.length === 1 ? "A workflow gives its" : `${places.length} places of the pipeline give their`} token the right to write everything in the repository.`,
      evidence: [first, ...more],
    };
  },
});
