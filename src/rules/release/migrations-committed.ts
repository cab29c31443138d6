import type { Evidence } from "../../core/finding.ts";
import type { Location } from "../../core/source.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { wordsOf } from "../../stack/query-release.ts";
import { callerName } from "../../stack/query-scripts.ts";
import { startCommand } from "../../stack/query-start.ts";
import { bringsNoMigration } from "../../stack/query-unkept-migrations.ts";
import { defineRule } from "../rule.ts";

const writers =
  /(?:^|[\s/])(?:manage\.py makemigrations|alembic (?:-\S+ \S+ )*revision .*--autogenerate|flask db migrate|prisma migrate dev|drizzle-kit generate|typeorm migration:generate|doctrine:migrations:diff)(?:\s|$)/;
/** It says what it would do, makes an empty file for a person, or joins two branches where there are two. */
const harmless = /--(?:check|dry-run|empty|create-only|help|merge)\b/;

const writes = (words: string): boolean => writers.test(words) && !harmless.test(words);

const placeOf = ({ file, span }: Location): string => `${file}:${span.start}`;

export default defineRule({
  id: "release/migrations-committed",
  title: "Migrations come with the release, and are not written on the server",
  claim: "migrates-safely",
  severity: "medium",
  why: "What is written there is in no commit, and is lost with the container or differs from machine to machine: the next release numbers its migrations anew, and the database has steps that no code knows.",
  *check(stack) {
    const services = serverServices(stack);
    const told = new Set<string>();
    for (const project of stack.projects) {
      const starts = stack.services
        .filter(service => service.project === project && (services.includes(service) || service.oneShot))
        .flatMap(service => {
          const at = startCommand(stack, service, writes);
          return at ? [{ service, at }] : [];
        });
      if (starts.length === 0 || project.grade === "development") continue;
      const places = new Map<string, Evidence>();
      for (const { at } of starts) {
        places.set(placeOf(at), evidence(at, "writes migrations at every start"));
        told.add(placeOf(at));
      }
      const names = listNames(starts.map(({ service }) => service.name));
      const none = starts.some(({ service }) => bringsNoMigration(stack, service));
      yield {
        subject: project.name,
        message: `${names} ${starts.length === 1 ? "writes" : "write"} migrations at every start${none ? ", and the image brings none: each new container writes the first step anew, which the database has done, so that a change of the models never reaches it" : ": they are in no commit, and no other machine has them"}.`,
        evidence: [...places.values()] as [Evidence],
        severity: weigh(project, none ? "high" : "medium"),
      };
    }
    const seen = new Set<string>();
    for (const placed of stack.calls) {
      const { call, deploys } = placed;
      if (!deploys || !["program", "tool"].includes(call.kind) || !writes(wordsOf(call))) continue;
      if (told.has(placeOf(call.at))) continue;
      const key = `${placed.caller.file} ${placed.caller.name ?? ""}`;
      if (seen.has(key)) continue;
      seen.add(key);
      yield {
        subject: key.trim(),
        message: `${callerName(placed)} writes migrations during a release: they are not those that were reviewed and tested.`,
        evidence: [evidence(call.at, "writes migrations")],
        severity: "medium",
      };
    }
  },
});
