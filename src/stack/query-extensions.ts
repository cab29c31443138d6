import { isTest, isVendored } from "../artifacts/project-files.ts";
import { inside } from "../core/path.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import { type Location, locate } from "../core/source.ts";
import { parseImageRef } from "./image/facts.ts";
import { isPostgres } from "./query-data.ts";
import type { Service, Stack } from "./stack.ts";

/** Extensions of PostgreSQL that migrations create and the database's image does not have. */

export interface LackedExtension {
  readonly name: string;
  readonly at: Location;
  /** The one whose image brings the migration. */
  readonly brought: Service;
  readonly databases: readonly Service[];
}

/** What is installed apart: the official image has the contrib modules (pgcrypto, pg_trgm, uuid-ossp ...) only. */
const apart = "vector|postgis|timescaledb|pg_cron|pgrouting|pgroonga|zhparser|age|vectorscale|pgmq|rum";
const created = new RegExp(
  `\\b(?:create\\s{1,9}extension\\s{1,9}(?:if\\s{1,9}not\\s{1,9}exists\\s{1,9})?|enable_extension[\\s(]{1,9})\\\\?["'\`]?(${apart})\\b`,
  "i",
);
const typed = /\bUnsupported\("(vector|geometry|geography)\b/;
const guarded = /pg_available_extensions|\bexception\s{1,9}when\b|\btry\s{0,9}[:{]|\brescue\b|\bcatch\b/i;
const migration =
  /(?:^|\/)(?:migrations?|migrate|versions)\/(?:[^/]+\/)*[^/]+\.(?:sql|py|[cm]?[jt]s|php|rb|go|cs)$|(?:^|\/)prisma\/(?:[^/]+\/)*[^/]+\.prisma$|(?:^|\/)db\/schema\.rb$/i;
const most = 600;

export function lackedExtensions(stack: Stack, services: readonly Service[]): LackedExtension[] {
  const databases = services.filter(isPostgres);
  const plain = databases.filter(service => !service.build && isPlain(service));
  if (plain.length === 0 || plain.length < databases.length) return [];
  const builds = services.filter(service => service.build?.context !== undefined);
  if (builds.length === 0) return [];
  const found = new Map<string, LackedExtension>();
  for (const path of migrationPaths(stack.files)) {
    if (/\.down\.sql$/.test(path) || stack.files.tracked(path) === false) continue;
    const brought = builds.find(({ build }) => inside(build!.context!, path) !== undefined);
    if (!brought) continue;
    const read = stack.files.read(path);
    if (!("source" in read) || guarded.test(read.source.text)) continue;
    const { text } = read.source;
    const match = created.exec(text) ?? (path.endsWith(".prisma") ? typed.exec(text) : null);
    if (!match) continue;
    const name = /^geo/.test(match[1]!) ? "postgis" : match[1]!.toLowerCase();
    if (!found.has(name))
      found.set(name, {
        name,
        at: locate(read.source, match.index, match.index + match[0].length),
        brought,
        databases: plain,
      });
  }
  return [...found.values()];
}

const migrations = new WeakMap<ProjectFiles, readonly string[]>();

/** Every project asks, and a tree may have many. */
function migrationPaths(files: ProjectFiles): readonly string[] {
  let paths = migrations.get(files);
  if (!paths) {
    paths = files.paths
      .filter(path => migration.test(path) && !isTest(path) && !isVendored(path))
      .slice(0, most);
    migrations.set(files, paths);
  }
  return paths;
}

function isPlain({ image }: Service): boolean {
  const text = image?.text;
  return text !== undefined && parseImageRef(text).name === "postgres";
}
