import type { Call } from "../artifacts/commands.ts";
import { basename } from "../core/path.ts";
import { calledAs } from "./query-scripts.ts";
import type { PlacedCall, Service, Stack } from "./stack.ts";

/** What is named for backups: a service, a script, a target, a function, a file. A name alone saves nothing. */

const backupImages =
  /back-?up|restic|borg|kopia|duplicat|wal-[ge]|pgbackrest|databack|litestream|barman|snapshot/i;
export const backupPath =
  /back(ing)?-?_?ups?|restic|borg|pgbackrest|wal-g|litestream|(^|[^a-z])(db|pg|sql|mysql|mongo)_?-?dump/i;
export const codeFile =
  /\.(tsx?|jsx?|mjs|cjs|css|scss|html|svg|png|jpe?g|vue|svelte|snap|json|lock|po|java|kt|cs|rs|rb|php|erb|hbs|twig|ejs|test\.\w+)$/i;

export function isBackupService(service: Service): boolean {
  const texts = [
    service.name,
    service.image?.text ?? "",
    service.command?.text ?? "",
    service.entrypoint?.text ?? "",
  ].map(text => text.replace(noBackup, ""));
  if (texts.some(text => backupImages.test(text) || /\b(pg_dump|mysqldump|mongodump)\b/.test(text)))
    return true;
  return service.labels.some(label => backupImages.test(label.name));
}

/** `--noseedbackup` */
const noBackup = /--no-?\w*backups?/gi;

/** A service that is not for work alone, a command in what is named for backups that could save something, or such a file. */
export function isNamedForBackups(stack: Stack): boolean {
  if (stack.services.some(service => service.project.grade !== "development" && isBackupService(service)))
    return true;
  if (stack.calls.some(placed => isNamed(placed) && saves(placed.call))) return true;
  return stack.files.paths.some(path => backupPath.test(basename(path)) && couldSave(stack, path));
}

function isNamed(placed: PlacedCall): boolean {
  return backupPath.test(calledAs(placed));
}

/** It moves data, or hands on to what may. */
function saves(call: Call): boolean {
  // The schema alone.
  if (call.args.some(({ value }) => value === "dbmate")) return false;
  if (call.kind === "compose") return call.exec !== undefined || call.subcommand === "cp";
  if (call.kind === "docker") return /^(?:cp|container cp|volume\b)/.test(call.verb);
  if (call.kind === "file") return /^(?:tar|zip|gzip|cp|mv|cat|ln)$/.test(call.name) && !isOfVersion(call);
  return call.kind !== "tool" || movers.test(call.name);
}

/** `cat "$VERSION_FILE"`: what ran is remembered. */
function isOfVersion({ args }: Call): boolean {
  return args.some(({ word }) => /version|\.env\b/i.test(word.text));
}

const movers =
  /^(?:aws|s\dcmd|s5cmd|rclone|gsutil|gcloud|az|azcopy|mcl?i?|b2|swift|doctl|sftp|lftp|ftp|sqlite3|influxd?|redis-cli|etcdctl|kubectl|oc|neo4j-admin|velero|dd|7za?|[bp]?x?z(?:ip2?|std)?|pigz|cpio|gpg|openssl|git|invoke-\w+)$|dump|back-?_?up|snapshot|export|archive|restic|borg|kopia|duplic|litestream|wal-[ge]|pgbackrest|barman/i;

function couldSave(stack: Stack, path: string): boolean {
  const name = basename(path);
  return (
    // Codes for people who lost their second factor.
    !/backup[-_]?codes?/i.test(name) &&
    !codeFile.test(path.replace(/\.(?:backup|bak|old)$/, "")) &&
    !appModule.test(path) &&
    !dumpFile.test(path) &&
    // A Compose file that was put aside, and what is asked for in a design.
    !(/^(?:docker-)?compose\b[\w.-]*\.ya?ml/.test(name) && !/\S*backup\S*:/i.test(textOf(stack, path))) &&
    !/(?:^|\/)(?:design|nfr|requirements)\//i.test(path) &&
    // Its commands are known.
    !stack.scripts.some(({ file }) => file === path)
  );
}

function textOf(stack: Stack, path: string): string {
  return (stack.sources.get(path)?.text ?? "").replace(/^[ \t]*container_name:.*$/gm, "");
}

/** Rows that somebody dumped once and committed: sample data, and no way to make the next backup. */
const dumpFile = /\.(?:sql|dump|bak|rdb)(?:\.(?:gz|xz|zst|bz2))?$/i;

/** A module of the application, which an earlier version of it may be kept in. */
const appModule =
  /(?:^|\/)(?:routers?|routes|views|models|schemas|api|endpoints|components)\/(?:.*\/)?[^/]+\.py$/;
