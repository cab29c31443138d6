import type { Call } from "../artifacts/commands.ts";
import { basename, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { AppComponent } from "./app/detect.ts";
import { isPublic } from "./public-project.ts";
import { hostNames } from "./query.ts";
import { backupPath, codeFile, isNamedForBackups } from "./query-backup-signs.ts";
import { dataDirectories, isLastingCache, keepingOf } from "./query-data.ts";
import { hasUnseenEnvironment, isMentioned } from "./query-environment.ts";
import {
  calledAs,
  carriesDump,
  dumpsTestData,
  isDump,
  isWorkstationCall,
  projectsOfCall,
  servicesInside,
} from "./query-scripts.ts";
import { dataFiles, fileKeeping } from "./query-sqlite.ts";
import type { Mount, PlacedCall, Service, Stack } from "./stack.ts";

/** Questions about the backups that a repository has. */

const backupTools =
  /^(restic|borg|borgmatic|kopia|duplicity|duplicati|duplicacy|tarsnap|autorestic|resticprofile|litestream|pgbackrest|wal-g|wal-e|barman|xtrabackup|mariabackup|velero|pg_receivewal|pg_basebackup)$/;
const remoteTools =
  /^(aws|s3cmd|s5cmd|rclone|gsutil|gcloud|az|azcopy|mc|mcli|b2|swift|linode-cli|doctl|scp|sftp|rsync|lftp|ftp|ssh|restic|borg|borgmatic|kopia|duplicity|tarsnap|autorestic|wal-g|pgbackrest|megaput|dropbox_uploader\.sh|gdrive)$/;

/** Databases and object stores of deployed projects that keep their data, each place in the files once. */
export function keptStores(stack: Stack): Service[] {
  return keptServices(
    stack,
    service => service.kind === "storage" || (service.kind === "database" && !isIdle(stack, service)),
  );
}

/** No program beside it is told where it is, waits for it or has its name in the code: nobody can have entered anything. */
function isIdle(stack: Stack, store: Service): boolean {
  const others = store.project.services.filter(service => service !== store);
  const names = hostNames(store);
  return (
    others.length > 0 &&
    !store.ports.some(port => port.public === false) &&
    // Programs of other projects come through a network that they share, and an image may hold an env file.
    !store.project.networks.some(network => network.external) &&
    !stack.envFiles.some(({ entries }) =>
      entries.some(({ value }) =>
        names.some(name => value.value === name || new RegExp(`@${name}[:/]`).test(value.value)),
      ),
    ) &&
    others.every(
      service =>
        service.component !== undefined &&
        service.build !== undefined &&
        !hasUnseenEnvironment(service) &&
        !service.dependsOn.some(each => each.service === store.name) &&
        !service.environment.some(({ value }) => names.some(name => mentions(value?.raw, name))) &&
        !/(?:DATABASE|DB|POSTGRES\w*|PG|MYSQL|MONGO\w*)_?(?:URL|URI|HOST|DSN|SERVER)/.test(
          service.environment.map(each => each.name).join(" "),
        ) &&
        !names.some(name => isMentioned(stack, service.component!, name)),
    )
  );
}

const mentions = (text: string | undefined, name: string): boolean =>
  text !== undefined && new RegExp(`(?<![\\w-])${name.replace(/[^\w-]/g, ".")}(?![\\w-])`).test(text);

/** Services of deployed projects that keep a SQLite database on a mount, with the mount. */
export function keptFiles(stack: Stack): { readonly service: Service; readonly mount: Mount }[] {
  const sources = new Set<string>();
  return stack.services.flatMap(service => {
    if (!isKept(stack, service)) return [];
    for (const file of dataFiles(stack, service)) {
      const keeping = fileKeeping(service, file);
      if (!keeping?.kept) continue;
      const key = `${service.project.directory} ${keeping.mount.source}`;
      if (sources.has(key)) return [];
      sources.add(key);
      return [{ service, mount: keeping.mount }];
    }
    return [];
  });
}

/**
 * Search engines of deployed projects that keep the data itself: nothing that holds it lies beside them, and the code
 * has the client of no database.
 */
export function keptIndexes(stack: Stack): Service[] {
  const found = keptServices(stack, service => service.kind === "search");
  if (found.length === 0 || stack.components.length === 0) return [];
  const hasClient = stack.components.some(
    ({ kind, package: own, dir, files }) =>
      kind === "django" ||
      own?.dependencies.some(({ name }) => database.test(name)) ||
      manifests.some(name => database.test(files.read(join(dir, name))?.text ?? "")),
  );
  return hasClient ? [] : found;
}

const manifests = [
  "requirements.txt",
  "pyproject.toml",
  "go.mod",
  "composer.json",
  "pom.xml",
  "build.gradle",
  "Gemfile",
];
const database =
  /\b(?:pg|postgres\w*|mysql2?|mariadb|mongoose|mongodb|pymongo|motor|sequelize|typeorm|prisma|@prisma\/client|knex|drizzle-orm|sqlite3?|better-sqlite3|sqlalchemy|psycopg\d?\w*|asyncpg|django|gorm|pgx|redshift|cassandra\S*|dynamodb|doctrine|laravel|eloquent|hibernate|jpa|jdbc|activerecord|rails|neo4j\S*|firebase\S*|supabase\S*)\b/i;

/**
 * The data is this team's: an image of the project is made here; or the application's code is here, nobody else is
 * invited to run it, and the file is production's or is shipped, with a program that is no known product's.
 */
export function isOwnData(stack: Stack, stores: readonly Service[]): boolean {
  const isIndex = stores.every(({ kind }) => kind === "search");
  const ofTeam = !isIndex && stack.components.length > 0 && !isPublic(stack.files.paths);
  return stores.some(({ project: { grade, because, services } }) => {
    const shipped = because.at !== undefined;
    const forServer =
      grade === "deployed" && (shipped || because.ground === "name" || because.ground === "folder");
    const isOwn = (service: Service): boolean =>
      service.build !== undefined ||
      (shipped && service.made !== undefined) ||
      (ofTeam &&
        forServer &&
        (!service.facts || service.made !== undefined) &&
        (service.kind === "app" || service.kind === "unknown"));
    return services.some(isOwn);
  });
}

/** It runs on the server; where only one project is there, a doubt whether it does makes the finding lighter. */
function isKept(stack: Stack, { project, oneShot, profiles }: Service): boolean {
  const deployed =
    project.grade === "deployed" || (project.grade === "presumed" && stack.projects.length === 1);
  return deployed && !oneShot && profiles.length === 0;
}

/** Caches of deployed projects that are told to keep what they hold, and have a place for it. */
export function lastingCaches(stack: Stack): Service[] {
  return keptServices(stack, isLastingCache);
}

function keptServices(stack: Stack, counts: (service: Service) => boolean): Service[] {
  const seen = new Set<string>();
  return stack.services.filter(service => {
    if (!isKept(stack, service) || !counts(service)) return false;
    const place = `${service.at.file}:${service.at.span.start}`;
    if (seen.has(place)) return false;
    seen.add(place);
    return dataDirectories(service).some(directory =>
      /^(volume|bind)$/.test(keepingOf(service, directory).in),
    );
  });
}

const backups = new WeakMap<Stack, readonly PlacedCall[]>();

/** Calls that make a backup: dumps, and the tools that store them. */
export function backupCalls(stack: Stack): readonly PlacedCall[] {
  let calls = backups.get(stack);
  if (!calls) {
    calls = findBackupCalls(stack);
    backups.set(stack, calls);
  }
  return calls;
}

function findBackupCalls(stack: Stack): PlacedCall[] {
  const commands = new Set<unknown>();
  return stack.calls.filter(placed => {
    const { call } = placed;
    if (dumpsTestData(placed)) return false;
    if (!isDump(call) && !carriesDump(call) && !isArchiveOfVolume(call) && !isToolBackup(call)) return false;
    // What brings data back reads a backup.
    if (/restor/i.test(calledAs(placed))) return false;
    if (commands.has(call.command)) return false;
    commands.add(call.command);
    return true;
  });
}

const moves = /migrat|upgrad|import|clone|sync/i;

/** Dumps that are kept: not those of a workstation, and not those that carry data over to a new place. */
export function keptBackups(stack: Stack): PlacedCall[] {
  return backupCalls(stack).filter(placed => {
    const name = `${basename(placed.caller.file)} ${placed.caller.name ?? ""}`;
    return (
      !isForWork(stack, placed) && !isWorkstationCall(placed) && (!moves.test(name) || backupPath.test(name))
    );
  });
}

/** It saves the database of a project for workstations. */
function isForWork(stack: Stack, placed: PlacedCall): boolean {
  const { call } = placed;
  const projects =
    call.kind === "compose"
      ? projectsOfCall(stack, { ...placed, call })
      : servicesInside(stack, placed).map(service => service.project);
  return projects.length > 0 && projects.every(project => project.grade === "development");
}

function isToolBackup(call: Call): boolean {
  if (!backupTools.test(call.name)) return false;
  return !call.args.some(arg =>
    /^(restore|check|snapshots|init|forget|prune|list|version)$/.test(arg.value ?? ""),
  );
}

/** `docker run -v data:/data busybox tar ...`. */
function isArchiveOfVolume(call: Call): boolean {
  return (
    call.kind === "docker-run" &&
    call.volumes.length > 0 &&
    call.args.some(arg => /\btar\b/.test(arg.word.text)) &&
    !call.args.some(arg => /\btar\s+(?:-\S+\s+)*-?\w*x|--extract|^-?x\w*$/.test(arg.word.text))
  );
}

export const described =
  /\b(pg_dump|pg_dumpall|mysqldump|mariadb-dump|mongodump|pg_basebackup|restic backup|borg create)\b(?!\]\()/;

/** A page on operating the system names such a command. */
function describes(stack: Stack, command: RegExp): boolean {
  return [...stack.kinds].some(
    ([path, kind]) => kind === "runbook" && command.test(sourceOf(stack, path)?.text ?? ""),
  );
}

/** Anything at all in the repository that makes or describes backups: a call, a service, a file named for them. */
export function hasBackup(stack: Stack): boolean {
  return describes(stack, described) || describes(stack, sqliteDump) || makesBackup(stack);
}

/** Something here makes backups, or is named for them. */
export function makesBackup(stack: Stack): boolean {
  if (backupCalls(stack).length > 0) return true;
  if (stack.calls.some(({ call }) => call.args.some(arg => /^dbbackup$|^backup:/.test(arg.value ?? ""))))
    return true;
  if (stack.components.some(hasBackupPackage)) return true;
  if (stack.calls.some(({ call }) => isSqliteDump(call))) return true;
  if (stack.calls.some(({ call }) => writesBackupScript(call))) return true;
  return isNamedForBackups(stack);
}

const sqliteDump = /\bsqlite3\b[^\n|]*(?:\.backup|\.dump|vacuum into)|\blitestream\b/i;

function isSqliteDump(call: Call): boolean {
  return (
    call.name === "sqlite3" && sqliteDump.test(`sqlite3 ${call.args.map(arg => arg.word.text).join(" ")}`)
  );
}

/** The script that sets a server up writes another one there, from a heredoc, that makes a dump. */
function writesBackupScript({ writes }: Call): boolean {
  return writes.some(({ heredoc }) => heredoc !== undefined && described.test(heredoc.body.text));
}

/** A package that gives the application backups of its own. */
function hasBackupPackage({ files, dir }: AppComponent): boolean {
  const text = (name: string) => files.read(join(dir, name))?.text ?? "";
  return (
    /"spatie\/laravel-backup"/.test(text("composer.json")) ||
    /^django-dbbackup\b/m.test(text("requirements.txt")) ||
    /["']django-dbbackup\b/.test(text("pyproject.toml"))
  );
}

const restoring =
  /\b(pg_restore|mongorestore|restic restore|borg extract)\b|\b(psql|mysql|mariadb)\b[^\n|]*<\s*\S|\|\s*(sudo )?(docker [^\n|]*)?\b(psql|mysql|mariadb)\b/;

/** Anything that brings data back: a restore command, a client fed from a file, a file or target named for it. */
export function hasRestore(stack: Stack): boolean {
  if (stack.files.paths.some(path => /restor/i.test(basename(path)) && !codeFile.test(path))) return true;
  if (describes(stack, restoring)) return true;
  return stack.calls.some(placed => {
    const { call } = placed;
    if (/restor/i.test(calledAs(placed))) return true;
    if (/^(pg_restore|mongorestore)$/.test(call.name)) return true;
    if (
      !/^(echo|printf)$/.test(call.name) &&
      call.args.some(arg => /\b(pg_restore|mongorestore|restore|dbrestore)\b/.test(arg.word.text))
    )
      return true;
    if (!/^(psql|mysql|mariadb)$/.test(call.name) || call.kind !== "database") return false;
    if (call.stdin === "pipe") return true;
    const inputs = [
      ...call.command.redirects
        .filter(redirect => redirect.op === "<")
        .map(redirect => redirect.target.value),
      ...call.flags.filter(flag => flag.name === "-f").map(flag => flag.value?.value),
    ];
    // A file of the repository is a schema, not a backup.
    return inputs.some(input => input === undefined || stack.files.has(join("", input)) === undefined);
  });
}

/** A line for cron, or the timer's commands, on a page that speaks of backups. */
const scheduled =
  /^[-*>` \t]*(?:[\d*,/-]+\s+){4}[\d*,/-]+\s+\S*[^\n]*back-?_?up|\bcrontab\b|\bsystemctl\s+enable\b[^\n]*\.timer/im;

/** Something in the repository runs at set times, as far as backups go. */
export function hasSchedule(stack: Stack, files: ReadonlySet<string>): boolean {
  if (stack.files.paths.some(path => /cron|\.timer$|ofelia/i.test(basename(path)))) return true;
  if (
    stack.services.some(service =>
      /cron|ofelia|schedul/i.test(`${service.name} ${service.image?.text ?? ""}`),
    )
  )
    return true;
  if (
    stack.services.some(service =>
      service.labels.some(label => /^(ofelia|chadburn|deck-chores)\./.test(label.name)),
    )
  )
    return true;
  if (
    stack.calls.some(
      ({ call }) => call.name === "crontab" || call.name === "systemd-run" || call.name === "at",
    )
  )
    return true;
  if (describes(stack, scheduled)) return true;
  for (const workflow of stack.workflows)
    if (
      /^[ \t]*schedule:/m.test(workflow.source.text) &&
      (files.has(workflow.file) || backupPath.test(workflow.source.text))
    )
      return true;
  return [...files].some(file => /\bsleep\b|\bcron/i.test(sourceOf(stack, file)?.text ?? ""));
}

/** `$HDFS_BACKUP`, `${S3_TARGET}`: a place in a store of many machines, handed to whatever puts it there. */
const elsewhereName = /^["']?\$\{?(?:\w+_)?(?:HDFS|S3|GCS|BUCKET|OFFSITE|REMOTE)(?:_\w+)?\}?(?:\/|["']?$)/;

/** A call that can carry a file to another machine. */
export function leavesMachine(call: Call): boolean {
  if (call.kind === "remote-copy") return call.direction !== "local";
  if (remoteTools.test(call.name) || call.kind === "ssh") return true;
  if (call.kind === "http")
    return call.flags.some(flag => /^(-T|--upload-file|-F|--form|--data-binary)$/.test(flag.name));
  return call.args.some(
    arg =>
      /\b(s3|gs|b2|sftp|az|hdfs):\/\//.test(arg.word.text) ||
      elsewhereName.test(arg.word.text) ||
      quotedUpload.test(arg.word.text),
  );
}

/** In the text of a script that another container runs. */
const quotedUpload =
  /(?:^|[\n;&|]|then)[ \t]*(?:mc (?:cp|mirror)|aws s3 (?:cp|sync)|rclone (?:copy|sync)|s3cmd put|gsutil cp) /;
