import { serverServices } from "./query.ts";
import { migrationOf, sameCode } from "./query-migrations.ts";
import { isMigration } from "./query-release.ts";
import { startCommand } from "./query-start.ts";
import type { Dependency, Service, Stack } from "./stack.ts";

/** A service that migrates and ends, and those of its program that start without waiting for it. */
export interface Race {
  readonly migration: Service;
  readonly services: readonly { readonly service: Service; readonly edge?: Dependency }[];
}

export function racedMigrations(stack: Stack): Race[] {
  return stack.projects.flatMap(project => {
    const found = project.grade === "development" ? undefined : migrationOf(stack, project);
    const migration = found?.service;
    // A profile, or a command of the release that runs it first, keeps it apart from the rest.
    if (
      found?.when !== "one-shot" ||
      !migration ||
      migration.profiles.length > 0 ||
      isRunApart(stack, migration)
    )
      return [];
    const services = serverServices(stack)
      .filter(
        service => service.project === project && service.kind === "app" && sameCode(service, migration),
      )
      .filter(service => !waitsFor(service, migration, new Set()) && !mayLook(stack, service))
      .map(service => {
        const edge = service.dependsOn.find(each => each.service === migration.name);
        return { service, ...(edge ? { edge } : {}) };
      });
    return services.length > 0 ? [{ migration, services }] : [];
  });
}

function isRunApart(stack: Stack, { name }: Service): boolean {
  return stack.calls.some(
    ({ call }) =>
      call.kind === "compose" &&
      /^(?:run|up|start)$/.test(call.subcommand ?? "") &&
      call.command.words.some(word => word.text === name),
  );
}

/** By itself, or through a service that it waits for until that one is well. */
function waitsFor(service: Service, migration: Service, seen: Set<string>): boolean {
  if (seen.has(service.name)) return false;
  seen.add(service.name);
  return service.dependsOn.some(edge => {
    if (edge.service === migration.name) return edge.condition === "service_completed_successfully";
    const next = service.project.services.find(({ name }) => name === edge.service);
    return next !== undefined && waitsFor(next, migration, seen);
  });
}

const looks = /wait|migrat|until |while |retry|check|alembic|_ready/i;

/** Its own start looks at the schema, or cannot be seen. */
function mayLook(stack: Stack, service: Service): boolean {
  const { process } = service;
  if (!process || looks.test(process.text) || startCommand(stack, service, isMigration)) return true;
  const paths = process.commands.flatMap(words => words.slice(0, 2).flatMap(word => word.value ?? []));
  return paths.some(path => /\.(?:sh|bash)$|entrypoint|start/.test(path));
}
