import type { Edit, Fix } from "../core/fix.ts";
import { basename } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { isLastingCache, isMysql, isPostgres, postgresMajor } from "../stack/query-data.ts";
import type { ComposeProject, Service, Stack } from "../stack/stack.ts";
import { type BackupEngine, type BackupInput, backup } from "./backup.ts";
import { isOrdinaryMongo, redisLogin } from "./backup-logins.ts";
import { savedUploads } from "./backup-readme.ts";
import { addServices, declareNames } from "./compose-file.ts";
import { creation } from "./new-file.ts";
import { sendAlong } from "./sent-files.ts";

/**
 * The backup service of a project as a fix. `stores` are all services of the project that keep data: undefined when
 * one of them cannot be saved by it, or when something that it needs is not known.
 */
export function backupFix(stack: Stack, stores: readonly Service[]): Fix | undefined {
  const [store, ...others] = stores;
  const input = store && others.length === 0 ? backupInput(stack, store) : undefined;
  if (!store || !input) return undefined;
  const { project } = store;
  const file = project.files.at(-1)!;
  const source = sourceOf(stack, file);
  const made = backup(input);
  const files = made.files.map(each =>
    project.directory === "" ? each.path : `${project.directory}/${each.path}`,
  );
  const taken =
    stack.files.has(files[0]!.replace(/\/[^/]*$/, "")) !== undefined ||
    project.services.some(service => ["backup", "restore", "backup-offsite"].includes(service.name)) ||
    project.volumes.some(volume => volume.name === "backups");
  if (!source || taken) return undefined;
  const services = addServices(source, made.services);
  const volumes = declareNames(source, "volumes", made.volumes);
  const sent = sendAlong(stack, project, "backup");
  if (!services || !volumes || !sent) return undefined;
  const { edits, executable } = creation(made.files, project.directory);
  return {
    title: "Add a service that makes a verified backup every day, and one that restores it",
    grade: "big-change",
    edits: [...services, ...volumes, ...edits, ...sent, ...held(stack, store)],
    executable,
    // In the image of the store: and with its credentials: whatever is said of that is said of these as well.
    reveals: ["build/floating-image", "secrets/committed-credential"],
    test: "Start the service `backup`, wait until it is healthy, and restore on a copy of the server with `docker compose run --rm restore`.",
    afterwards: `Choose where copies are kept outside this machine (backup/README.md), and have somebody told when \`backup\` is unhealthy.${
      (input.uploads ?? []).length > savedUploads(input).length
        ? ` Save ${input.uploads!.map(each => each.name).join(", ")} in another way: the image of MySQL has no tar.`
        : ""
    }`,
  };
}

/**
 * The credentials, put in place of themselves: a fix that moves them elsewhere overlaps, and waits for the next pass,
 * so the backup never gets a password that is no longer the database's.
 */
function held(stack: Stack, store: Service): Edit[] {
  const engine = engineOf(store);
  const login = engine === "redis" ? redisLogin(stack, store) : undefined;
  if (login?.at) return [{ at: login.at, text: login.text }];
  return store.environment.flatMap(({ name, value, from }) => {
    const text = value && sourceOf(stack, value.at.file)?.text.slice(value.at.span.start, value.at.span.end);
    if (from !== "environment" || !engine || !value || !text || !credentials[engine].test(name)) return [];
    return [{ at: value.at, text }];
  });
}

function backupInput(stack: Stack, store: Service): BackupInput | undefined {
  const engine = engineOf(store);
  const { image, project } = store;
  if (!engine || !image || store.build || store.networkMode) return undefined;
  const environment: [string, string][] = [];
  for (const entry of store.environment) {
    if (entry.from !== "environment" || !credentials[engine].test(entry.name)) continue;
    if (entry.value === undefined) return undefined;
    environment.push([entry.name, entry.value.raw]);
  }
  if (engine === "redis") {
    const login = redisLogin(stack, store);
    if (!login) return undefined;
    if (login.raw !== undefined) environment.push(["REDIS_PASSWORD", login.raw]);
  }
  const given = (pattern: RegExp) => store.environment.some(({ name }) => pattern.test(name));
  // A file that is not in the repository may hold all of them.
  const unseen = store.envFiles.some(use => !use.file);
  if (given(/^POSTGRES_(USER|DB)_FILE$/) || !(unseen || needed[engine].every(given))) return undefined;
  if (store.envFiles.some(use => /\$/.test(use.path.value) || !use.required)) return undefined;
  return {
    engine,
    database: store.name,
    image: image.raw,
    environment,
    envFiles: store.envFiles.map(use => use.path.value),
    secrets: store.secrets.map(secret => secret.value),
    networks: store.networks.map(network => network.value),
    healthy: store.healthcheck !== undefined && !store.healthcheck.disabled,
    uploads: uploadsOf(project),
    writers: project.services
      .filter(service => service.dependsOn.some(each => each.service === store.name) && !service.oneShot)
      .map(service => service.name),
  };
}

const credentials: Readonly<Record<BackupEngine, RegExp>> = {
  postgres: /^POSTGRES_(USER|DB|PASSWORD)(_FILE)?$/,
  mysql: /^MYSQL_(DATABASE|USER|PASSWORD|ROOT_PASSWORD)(_FILE)?$/,
  mariadb: /^(MYSQL|MARIADB)_(DATABASE|USER|PASSWORD|ROOT_PASSWORD)(_FILE)?$/,
  mongo: /^MONGO_INITDB_ROOT_(USERNAME|PASSWORD)(_FILE)?$/,
  redis: /^$/,
};

const needed: Readonly<Record<BackupEngine, readonly RegExp[]>> = {
  postgres: [/^POSTGRES_PASSWORD(_FILE)?$/],
  mysql: [/^MYSQL_DATABASE(_FILE)?$/, /^MYSQL_ROOT_PASSWORD(_FILE)?$/],
  mariadb: [/^(MYSQL|MARIADB)_DATABASE(_FILE)?$/, /^(MYSQL|MARIADB)_ROOT_PASSWORD(_FILE)?$/],
  // They let everybody in when nothing is set.
  mongo: [],
  redis: [],
};

function engineOf(store: Service): BackupEngine | undefined {
  // TimescaleDB has to be told before and after a restore, which the script does not.
  if (isPostgres(store))
    return store.facts?.family === "timescale/timescaledb" || (postgresMajor(store) ?? 99) < 10
      ? undefined
      : "postgres";
  if (store.facts?.family === "mongo") return isOrdinaryMongo(store) ? "mongo" : undefined;
  if (isLastingCache(store)) return "redis";
  if (!isMysql(store)) return undefined;
  return store.facts!.family === "mariadb" ? "mariadb" : "mysql";
}

const uploadNames =
  /^(media|media_?files|uploads?|uploaded|attachments|documents|avatars|user[-_]?(content|files)|storage)$/i;

/** What visitors have uploaded, told by the names of directories that applications write to. */
function uploadsOf(project: ComposeProject): { name: string; source: string }[] {
  const bySource = new Map<string, { name: string; source: string }>();
  for (const service of project.services) {
    if (service.kind !== "app" && !service.component) continue;
    for (const { type, source, target, readOnly } of service.mounts) {
      const name = basename(target.replace(/\/$/, "")).toLowerCase();
      if (readOnly || !source || source.includes("$") || !uploadNames.test(name)) continue;
      if (type !== "volume" && type !== "bind") continue;
      const unique = [...bySource.values()].some(each => each.name === name)
        ? `${name}-${bySource.size}`
        : name;
      if (!bySource.has(source)) bySource.set(source, { name: unique, source });
    }
  }
  return [...bySource.values()];
}
