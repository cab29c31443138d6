import type { Evidence } from "../../core/finding.ts";
import type { Location } from "../../core/source.ts";
import { givenTo, isReached } from "../../stack/branches.ts";
import { containerScript, evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { isMigration, migrates } from "../../stack/query-release.ts";
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
        const at =
          service.project === project
            ? (migrationAt(stack, service) ?? migrationInScript(stack, service))
            : undefined;
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

/** The command among those a service starts with that changes the schema. */
function migrationAt(stack: Stack, service: Service): Evidence["at"] | undefined {
  for (const words of service.process?.commands ?? []) {
    if (!isMigration(words.map(word => word.value ?? "?").join(" "))) continue;
    if (isIdle(stack, words[0]!.at)) continue;
    const [first, last] = [words[0]!.at, words.at(-1)!.at];
    const joined = first.file === last.file && first.span.start <= last.span.end;
    return joined ? { file: first.file, span: { start: first.span.start, end: last.span.end } } : first;
  }
  return undefined;
}

/** The same in the script that a service starts with, where the command stands behind a variable. */
function migrationInScript(stack: Stack, service: Service): Evidence["at"] | undefined {
  const starts = [
    ...(service.process?.commands ?? []).map(words => words[0]?.value),
    service.model?.entrypoint?.words[0]?.value,
  ];
  for (const path of starts) {
    if (path === undefined || !path.includes("/")) continue;
    const script = containerScript(stack.scripts, stack.files, service, path);
    if (!script) continue;
    const given = givenTo(service, path);
    const found = stack.calls.find(
      ({ call }) =>
        call.script === script &&
        migrates(call) &&
        !isIdle(stack, call.at) &&
        isReached(script, call.command, given) !== false,
    );
    if (found) return found.call.at;
  }
  return undefined;
}

/** In a function that nothing in its script calls: a task for people, which the start does not name. */
function isIdle(stack: Stack, at: Location): boolean {
  const here = stack.calls.find(
    ({ call }) => call.command.at.file === at.file && call.command.at.span.start === at.span.start,
  )?.call;
  if (!here?.function) return false;
  return !stack.calls.some(({ call }) => call.script === here.script && call.name === here.function);
}

function sameCode(one: Service, other: Service): boolean {
  if (one === other) return true;
  if (one.component || other.component) return one.component === other.component;
  return one.image?.text !== undefined && one.image.text === other.image?.text;
}
