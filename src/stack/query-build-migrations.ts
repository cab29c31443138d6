import { djangoSettings } from "../artifacts/django.ts";
import { concrete, entryOf, isTruthy, type Lookup, type Value } from "../artifacts/value.ts";
import { join } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import type { ImageModel } from "./image/image.ts";
import { runCommands } from "./image/run-commands.ts";
import { buildVariables, stoppedBuilds } from "./query-build-settings.ts";
import { isLoopback, lookupOf, pointsAt, protocolOf, storeUrl } from "./query-environment.ts";
import type { Build, Service, Stack } from "./stack.ts";

/** Migrations that run while an image is built. */

export interface BuildMigration {
  readonly at: Location;
  /** As a person would say it: `manage.py migrate`. */
  readonly command: string;
  /** The build stops when it fails. */
  readonly decisive: boolean;
  /** The settings choose a file of SQLite there; where they say so. */
  readonly file?: Location;
}

const tools: readonly (readonly [RegExp, string])[] = [
  [/(?:^|\s|\/)manage\.py migrate(?:\s|$)/, "manage.py migrate"],
  [/(?:^|\s)alembic (?:-\S+ \S+ )*upgrade(?:\s|$)/, "alembic upgrade"],
  [/(?:^|\s)flask db upgrade(?:\s|$)/, "flask db upgrade"],
  [/(?:^|\s)prisma migrate deploy(?:\s|$)/, "prisma migrate deploy"],
  [/(?:^|\s)prisma db push(?:\s|$)/, "prisma db push"],
  [/(?:^|\s)(?:\S*bin\/)?(?:rails|rake) db:(?:migrate|prepare|setup)(?:\s|$)/, "rails db:migrate"],
  [/(?:^|\s)(?:\.\/)?artisan migrate(?:\s|$)/, "artisan migrate"],
  [/(?:^|\s)knex migrate:latest(?:\s|$)/, "knex migrate:latest"],
  [/(?:^|\s)(?:sequelize|sequelize-cli) db:migrate(?:\s|$)/, "sequelize db:migrate"],
  [/(?:^|\s)typeorm migration:run(?:\s|$)/, "typeorm migration:run"],
];

/** What the final image's build runs against a database. A step that starts one for itself is left out. */
export function* buildMigrations(stack: Stack, build: Build, stage: ImageModel): Generator<BuildMigration> {
  const stopped = [...stoppedBuilds(stack, build, stage)];
  for (const run of stage.stage.runs) {
    if (startsDatabase.test(run.fragment.text)) continue;
    const workdir = run.workdir?.startsWith("/") ? run.workdir : stage.workdir;
    for (const command of runCommands(run, workdir)) {
      const line = command.words.map(word => word.value ?? "?").join(" ");
      const name = tools.find(([pattern]) => pattern.test(line))?.[1];
      // The text of a script that the start runs.
      if (!name || /^(?:echo|printf|cat|tee|sed)$/.test(command.words[0]?.value ?? "")) continue;
      if (/--(?:plan|check|fake|help|list)\b/.test(line)) continue;
      // The settings end before any database is asked: that is told already.
      if (stopped.some(each => each.at.span.start === command.at.span.start)) continue;
      const file =
        name === "manage.py migrate" && command.directory !== undefined
          ? sqliteAt(
              stack,
              stage,
              command.at,
              command.directory,
              buildVariables(stage, build, run.fragment.text),
            )
          : undefined;
      yield { at: command.at, command: name, decisive: command.decisive, ...(file ? { file } : {}) };
    }
  }
}

const startsDatabase =
  /\b(?:pg_ctl|pg_ctlcluster|postgres -D|mysqld|mysqld_safe|service (?:postgresql|mysql|mariadb) start|initdb)\b/;

/** Where the settings of the Django that is copied there choose SQLite, under the build's variables. */
function sqliteAt(
  stack: Stack,
  stage: ImageModel,
  at: Location,
  directory: string,
  lookup: Lookup,
): Location | undefined {
  const manage = stage.fileBefore(at, join(directory, "manage.py")).source;
  const component = stack.components.find(
    each => each.django && join(each.django.dir, "manage.py") === manage,
  );
  if (!component?.django) return undefined;
  const settings = djangoSettings(
    component.files,
    component.django,
    lookup("DJANGO_SETTINGS_MODULE") ?? undefined,
  );
  const database = settings && entryOf(settings.values.get("DATABASES"), "default");
  if (!database) return undefined;
  const engine = entryOf(database, "ENGINE");
  const known = engine ? concrete(engine, lookup) : undefined;
  return typeof known === "string" && known.includes("sqlite") ? placeOf(engine!, lookup) : undefined;
}

/** Where the branch stands that is taken. */
function placeOf(value: Value, lookup: Lookup): Location {
  if (value.kind !== "choice") return value.at;
  const test = concrete(value.test, lookup);
  return test === undefined ? value.at : placeOf(isTruthy(test) ? value.yes : value.no, lookup);
}

/** The Django of a service runs on SQLite itself: the file of the image is its database. */
export function runsOnSqlite(service: Service): boolean {
  const { component } = service;
  if (!component?.django) return false;
  const lookup = lookupOf(service);
  const settings = djangoSettings(
    component.files,
    component.django,
    service.environment.find(each => each.name === "DJANGO_SETTINGS_MODULE")?.value?.text,
  );
  const engine = entryOf(settings?.values.get("DATABASES"), "default", "ENGINE");
  const known = engine && concrete(engine, lookup);
  return typeof known === "string" && known.includes("sqlite");
}

/** The database of its project that a service is led to. */
export function databaseOf(service: Service): Service | undefined {
  const isDatabase = (other: Service | undefined): other is Service =>
    other !== undefined && other !== service && ["postgres", "mysql"].includes(protocolOf(other) ?? "");
  const named = service.environment.map(each => pointsAt(service.project, each)).find(isDatabase);
  if (named) return named;
  return service.dependsOn
    .map(({ service: name }) => service.project.services.find(other => other.name === name))
    .find(isDatabase);
}

/** A database elsewhere that the build is led to: somebody's real one. */
export function outsideDatabase(build: Build, stage: ImageModel): { host: string; at: Location } | undefined {
  const settings = [
    ...stage.stage.args.flatMap(({ name, value }) => (value ? [{ name: name.value, value }] : [])),
    ...[...stage.env].map(([name, value]) => ({ name, value })),
    ...build.args.flatMap(({ name, value, at }) =>
      value?.text === undefined ? [] : [{ name, value: { value: value.text, at } }],
    ),
  ];
  for (const { name, value } of settings) {
    const url = storeUrl(value.value);
    const host = url
      ? url.protocol === "postgres" || url.protocol === "mysql"
        ? url.host
        : undefined
      : /(?:^|_)(?:DB|DATABASE|POSTGRES|PG|MYSQL)_?HOST$/.test(name)
        ? value.value
        : undefined;
    if (
      host?.includes(".") &&
      !host.includes("$") &&
      !isLoopback(host) &&
      !/(?:^|\.)(?:example|internal|local|invalid|test)(?:\.|$)/.test(host)
    )
      return { host, at: value.at };
  }
  return undefined;
}
