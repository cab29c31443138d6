import type { Evidence } from "../../core/finding.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { sameCode } from "../../stack/query-migrations.ts";
import { isMigration } from "../../stack/query-release.ts";
import { startCommand } from "../../stack/query-start.ts";
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
      const together = migrating.filter(({ service }) => sameCode(service, first.service));
      const races = copies !== undefined || together.length > 1;
      const shown = copies && together.length < 2 ? [copies] : races ? together : migrating;
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

function told(count: number, races: boolean): string {
  if (!races)
    return `${count === 1 ? "migrates" : "migrate"} the database at every start, also after a crash`;
  return count === 1
    ? "migrates the database in each of its copies"
    : "migrate the same database, each when it starts";
}
