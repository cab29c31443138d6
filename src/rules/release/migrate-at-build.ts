import { evidence, listNames } from "../../stack/query.ts";
import { groupBuilds, weighBuilds } from "../../stack/query-build.ts";
import {
  type BuildMigration,
  buildMigrations,
  databaseOf,
  outsideDatabase,
  runsOnSqlite,
} from "../../stack/query-build-migrations.ts";
import { migrationOf } from "../../stack/query-migrations.ts";
import type { Build, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/migrate-at-build",
  title: "Migrations run beside the database, not while the image is built",
  claim: "migrates-safely",
  severity: "high",
  why: "A build has neither the network nor the variables of the stack: the step stops it, or changes a database that nobody serves from, and the real one keeps its old schema.",
  *check(stack) {
    const modelled = stack.builds.filter(
      build => build.model && build.contextState === "present" && build.grade !== "development",
    );
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.context}`)) {
      const services = stack.services.filter(service => group.some(build => service.build === build));
      // A network that is chosen for the build may be the one of the database.
      if (services.some(service => service.get("build", "network"))) continue;
      const seen = new Set<number>();
      for (const build of group)
        for (const stage of build.model!.built)
          for (const migration of buildMigrations(stack, build, stage)) {
            if (seen.has(migration.at.span.start)) continue;
            seen.add(migration.at.span.start);
            const outside = outsideDatabase(build, stage);
            const unseen = build.args.find(
              ({ name, value }) => connectionName.test(name) && value?.text === undefined,
            );
            const told = outside
              ? {
                  text: `every build changes the database at ${outside.host}, before anything is released`,
                  more: [evidence(outside.at, "the database that the build reaches")],
                  severity: "high" as const,
                }
              : unseen
                ? {
                    text: `every build changes the database that ${unseen.name} names, before anything is released`,
                    more: [evidence(unseen.at, "names the database")],
                    severity: "medium" as const,
                  }
                : consequence(stack, migration, services);
            if (!told) continue;
            yield {
              subject: `${group[0].dockerfilePath} ${migration.command}`,
              message: `${group[0].dockerfilePath} runs ${migration.command} while the image is built: ${told.text}.`,
              evidence: [evidence(migration.at, "runs while the image is built"), ...told.more],
              severity: weighBuilds(group as readonly Build[], told.severity),
              confidence: "likely",
            };
          }
    }
  },
});

/** What a caller gives to a build, so that it reaches a database. */
const connectionName = /^(?:DATABASE|DB|POSTGRES(?:QL)?|MYSQL)_(?:URL|URI|DSN|HOST)$/;

/** What becomes of it; undefined where the stack has no database that it should have reached. */
function consequence(stack: Stack, migration: BuildMigration, services: readonly Service[]) {
  const users = services.filter(service => databaseOf(service) && !runsOnSqlite(service));
  const first = users[0];
  const store = first && databaseOf(first);
  if (!first || !store) return undefined;
  const migratesElsewhere = migrationOf(stack, first.project) !== undefined;
  const shown = [evidence(store.at, "the database, which runs after the build only")];
  const severity = migratesElsewhere ? ("low" as const) : ("high" as const);
  if (migration.file)
    return {
      text: `it fills a SQLite file of the image, and the database of ${listNames(users.map(service => service.name))} stays as it is`,
      more: [evidence(migration.file, "without the stack's variables"), ...shown],
      severity,
    };
  if (migration.decisive)
    return {
      text: `no build reaches "${store.name}", so that it stops there`,
      more: shown,
      severity: "high" as const,
    };
  return {
    text: `no build reaches "${store.name}", and that it fails is ignored`,
    more: shown,
    severity,
  };
}
