import { evidence, listPlain } from "../../stack/query.ts";
import { ownService } from "../../stack/query-policies.ts";
import { unreadWorkflows } from "../../stack/query-unread-workflows.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "pipeline/unread-workflow",
  title: "Every workflow lies where GitHub looks for it",
  claim: "pipeline-gates",
  severity: "medium",
  why: "Its jobs have not run since the folder lies below the root: whoever sees the file believes that changes are checked, and nothing checks them.",
  *check(stack) {
    if (!ownService(stack)) return;
    for (const { folder, files, tests } of unreadWorkflows(stack)) {
      const one = files.length === 1;
      yield {
        subject: `${folder}/.github`,
        message: `GitHub never runs ${listPlain(files.map(({ path }) => path))}: it reads workflows in .github at the root of the repository alone${tests ? ", and no workflow there runs a test" : ""}.`,
        severity: tests ? "medium" : "low",
        evidence: [
          evidence(files[0]!.at, "lies below the root"),
          ...(one ? [] : files.slice(1).map(({ at }) => evidence(at, "lies below the root"))),
        ],
      };
    }
  },
});
