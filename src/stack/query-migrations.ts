import { type Location, locate } from "../core/source.ts";
import { givenTo, isReached } from "./branches.ts";
import { containerScript } from "./query.ts";
import { isMigration, migrates } from "./query-release.ts";
import type { ComposeProject, Service, Stack } from "./stack.ts";

/** Questions about what brings a database to the schema that the code wants. */

export interface Migration {
  /** In whose image, and with whose environment, it runs. */
  readonly service: Service;
  /** As a shell in the service's directory takes it. */
  readonly command: string;
  /** `one-shot`: a service for it; `start`: whenever the application starts; `release`: a command of the deployment. */
  readonly when: "one-shot" | "start" | "release";
  readonly ledger: string;
}

/** Where each tool writes down what it has done: the table that grows by a row for each migration. */
const ledgers: readonly (readonly [RegExp, string])[] = [
  [/manage(\.py)? migrate/, "django_migrations"],
  [/alembic|flask db upgrade/, "alembic_version"],
  [/prisma migrate/, "_prisma_migrations"],
  [/knex/, "knex_migrations"],
  [/sequelize/, "SequelizeMeta"],
  [/typeorm/, "migrations"],
  [/(rails|rake) db:(?:migrate|prepare)/, "schema_migrations"],
];

/** The migration of a project, where its files show a command that we know. */
export function migrationOf(stack: Stack, project: ComposeProject): Migration | undefined {
  const found = project.services.flatMap(service => startMigration(stack, service) ?? []);
  const own = found.find(({ service }) => service.oneShot) ?? found[0] ?? releaseMigration(stack, project);
  const ledger = own && ledgers.find(([tool]) => tool.test(own.command))?.[1];
  return own && ledger !== undefined ? { ...own, ledger } : undefined;
}

/** The same program, or the same image: one database is meant. */
export function sameCode(one: Service, other: Service): boolean {
  if (one === other || sameRecipe(one, other)) return true;
  if (one.component || other.component) return one.component === other.component;
  return one.image?.text !== undefined && one.image.text === other.image?.text;
}

/** One Dockerfile makes both, whatever packages of a workspace it is told to start. */
function sameRecipe({ build: one }: Service, { build: other }: Service): boolean {
  return (
    one?.dockerfilePath !== undefined &&
    one.context === other?.context &&
    one.dockerfilePath === other?.dockerfilePath
  );
}

/** Some service of the project migrates when it starts. */
export function migratesItself(stack: Stack, project: ComposeProject): boolean {
  return project.services.some(service => startMigration(stack, service) !== undefined);
}

type Found = Omit<Migration, "ledger">;

function startMigration(stack: Stack, service: Service): Found | undefined {
  const when = service.oneShot ? "one-shot" : "start";
  for (const words of service.process?.commands ?? []) {
    const command = words.map(word => word.value ?? "?").join(" ");
    if (isMigration(command) && !command.includes("?")) return { service, command, when };
  }
  const starts = [
    ...(service.process?.commands ?? []).map(words => words[0]?.value),
    (service.entrypoint ?? service.model?.entrypoint)?.words[0]?.value,
  ];
  for (const path of starts) {
    if (!path?.includes("/")) continue;
    const script = containerScript(stack.scripts, stack.files, service, path);
    if (!script) continue;
    const given = givenTo(service, path);
    const call = stack.calls.find(
      one =>
        one.call.script === script &&
        migrates(one.call) &&
        isReached(script, one.call.command, given) !== false,
    )?.call;
    if (call) return { service, command: plainly(call), when };
  }
  return undefined;
}

/** `docker compose exec web python manage.py migrate`, `docker compose run --rm web alembic upgrade head`. */
function releaseMigration(stack: Stack, project: ComposeProject): Found | undefined {
  for (const { call, deploys } of stack.calls) {
    if (!deploys || call.inside?.kind !== "service" || !migrates(call)) continue;
    const service = project.services.find(({ name }) => name === call.inside?.name?.value);
    if (service) return { service, command: plainly(call), when: "release" };
  }
  return undefined;
}

function plainly(call: {
  readonly name: string;
  readonly args: readonly { readonly value: string | undefined }[];
}): string {
  return [call.name, ...call.args.map(({ value }) => value ?? "")].join(" ").trim();
}

const forServer = /deploy|produc|server|live\b|releas|upgrad|updat|rollout|docker/i;
/** The end of a domain is no word for it. */
const forWork = /(?<!\w\.)\bdev(?:elop\w*)?\b|\blocal(?:ly|host)?\b|contribut|\btests?\b|testing/i;

/**
 * Where a page tells a person to migrate by hand on the server: under a heading that speaks of it, or in a container
 * of the stack. A command among the steps for a workstation does not count.
 */
export function documentedMigration(stack: Stack): Location | undefined {
  for (const [file, source] of stack.sources) {
    if (stack.kinds.get(file) !== "runbook") continue;
    const headings: string[] = [];
    let fenced = false;
    let offset = 0;
    for (const line of source.text.split("\n")) {
      const [, marks = "", title = ""] = /^(#{1,6})\s+(.*)$/.exec(line) ?? [];
      if (/^\s*(?:```|~~~)/.test(line)) fenced = !fenced;
      else if (!fenced && title) {
        headings.length = marks.length - 1;
        headings.push(title);
      } else if (isMigration(line) || callsMigration(stack, line)) {
        const told = headings.filter(Boolean).join("\n");
        const isServer =
          forServer.test(`${told}\n${file}`) ||
          /\bdocker(?:-compose| compose)?\b.*\b(?:exec|run)\b/.test(line);
        const start = offset + line.search(/\S/);
        if (isServer && !forWork.test(told)) return locate(source, start, offset + line.trimEnd().length);
      }
      offset += line.length + 1;
    }
  }
  return undefined;
}

/** `pnpm --filter api prisma:deploy`, `npm run db:migrate`: a package script that migrates. */
function callsMigration(stack: Stack, line: string): boolean {
  const [, words] = /\b(?:npm|pnpm|yarn|bun)\s+(\S.*)/.exec(line) ?? [];
  if (words === undefined) return false;
  const said = new Set(words.split(/\s+/));
  return stack.components.some(({ package: own }) =>
    [...(own?.scripts ?? [])].some(([name, { value }]) => said.has(name) && isMigration(value)),
  );
}
