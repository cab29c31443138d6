import { yamlList, yamlScalar } from "../formats/yaml-text.ts";
import { mongoBackup, mongoConnect, mongoRestore } from "./backup-mongo.ts";
import { mysqlBackup, mysqlConnect, mysqlRestore } from "./backup-mysql.ts";
import { postgresBackup, postgresConnect, postgresRestore } from "./backup-postgres.ts";
import { backupReadme, savedUploads } from "./backup-readme.ts";
import { redisBackup, redisConnect, redisRestore } from "./backup-redis.ts";
import { countScript, healthyScript, offsiteScript, scheduleScript } from "./backup-scripts.ts";
import type { NewFile } from "./new-file.ts";

export type BackupEngine = "postgres" | "mysql" | "mariadb" | "mongo" | "redis";

/** How a store is reached, how it is saved and how it is brought back. */
function scriptsOf(engine: BackupEngine): readonly [connect: string, save: string, restore: string] {
  switch (engine) {
    case "postgres":
      return [postgresConnect, postgresBackup, postgresRestore];
    case "mongo":
      return [mongoConnect, mongoBackup, mongoRestore];
    case "redis":
      return [redisConnect, redisBackup, redisRestore];
    default:
      return [mysqlConnect, mysqlBackup(engine), mysqlRestore];
  }
}

export interface BackupInput {
  readonly engine: BackupEngine;
  /** Name of the database's Compose service. */
  readonly database: string;
  /** The database's own image as the Compose file writes it: its client is of the right version. */
  readonly image: string;
  /** The database's own variables (POSTGRES_USER, MYSQL_ROOT_PASSWORD_FILE, ...; REDIS_PASSWORD), as the Compose file writes their values. */
  readonly environment: readonly (readonly [name: string, value: string])[];
  /** `env_file` entries and secrets that the variables come from. */
  readonly envFiles?: readonly string[];
  readonly secrets?: readonly string[];
  /** Networks of the database, by the names in the file. Left out: the project's default one. */
  readonly networks?: readonly string[];
  /** The database has a health check to wait for. */
  readonly healthy?: boolean;
  /** Volumes or directories with uploaded files, as the Compose file writes them, each with a name of its own. */
  readonly uploads?: readonly { readonly name: string; readonly source: string }[];
  /** Services that write to the database: named in the instructions for a restore. */
  readonly writers?: readonly string[];
}

export interface Backup {
  readonly files: readonly NewFile[];
  /** Lines of each service, the first one without indentation: `backup:`. */
  readonly services: readonly (readonly string[])[];
  /** Named volumes to declare. */
  readonly volumes: readonly string[];
  /** Variables that may be set on the server, for .env.example. None has to be. */
  readonly variables: readonly { readonly name: string; readonly example: string; readonly says: string }[];
}

/**
 * Three services that run in images which are there already, and their scripts in `backup/`:
 * `backup` makes a verified backup a day and is unhealthy when the last good one is too old; `restore` (started by
 * hand) brings one back beside the live database, looks at it and exchanges the two; `backup-offsite` (profile
 * `offsite`) keeps encrypted copies on another machine with restic.
 */
export function backup(given: BackupInput): Backup {
  const input = { ...given, uploads: savedUploads(given) };
  const [connect, save, restore] = scriptsOf(input.engine);
  const script = (name: string, text: string): NewFile => ({
    path: `backup/${name}`,
    text,
    executable: true,
  });
  return {
    files: [
      script("backup.sh", save),
      script("restore.sh", restore),
      script("schedule.sh", scheduleScript),
      script("count.sh", countScript),
      script("healthy.sh", healthyScript),
      script("offsite.sh", offsiteScript),
      { path: "backup/connect.sh", text: connect },
      { path: "backup/README.md", text: backupReadme(given) },
    ],
    services: [backupService(input), restoreService(input), offsiteService()],
    volumes: ["backups"],
    variables: [
      { name: "BACKUP_HOUR", example: "03", says: "Hour of the daily backup, UTC" },
      {
        name: "RESTIC_REPOSITORY",
        example: "sftp:backup@storage.example.org:/srv/site",
        says: "Where encrypted copies of the backups go (profile offsite)",
      },
      {
        name: "RESTIC_PASSWORD",
        example: "",
        says: "Password of that repository: keep a copy of it away from the server",
      },
    ],
  };
}

const logging = ["  logging:", "    driver: json-file", '    options: { max-size: 10m, max-file: "3" }'];

function backupService(input: BackupInput): string[] {
  return [
    "# A verified backup a day. Unhealthy when the last good one is older than 26 hours: backup/README.md.",
    "backup:",
    `  image: ${yamlScalar(input.image)}`,
    '  entrypoint: ["/opt/backup/schedule.sh"]',
    "  init: true",
    "  restart: unless-stopped",
    ...settings(input, ["BACKUP_HOUR: ${BACKUP_HOUR:-03}"]),
    ...mounts(input, true),
    ...waits(input),
    "  healthcheck:",
    '    test: ["CMD", "/opt/backup/healthy.sh"]',
    "    interval: 30s",
    "    timeout: 10s",
    "    retries: 3",
    "    start_period: 15m",
    '  security_opt: ["no-new-privileges:true"]',
    "  cap_drop: [ALL]",
    // To read files of other users.
    ...(input.uploads?.length ? ["  cap_add: [DAC_OVERRIDE]"] : []),
    "  stop_grace_period: 30s",
    ...logging,
    '  deploy: { resources: { limits: { cpus: "1", memory: 512M, pids: 64 } } }',
  ];
}

function restoreService(input: BackupInput): string[] {
  return [
    "# Only by hand: docker compose run --rm restore [NAME]",
    "restore:",
    `  image: ${yamlScalar(input.image)}`,
    "  profiles: [restore]",
    '  entrypoint: ["/opt/backup/restore.sh"]',
    "  init: true",
    '  restart: "no"',
    ...settings(input, []),
    ...mounts(input, false),
    ...waits(input),
    '  security_opt: ["no-new-privileges:true"]',
    "  cap_drop: [ALL]",
    // Files keep their owners.
    ...(input.uploads?.length ? ["  cap_add: [CHOWN, DAC_OVERRIDE, FOWNER]"] : []),
    ...logging,
    // A second Redis holds in memory what the backup holds.
    `  deploy: { resources: { limits: { cpus: "1", memory: ${input.engine === "redis" ? "2G" : "512M"}, pids: 64 } } }`,
  ];
}

/** The image's own entry point is restic. Without a repository the profile is not started. */
function offsiteService(): string[] {
  return [
    "# Encrypted copies on another machine: COMPOSE_PROFILES=offsite, RESTIC_REPOSITORY and RESTIC_PASSWORD in .env.",
    "backup-offsite:",
    "  image: restic/restic:0.18.1",
    "  profiles: [offsite]",
    '  entrypoint: ["/opt/backup/offsite.sh"]',
    "  init: true",
    "  restart: unless-stopped",
    "  environment:",
    "    RESTIC_REPOSITORY: ${RESTIC_REPOSITORY:-}",
    "    RESTIC_PASSWORD: ${RESTIC_PASSWORD:-}",
    "    AWS_ACCESS_KEY_ID: ${AWS_ACCESS_KEY_ID:-}",
    "    AWS_SECRET_ACCESS_KEY: ${AWS_SECRET_ACCESS_KEY:-}",
    "  volumes:",
    "    - ./backup:/opt/backup:ro",
    "    - backups:/backups:ro",
    '  tmpfs: ["/tmp"]',
    "  healthcheck:",
    '    test: ["CMD-SHELL", "find /tmp/copied -mmin -1560 | grep -q ."]',
    "    interval: 5m",
    "    timeout: 10s",
    "    retries: 3",
    "    start_period: 1h",
    '  security_opt: ["no-new-privileges:true"]',
    "  cap_drop: [ALL]",
    ...logging,
    '  deploy: { resources: { limits: { cpus: "1", memory: 512M, pids: 64 } } }',
  ];
}

function settings(input: BackupInput, more: readonly string[]): string[] {
  const { envFiles = [], secrets = [], networks = [] } = input;
  return [
    ...(envFiles.length > 0 ? [`  env_file: ${yamlList(envFiles)}`] : []),
    "  environment:",
    `    BACKUP_HOST: ${yamlScalar(input.database)}`,
    ...input.environment.map(([name, value]) => `    ${name}: ${yamlScalar(value)}`),
    ...more.map(line => `    ${line}`),
    ...(secrets.length > 0 ? [`  secrets: ${yamlList(secrets)}`] : []),
    ...(networks.length > 0 ? [`  networks: ${yamlList(networks)}`] : []),
  ];
}

function mounts({ uploads = [], engine }: BackupInput, backs: boolean): string[] {
  // A restore that cannot exchange two databases makes a backup of its own before it replaces the live one.
  const writes = backs || engine !== "postgres";
  return [
    "  volumes:",
    "    - ./backup:/opt/backup:ro",
    `    - backups:/backups${writes ? "" : ":ro"}`,
    ...uploads.map(
      ({ name, source }) => `    - ${yamlScalar(`${source}:/uploads/${name}${backs ? ":ro" : ""}`)}`,
    ),
    '  tmpfs: ["/tmp"]',
  ];
}

function waits({ database, healthy }: BackupInput): string[] {
  return [
    "  depends_on:",
    `    ${database}: { condition: ${healthy ? "service_healthy" : "service_started"} }`,
  ];
}
