import type { Call } from "../../artifacts/commands.ts";
import { addTo } from "../../core/group.ts";
import { evidence, gradeOf, isOptional, listPlain, weigh } from "../../stack/query.ts";
import { migratesItself } from "../../stack/query-migrations.ts";
import {
  fetchesImages,
  migrates,
  projectOf,
  type ReleaseRun,
  releaseRuns,
  runTogether,
} from "../../stack/query-release.ts";
import { servicesInside } from "../../stack/query-scripts.ts";
import type { PlacedCall, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/migrate-after-start",
  title: "A release migrates before the new code serves",
  claim: "migrates-safely",
  severity: "medium",
  why: "Between the start and the migration every request that needs the new column fails; when the migration fails, that is how it stays, because the old code is gone.",
  *check(stack) {
    // Copies of one release want one change.
    const causes = new Map<string, Late[]>();
    for (const run of releaseRuns(stack)) {
      const found = lateMigration(stack, run);
      const key = found && `${found.service.name} ${found.service.component?.dir}`;
      if (key) addTo(causes, key, found);
    }
    for (const late of causes.values()) {
      const service = late.map(each => each.service).sort(worstGrade)[0]!;
      const [first, ...more] = late.flatMap(({ start, migration }) => [
        evidence(start.at, "the new code serves from here on"),
        evidence(migration.at, "the schema that it expects comes later"),
      ]);
      const titles = listPlain(late.map(({ title }) => title));
      const worst = expandsFirst(stack) ? "low" : "medium";
      yield {
        subject: late[0]!.title,
        message: `The ${late.length === 1 ? "release in" : "releases in"} ${titles} ${late.length === 1 ? "starts" : "start"} the new version of "${service.name}", and ${late.length === 1 ? "migrates" : "migrate"} the database after that.`,
        severity: weigh(service, worst),
        evidence: [first!, ...more],
      };
    }
  },
});

const worstGrade = (one: Service, other: Service): number =>
  Number(gradeOf(one) !== "deployed") - Number(gradeOf(other) !== "deployed");

const onPurpose =
  /\bexpand(?:[ /-]| and | then |\/)contract\b|\bbackwards?[- ]compatible (?:schema|migration)|\bzero[- ]downtime migration|strong_migrations|django-migration-linter|django-pg-zero-downtime|safe-pg-migrations|online_migrations|\bpgroll\b/i;

/** A page or a package of the project says that the old and the new schema serve both. */
function expandsFirst(stack: Stack): boolean {
  const said = [...stack.sources.values()].some(source => onPurpose.test(source.text));
  return (
    said || stack.components.some(({ manifest, files }) => onPurpose.test(files.read(manifest)?.text ?? ""))
  );
}

interface Late {
  readonly title: string;
  readonly start: Call;
  readonly migration: Call;
  readonly service: Service;
}

/** New code, its start, and then a migration in the container that was started. */
function lateMigration(stack: Stack, run: ReleaseRun): Late | undefined {
  const index = run.placed.findIndex(({ call }) => call.inside !== undefined && migrates(call));
  const placed = run.placed[index];
  if (!placed || placed.call.function !== undefined) return undefined;
  const before = run.placed.slice(0, index).map(each => each.call);
  const [service] = servicesInside(stack, placed);
  const start = run.placed.find(
    each => before.includes(each.call) && service !== undefined && replaces(stack, each, service),
  );
  if (!service || !start || !runTogether(start.call, placed.call)) return undefined;
  // What starts migrates by itself; the release only makes sure.
  if (migratesItself(stack, service.project)) return undefined;
  if (isClosed(run, before, service)) return undefined;
  // A first start has nothing that could serve with an older schema.
  if (!before.slice(0, before.indexOf(start.call)).some(bringsCode) && !builds(start.call)) return undefined;
  return { title: run.title, start: start.call, migration: placed.call, service };
}

/** Laravel answers nobody from `artisan down` to `artisan up`: the mark lies in a volume, so that the new version sees it. */
function isClosed({ calls }: ReleaseRun, before: readonly Call[], { mounts }: Service): boolean {
  const says = (call: Call, verb: string) =>
    call.command.words
      .map(word => word.text)
      .join(" ")
      .endsWith(`artisan ${verb}`);
  return (
    before.some(call => says(call, "down")) &&
    calls.some(call => says(call, "up")) &&
    mounts.some(({ target }) => /\/storage(?:\/framework)?$/.test(target))
  );
}

function bringsCode(call: Call): boolean {
  return (
    fetchesImages(call) ||
    (call.kind === "tool" && call.name === "git" && /\bpull|\breset/.test(verbOf(call)))
  );
}

function verbOf(call: Call): string {
  return call.args.find(arg => !arg.word.text.startsWith("-"))?.value ?? "";
}

function builds(call: Call): boolean {
  return call.kind === "compose" && call.build;
}

/** The call starts what serves, and not only a container for the migration. */
function replaces(stack: Stack, placed: PlacedCall, service: Service): boolean {
  const { call } = placed;
  if (call.kind !== "compose" || call.subcommand !== "up" || isOptional(service)) return false;
  if (projectOf(stack, placed) !== service.project) return false;
  const names = call.services.map(({ value }) => value);
  return names.length === 0 || names.includes(service.name);
}
