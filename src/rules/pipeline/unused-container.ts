import { evidence } from "../../stack/query.ts";
import { databaseContainers, databaseTests } from "../../stack/query-test-database.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "pipeline/unused-container",
  title: "A job uses the database that it starts",
  claim: "pipeline-gates",
  severity: "low",
  why: "The job looks as if it tested on the real database, and does not: people rely on a check that is not made.",
  *check(stack) {
    const told = new Set<unknown>();
    for (const { job, workflow, engine, placed } of databaseTests(stack)) {
      const [container] = databaseContainers(job);
      if (!container || told.has(job) || engine.name !== "sqlite3") continue;
      told.add(job);
      const { start, end } = container.at.span;
      const text = workflow.source.text;
      // Anything else in the workflow that knows how to reach it uses it.
      const rest = text.slice(0, start) + text.slice(end);
      if (
        /localhost|127\.0\.0\.1|5432|3306|psql|pg_isready|mysqladmin|DATABASE_URL|DB_HOST|POSTGRES_HOST/.test(
          rest,
        )
      )
        continue;
      yield {
        subject: `${workflow.file} ${job.id.value}`,
        message: `Job "${job.id.value}" of ${workflow.file} starts ${container.image?.value ?? "a database"}, and its tests run on SQLite.`,
        evidence: [
          evidence(container.image?.at ?? container.at, "nothing in the job connects to it"),
          evidence(placed.call.at, "runs with settings for SQLite"),
          evidence(engine.at, "the database of these settings"),
        ],
        confidence: "likely",
      };
    }
  },
});
