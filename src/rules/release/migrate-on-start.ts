import type { Evidence } from "../../core/finding.ts";
import { sourceOf } from "../../core/project-files.ts";
import type { Location } from "../../core/source.ts";
import { evidence, listNames, serverServices, variable, weigh } from "../../stack/query.ts";
import { sameCode } from "../../stack/query-migrations.ts";
import { isMigration } from "../../stack/query-release.ts";
import { startCommand } from "../../stack/query-start.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/migrate-on-start",
  title: "Migrations run once for each release, not in every container that starts",
  claim: "migrates-safely",
  severity: "medium",
  why: "Containers that start together change the schema at the same time; one of them fails or the table is locked, and a crash later repeats the migration at the worst moment.",
  *check(stack) {
    const services = serverServices(stack);
    for (const project of stack.projects) {
      const migrating = services.flatMap(service => {
        const at = service.project === project ? startCommand(stack, service, isMigration) : undefined;
        return at ? [{ service, at }] : [];
      });
      const first = migrating[0];
      if (!first) continue;
      const copies = migrating.find(({ service }) => (service.replicas?.value ?? 1) > 1);
      // The same database is meant when the same code starts: two applications may well have one each.
      const together = migrating.filter(
        ({ service }) => sameCode(service, first.service) && !haveOwnStores(service, first.service),
      );
      const apart = together.length > 1 && areToldApart(stack, together);
      const races = copies !== undefined || (together.length > 1 && !apart);
      const shown = copies && together.length < 2 ? [copies] : races ? together : apart ? [first] : migrating;
      const places = new Map<number, Evidence>();
      for (const { service, at } of shown) {
        places.set(at.span.start, evidence(at, "migrates at every start"));
        if (service.replicas && service.replicas.value > 1)
          places.set(
            service.replicas.at.span.start,
            evidence(service.replicas.at, `${service.replicas.value} copies start together`),
          );
      }
      const [primary, ...more] = [...places.values()];
      const starts = shown.filter(
        ({ at }) => at !== shown[0]!.at && at.span.start === shown[0]!.at.span.start,
      );
      yield {
        subject: project.name,
        message: `${listNames(shown.map(({ service }) => service.name))} ${told(shown.length, races)}.`,
        severity: races ? weigh(project, "medium") : "low",
        evidence: [
          primary!,
          ...more,
          ...starts.map(({ service }) => evidence(service.at, "starts in the same way")),
        ],
      };
    }
  },
});

/** `@staging-db:5432` of the one and `@production-db:5432` of the other. */
function haveOwnStores(service: Service, other: Service): boolean {
  const storesOf = ({ environment, project }: Service): string[] =>
    project.services.flatMap(({ name, kind }) =>
      kind === "database" && environment.some(({ value }) => value?.raw.includes(`@${name}:`)) ? [name] : [],
    );
  const [own, others] = [storesOf(service), storesOf(other)];
  return own.length > 0 && others.length > 0 && !own.some(name => others.includes(name));
}

/** The script that all start with asks a variable, of which each has its own value: `[ "$ROLE" = "api" ]`. */
function areToldApart(
  stack: Stack,
  found: readonly { readonly service: Service; readonly at: Location }[],
): boolean {
  return found.some(({ at }) => {
    const text = sourceOf(stack, at.file)?.text ?? "";
    if (!/\.(?:sh|bash)$|entrypoint/.test(at.file)) return false;
    const asked = [...text.matchAll(/\[ "?\$\{?(\w+)[^"\s\]]{0,20}"? (?:=|==|!=) /g)].map(
      ([, name = ""]) => name,
    );
    return asked.some(name => {
      const values = found.map(
        ({ service }) =>
          variable(service, name)?.value?.text ??
          service.build?.args.find(each => each.name === name)?.value?.text,
      );
      return !values.includes(undefined) && new Set(values).size === values.length;
    });
  });
}

function told(count: number, races: boolean): string {
  if (!races)
    return `${count === 1 ? "migrates" : "migrate"} the database at every start, also after a crash`;
  return count === 1
    ? "migrates the database in each of its copies"
    : "migrate the same database, each when it starts";
}
