import { evidence } from "../../stack/query.ts";
import {
  callsForeignWorkflows,
  isCheckedBy,
  isNamedInTests,
  migrationsOf,
  testRun,
} from "../../stack/query-checks.ts";
import { migrates } from "../../stack/query-release.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "pipeline/migration-check",
  title: "The pipeline notices a migration that was forgotten",
  claim: "migrates-safely",
  severity: "low",
  why: "A model that changed without a migration passes its tests and fails on the database of production.",
  *check(stack) {
    const migrations = migrationsOf(stack);
    const run = migrations && testRun(stack, migrations.tests);
    if (!migrations || !run || callsForeignWorkflows(stack)) return;
    if (isCheckedBy(stack, migrations.words) || isNamedInTests(stack, migrations.words)) return;
    const applied = stack.calls.find(({ call, caller }) => caller.workflow !== undefined && migrates(call));
    yield {
      subject: migrations.title,
      message: `The pipeline tests the program and never asks ${migrations.title} whether a migration is missing (\`${migrations.check}\`).`,
      evidence: [
        evidence(run.call.at, "tests run here, and no check of migrations"),
        ...(applied
          ? [evidence(applied.call.at, "applies the migrations that are there; models are not compared")]
          : []),
        evidence(migrations.at, `migrations of ${migrations.title}`),
      ],
      // A check may stand where nobody sees it.
      confidence: "possible",
    };
  },
});
