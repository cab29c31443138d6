import { evidence } from "../../stack/query.ts";
import { databaseTests, deployedEngine } from "../../stack/query-test-database.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "pipeline/test-database",
  title: "Tests run on the database that production uses",
  claim: "pipeline-gates",
  severity: "low",
  why: "What only the other database refuses, a type, a constraint, a migration with SQL of its own, is tried for the first time in production.",
  *check(stack) {
    const tests = databaseTests(stack);
    const deployed = tests.length > 0 ? deployedEngine(stack) : undefined;
    if (!deployed || deployed.name === "sqlite3") return;
    // A second run on the real database is what is asked for.
    const real = tests.find(test => test.engine.name === deployed.name);
    if (real) {
      yield { subject: "tests", kept: evidence(real.placed.call.at, `tests run on ${deployed.name}`) };
      return;
    }
    const other = tests.find(test => test.engine.name === "sqlite3");
    if (!other) return;
    yield {
      subject: "tests",
      message: `The pipeline tests on SQLite, and production uses ${deployed.name}: its migrations and queries are never run before a release.`,
      evidence: [
        evidence(other.engine.at, "the database of the tests"),
        evidence(other.placed.call.at, "runs the tests with these settings"),
        evidence(deployed.at, "the database of production"),
      ],
      confidence: "likely",
    };
  },
});
