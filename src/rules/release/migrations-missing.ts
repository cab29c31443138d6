import { filesBelow } from "../../artifacts/project-files.ts";
import { addTo } from "../../core/group.ts";
import type { Location } from "../../core/source.ts";
import type { AppComponent } from "../../stack/app/detect.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { mentionsMigration, migratesInCode, migratesInSharp } from "../../stack/query-migration-mentions.ts";
import { documentedMigration } from "../../stack/query-migrations.ts";
import { schemaWithoutMigrations } from "../../stack/query-schema-only.ts";
import { unmadeSchemas } from "../../stack/query-spring-schema.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/migrations-missing",
  title: "Every release brings the database to the schema that its code expects",
  claim: "migrates-safely",
  severity: "high",
  why: "The new code asks for columns and tables that nothing has created: the first request that needs them fails.",
  *check(stack) {
    if (mentionsMigration(stack)) return;
    for (const { service, at, validates, sure } of unmadeSchemas(stack))
      yield {
        subject: service.component!.dir || service.name,
        message: `"${service.name}" ${validates ? "starts only on a database that has its tables" : "expects the tables of its entities"}, and nothing in this repository makes or changes them: there is no migration, no script and no schema.`,
        severity: weigh(service, "high"),
        confidence: sure ? "likely" : "possible",
        evidence: [
          evidence(at, validates ? "a column that is missing ends the start" : "Hibernate makes no tables"),
        ],
      };
    const found = new Map<AppComponent, Service[]>();
    for (const service of serverServices(stack)) {
      const { component } = service;
      if (component) addTo(found, component, service);
    }
    const byHand = found.size === 0 ? undefined : documentedMigration(stack);
    for (const [component, services] of solutions(stack, found)) {
      const kept = migrationsOf(component, stack);
      const only = kept ? undefined : schemaWithoutMigrations(stack, component);
      if (!(kept || only) || services.some(isUnseen)) continue;
      if (component.kind === "dotnet" ? migratesInSharp(stack) : migratesInCode(stack, component.dir))
        continue;
      const many = services.some(service => service.component !== component);
      const what = kept
        ? `with ${many ? "migrations" : `${kept.count} ${kept.count === 1 ? "migration" : "migrations"} (${kept.directory})`}, and no service, script or workflow applies them`
        : `over the tables of ${only!.file}, of which the repository keeps no migration, and no service, script or workflow makes them`;
      yield {
        subject: component.dir || component.manifest,
        message: `${listNames(services.map(service => service.name))} ${services.length === 1 ? "runs" : "run"} code ${what}${byHand ? `: ${byHand.file} tells people to do it by hand` : ""}.`,
        severity: byHand ? "low" : weigh(services[0]!, "high"),
        confidence: "likely",
        evidence: [
          evidence(startOf(services[0]!), "starts without a migration"),
          ...services.slice(1).map(service => evidence(startOf(service), "starts without a migration")),
          ...(only ? [evidence(only, "its tables are made by nothing")] : []),
          ...(byHand ? [evidence(byHand, "is left to people")] : []),
        ],
      };
    }
  },
});

/** Without a process in sight the entry point may do it. That of PHP's own images starts the server and nothing else. */
function isUnseen({ process, facts }: Service): boolean {
  return process === undefined && facts?.family !== "php";
}

function startOf({ process, at }: Service): Location {
  return process?.at ?? at;
}

/** The programs of one solution of .NET with migrations are one: what would apply them is in none of its projects. */
function solutions(stack: Stack, found: ReadonlyMap<AppComponent, Service[]>): [AppComponent, Service[]][] {
  const groups: [AppComponent, Service[]][] = [];
  let solution: Service[] | undefined;
  for (const [component, services] of found) {
    if (component.kind !== "dotnet" || !migrationsOf(component, stack)) groups.push([component, services]);
    else if (solution) solution.push(...services);
    else {
      solution = [...services];
      groups.push([component, solution]);
    }
  }
  return groups;
}

const places: Partial<Record<AppComponent["kind"], RegExp>> = {
  django: /(^|\/)migrations\/\d{4}_\w+\.py$/,
  rails: /(^|\/)db\/migrate\/\d+_\w+\.rb$/,
  go: /(^|\/)migrations?\/\d{4,14}_\w+\.up\.sql$/,
  php: /(^|\/)migrations\/Version\d{14}\.php$/,
  dotnet: /(^|\/)Migrations\/\d{14}_\w+\.cs$/,
  laravel: /(^|\/)database\/migrations\/\d{4}_\d\d_\d\d_\d+_\w+\.php$/,
};

/** Migrations that the component keeps in its tree. */
function migrationsOf(
  component: AppComponent,
  stack: Stack,
): { directory: string; count: number } | undefined {
  const pattern =
    places[component.kind] ??
    (component.package
      ? /(^|\/)prisma\/migrations\/[^/]+\/migration\.sql$|(^|\/)drizzle\/\d{4}_\w+\.sql$|(^|\/)migrations?\/\d{13,14}[-_][\w-]+\.[cm]?[jt]s$/
      : /(^|\/)(alembic|migrations)\/versions\/\w+\.py$/);
  const files = filesBelow(stack.files, component.dir).filter(
    path => pattern.test(path) && !/(^|\/)(tests?|node_modules|venv|\.venv|site-packages)\//.test(path),
  );
  const first = files[0];
  return first === undefined
    ? undefined
    : { directory: first.slice(0, first.lastIndexOf("/")), count: files.length };
}
