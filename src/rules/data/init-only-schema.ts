import { basename } from "../../core/path.ts";
import { sourceOf } from "../../core/project-files.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { isMysql, isPostgres } from "../../stack/query-data.ts";
import { schemaAtStart } from "../../stack/query-schema-at-start.ts";
import type { Mount, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const tools =
  /(^|\/)(migrations?|migrate|alembic|prisma|flyway|liquibase|drizzle|changelog|sqitch|atlas|goose|dbmate|ent)([/.]|$)|(^|\/)(manage\.py|knexfile\.\w+|ormconfig\.\w+|\.sequelizerc|drizzle\.config\.\w+|sqitch\.plan)$/i;

export default defineRule({
  id: "data/init-only-schema",
  title: "Changes of the schema reach a database that exists",
  claim: "migrates-safely",
  severity: "medium",
  why: "The first release that needs a new column fails in production: scripts for an empty database never run again.",
  *check(stack) {
    const services = stack.services.filter(
      service => service.project.grade !== "development" && (isPostgres(service) || isMysql(service)),
    );
    if (services.length === 0 || hasMigrations(stack)) return;
    const seen = new Set<string>();
    for (const service of services) {
      const mounts = service.mounts.filter(mount => inits(stack, mount).length > 0);
      const [first, ...more] = mounts;
      if (!first || seen.has(first.repositoryPath!)) continue;
      seen.add(first.repositoryPath!);
      const applied = new Set(mounts.flatMap(mount => inits(stack, mount)));
      const changes = stack.files.paths.filter(path => !applied.has(path) && alters(stack, path));
      const later = changes.filter(path => !isApplied(stack, path));
      // The release carries every change to the database.
      if (changes.length > 0 && later.length === 0) continue;
      // The program makes tables at its start, and has no migrations either: that is told of it.
      if (later.length === 0 && schemaAtStart(stack).some(each => each.service.project === service.project))
        continue;
      const rest =
        later.length > 0
          ? `; nothing in a deployment applies ${listNames(later.map(path => basename(path)))}`
          : ", and no migration tool is in the repository";
      yield {
        subject: service.name,
        message: `The schema of service "${service.name}" is made by ${listNames([...applied].map(path => basename(path)))} on the first start with an empty volume only${rest}.`,
        evidence: [
          evidence(first.at, "runs on an empty data directory only"),
          ...more.map(mount => evidence(mount.at, "runs on an empty data directory only")),
        ],
        severity: later.length > 0 && service.project.grade === "deployed" ? "high" : "medium",
        ...(later.length > 0 ? {} : { confidence: "likely" as const }),
      };
    }
  },
});

/** SQL files of the repository that a mount hands to the first start and that make tables. */
function inits(stack: Stack, mount: Mount): string[] {
  if (!mount.target.startsWith("/docker-entrypoint-initdb.d") || mount.repositoryPath === undefined)
    return [];
  const base = mount.repositoryPath;
  const paths =
    stack.files.has(base) === "directory"
      ? stack.files.list(base).map(name => (base ? `${base}/${name}` : name))
      : [base];
  return paths.filter(path => /\.sql$/i.test(path) && /\bcreate\s+table\b/i.test(textOf(stack, path)));
}

function alters(stack: Stack, path: string): boolean {
  return /\.sql$/i.test(path) && /\balter\s+table\b|\badd\s+column\b/i.test(textOf(stack, path));
}

function textOf(stack: Stack, path: string): string {
  return sourceOf(stack, path)?.text ?? "";
}

function hasMigrations(stack: Stack): boolean {
  if (stack.files.paths.some(path => tools.test(path))) return true;
  return stack.calls.some(({ call }) =>
    call.args.some(arg => /migrat|alembic|schema:(load|update)/i.test(arg.word.text)),
  );
}

/** A command that runs on a server names the file, or is fed from it. */
function isApplied(stack: Stack, path: string): boolean {
  return stack.calls.some(({ call: { command }, deploys }) => {
    const fed = command.redirects.filter(({ op }) => op === "<").map(({ target }) => target);
    return deploys && [...command.words, ...fed].some(word => word.text.includes(basename(path)));
  });
}
