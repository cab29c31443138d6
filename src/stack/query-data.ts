import { inside } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import type { ImageRef } from "./image/facts.ts";
import { variable } from "./query.ts";
import type { Mount, Service, Stack } from "./stack.ts";

/** Questions about where data lies and what becomes of it. */

const postgresFamilies = new Set([
  ...["postgres", "postgis/postgis", "timescale/timescaledb", "pgvector/pgvector"],
]);

export function isPostgres(service: Service): boolean {
  return postgresFamilies.has(service.facts?.family ?? "");
}

export function isMysql(service: Service): boolean {
  return service.facts?.family === "mysql" || service.facts?.family === "mariadb";
}

/** A Redis or Valkey that is told to write to its disk what it holds. */
export function isLastingCache(service: Service): boolean {
  if (!/^(?:redis|valkey\/valkey)$/.test(service.facts?.family ?? "")) return false;
  const words = service.command?.words.map(word => word.value ?? "?") ?? [];
  return words.some(
    (word, index) =>
      (word === "--appendonly" && words[index + 1] === "yes") ||
      (word === "--save" && /^[1-9]/.test(words[index + 1] ?? "")),
  );
}

const forgetful = /^(?:redis|valkey\/valkey|grafana\/grafana(?:-oss)?)$/;

/** Named volumes of a cache or a board that lie where its image keeps nothing, while its data has none. */
export function misplacedVolumes(service: Service): readonly Mount[] {
  if (!forgetful.test(service.facts?.family ?? "") || (service.build ?? service.made)) return [];
  const words = service.command?.words.map(word => word.value ?? "?") ?? [];
  // A configuration of its own may say where the data lies.
  if (words.some(word => /\?|\.conf$|^paths\.data|cfg:/.test(word)) || variable(service, "GF_PATHS_DATA"))
    return [];
  const [directory] = dataDirectories(service);
  if (!directory || !/^(?:anonymous|container)$/.test(keepingOf(service, directory).in)) return [];
  return service.mounts.filter(
    ({ type, source, target }) =>
      type === "volume" &&
      source !== undefined &&
      !/conf|\/etc\/|plugin|dashboard|provision|log/i.test(target),
  );
}

/** Major version of PostgreSQL by the image's tag: `16-alpine`, `latest-pg14`, `pg17`. Undefined when it floats. */
export function postgresMajor(service: Service): number | undefined {
  const ref = imageOrBase(service);
  const major =
    /(?:^|-)pg(\d{1,2})(?!\d)/.exec(ref?.tag ?? "") ?? /^(\d{1,2})(?:[.-]|$)/.exec(ref?.tag ?? "");
  return major ? Number(major[1]) : undefined;
}

/** A data directory, and the path that the image declares as a volume around it, if any. */
export interface DataDirectory {
  readonly path: string;
  readonly declared?: string;
}

/**
 * Where a service's image keeps what must survive: one entry, or several when the version decides and is not known.
 * Empty when it cannot be told. Up to 17 PostgreSQL's image declares a volume at `/var/lib/postgresql/data`, from 18
 * on at `/var/lib/postgresql` (the image's page, "PGDATA").
 */
export function dataDirectories(service: Service): DataDirectory[] {
  const { facts } = service;
  if (!facts || movesData(service)) return [];
  if (isPostgres(service)) return postgresDirectories(service);
  if (facts.family === "minio/minio") return minioDirectories(service);
  if (facts.family === "influxdb") return influxDirectories(service.imageRef?.tag);
  const own = facts.dataDirectories.slice(0, 1).map(path => withDeclared(path, facts.volumes));
  // Queues and messages lie below its home, in which there is nothing else to keep but a cookie.
  return facts.family === "rabbitmq" ? [...own, { path: "/var/lib/rabbitmq/mnesia" }] : own;
}

/** Of a moving tag the series is not known, and of 3 it is an option of the command. */
function influxDirectories(tag = "latest"): DataDirectory[] {
  const [, series] = /^([12])(?:\.|-|$)/.exec(tag) ?? [];
  const path = { "1": "/var/lib/influxdb", "2": "/var/lib/influxdb2" }[series ?? ""];
  return path === undefined ? [] : [{ path, declared: path }];
}

function withDeclared(path: string, volumes: readonly string[]): DataDirectory {
  const declared = volumes.find(volume => inside(volume, path) !== undefined);
  return declared === undefined ? { path } : { path, declared };
}

function postgresDirectories(service: Service): DataDirectory[] {
  const major = postgresMajor(service);
  const set = variable(service, "PGDATA");
  if (set && set.value?.text === undefined) return [];
  const own = set?.value?.text;
  const old = withDeclared(own ?? "/var/lib/postgresql/data", ["/var/lib/postgresql/data"]);
  const current = withDeclared(own ?? `/var/lib/postgresql/${major ?? "18"}/docker`, ["/var/lib/postgresql"]);
  if (major === undefined) return [old, current];
  return major < 18 ? [old] : [current];
}

/**
 * A mount at which the entry point of PostgreSQL's image exits, since 18: at the old data directory, while `PGDATA` is
 * the image's own and holds no data yet. PostGIS, pgvector and TimescaleDB start from that image and keep its entry
 * point. Source: docker-entrypoint.sh of docker-library/postgres as of 2026-02-26.
 */
export function refusedMount(service: Service): Mount | undefined {
  if (!isPostgres(service) || !((postgresMajor(service) ?? 0) >= 18 || followsNewest(service)))
    return undefined;
  if (
    variable(service, "PGDATA") ||
    service.model?.env.has("PGDATA") ||
    service.entrypoint ||
    movesData(service)
  )
    return undefined;
  return service.mounts.find(mount => /^\/var\/lib\/postgresql\/data\/?$/.test(mount.target));
}

/** The official image without a version: 18 and later since 25 September 2025. */
export function followsNewest(service: Service): boolean {
  const ref = imageOrBase(service);
  if (ref?.name !== "postgres" || ref.digest !== undefined) return false;
  return /^(?:latest|alpine|bookworm|trixie)$/.test(ref.tag ?? "latest");
}

/** The image that is pulled, or the one that the service's own starts from and whose entry point it keeps. */
function imageOrBase({ build, made, imageRef, model }: Service): ImageRef | undefined {
  if (!(build ?? made)) return imageRef;
  return model?.entrypoint === undefined && model?.stage.from.parent === undefined ? model?.base : undefined;
}

function minioDirectories(service: Service): DataDirectory[] {
  const words = service.process?.argv.map(word => word.value) ?? [];
  const paths = words.filter(word => word?.startsWith("/") && !/\.\.\./.test(word)) as string[];
  return words.includes(undefined) || paths.length !== 1 ? [] : [{ path: paths[0]! }];
}

/** The command line or a configuration file may put the data elsewhere. */
function movesData(service: Service): boolean {
  const words = [...(service.command?.words ?? []), ...(service.entrypoint?.words ?? [])];
  return words.some(word => /data_?dir|datadir|dbpath|path\.data|^-D$|^--dir$/.test(word.value ?? ""));
}

/** Where a directory of a service really lies. */
export type Keeping =
  | { readonly in: "volume" | "bind" | "tmpfs"; readonly mount: Mount }
  | { readonly in: "anonymous"; readonly mount?: Mount }
  | { readonly in: "container" }
  | { readonly in: "unknown" };

/** The nearest mount around a directory wins; a volume that the image declares lies nearer than a mount above it. */
export function keepingOf(service: Service, directory: DataDirectory): Keeping {
  if (service.get("volumes_from") || service.mounts.some(mount => mount.target.includes("$")))
    return { in: "unknown" };
  const around = service.mounts
    .filter(mount => inside(mount.target, directory.path) !== undefined)
    .sort((a, b) => b.target.length - a.target.length);
  const [nearest] = around;
  const { declared } = directory;
  if (declared !== undefined && (!nearest || inside(declared, nearest.target) === undefined))
    return { in: "anonymous" };
  if (!nearest) return { in: "container" };
  if (nearest.type === "tmpfs") return { in: "tmpfs", mount: nearest };
  if (nearest.type === "other") return { in: "unknown" };
  if (nearest.source !== undefined) return { in: nearest.type, mount: nearest };
  // Without a source it is anonymous, unless a variable hides the source.
  return isBareTarget(nearest) ? { in: "anonymous", mount: nearest } : { in: "unknown" };
}

function isBareTarget(mount: Mount): boolean {
  return mount.at.span.end - mount.at.span.start <= mount.target.length + 2;
}

// Any of them names the node or the place of its data whatever the host is called.
const nodeSettings = [
  "RABBITMQ_NODENAME",
  "RABBITMQ_MNESIA_DIR",
  "RABBITMQ_MNESIA_BASE",
  "RABBITMQ_CONF_ENV_FILE",
];

/**
 * Whether a RabbitMQ has the same node name in each container: `rabbit@` and the name of its host, when nothing else
 * is set. Undefined where a setting or a file may name it. Source: the official image's page, "data is stored based on
 * the node name", as of 2026-08.
 */
export function hasLastingNode(service: Service): boolean | undefined {
  if (service.get("hostname") || service.networkMode?.value === "host") return true;
  const unread = service.envFiles.some(use => !use.file) || (service.build ?? service.made) !== undefined;
  const set = nodeSettings.some(name => variable(service, name));
  const conf = service.mounts.some(mount => mount.target.endsWith("rabbitmq-env.conf"));
  return set || unread || conf ? undefined : false;
}

/** Roles and databases that a database service has after its first start; undefined where that cannot be told. */
export interface Accounts {
  readonly users: readonly string[];
  readonly databases: readonly string[];
  /** The database that a client means when it names none, for a role. */
  readonly byRole: boolean;
  /** Where the service names its user and its database. */
  readonly userAt: Location;
  readonly databaseAt: Location;
}

export function accountsOf(service: Service): Accounts | undefined {
  if (service.envFiles.some(use => !use.file && use.required)) return undefined;
  if (service.environment.some(entry => entry.value === undefined && /USER|DB|DATABASE/.test(entry.name)))
    return undefined;
  if (isPostgres(service)) return postgresAccounts(service);
  return isMysql(service) ? mysqlAccounts(service) : undefined;
}

function postgresAccounts(service: Service): Accounts | undefined {
  const userVariable = variable(service, "POSTGRES_USER");
  const databaseVariable = variable(service, "POSTGRES_DB");
  if (variable(service, "POSTGRES_USER_FILE") || variable(service, "POSTGRES_DB_FILE")) return undefined;
  if ([userVariable, databaseVariable].some(entry => entry && !entry.value?.text)) return undefined;
  const user = userVariable?.value?.text ?? "postgres";
  const database = databaseVariable?.value?.text ?? user;
  return {
    users: [user],
    databases: [database, "postgres", "template1", "template0"],
    byRole: true,
    userAt: userVariable?.at ?? service.at,
    databaseAt: databaseVariable?.at ?? userVariable?.at ?? service.at,
  };
}

function mysqlAccounts(service: Service): Accounts | undefined {
  const first = (...names: string[]) =>
    names.map(name => variable(service, name)).find(entry => entry !== undefined);
  const user = first("MYSQL_USER", "MARIADB_USER", "MYSQL_USER_FILE", "MARIADB_USER_FILE");
  const database = first(
    "MYSQL_DATABASE",
    "MARIADB_DATABASE",
    "MYSQL_DATABASE_FILE",
    "MARIADB_DATABASE_FILE",
  );
  if ([user, database].some(entry => entry && (!entry.value?.text || entry.name.endsWith("_FILE"))))
    return undefined;
  return {
    users: ["root", ...(user?.value?.text ? [user.value.text] : [])],
    databases: [
      ...(database?.value?.text ? [database.value.text] : []),
      ...["mysql", "information_schema", "performance_schema", "sys"],
    ],
    byRole: false,
    userAt: user?.at ?? service.at,
    databaseAt: database?.at ?? service.at,
  };
}

/**
 * Some text of the project creates a role or database of this name, or does so for names that only it knows. Looks
 * into SQL files, scripts and everything else that was read.
 */
export function isCreatedElsewhere(stack: Stack, name: string, what?: "role" | "database"): boolean {
  const texts = [...stack.sources.values()].map(source => source.text);
  for (const path of stack.files.paths.filter(path => /\.sql$/i.test(path)).slice(0, 50)) {
    const read = stack.files.read(path);
    if ("source" in read) texts.push(read.source.text);
  }
  const isMeant = (match: RegExpMatchArray): boolean => {
    const [, sql, kind, tool, rest = ""] = match;
    const made = /user|role/i.test(kind ?? tool ?? "") ? "role" : "database";
    if (what !== undefined && made !== what) return false;
    // Of SQL the word behind it is the name; a command has options first.
    const named = sql ? (/^\s*(?:if\s+not\s+exists\s+)?(\S*)/i.exec(rest)?.[1] ?? "") : rest;
    return named.includes(name) || /\$|:'|%/.test(named);
  };
  return texts.some(text => [...text.matchAll(creates)].some(isMeant));
}

const creates = /\b(?:(create)\s+(role|user|database)|(create(?:user|db)))\b([^\n;]*)/gi;

/** A mount near the data directory that misses it; scripts of the first start and certificates are meant to lie beside. */
export function isMistaken(target: string, path: string): boolean {
  const depth = path.split("/").slice(0, 3).join("/");
  const near = path.startsWith(target) || target.startsWith(depth);
  return near && !/initdb|\.(conf|cnf|sql|sh|crt|key|pem)$/.test(target);
}
