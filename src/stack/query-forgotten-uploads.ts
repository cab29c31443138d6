import { basename } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { isBackupService } from "./query-backup-signs.ts";
import { keptBackups } from "./query-backups.ts";
import { carriesDump, isDump } from "./query-scripts.ts";
import { keeperOf, type UploadFolder, uploadFolders } from "./query-uploads.ts";
import type { Mount, Stack } from "./stack.ts";

/** Folders of uploads that outlive their containers, and that no backup takes, where the database has one. */

export interface ForgottenUploads extends UploadFolder {
  readonly mount: Mount;
  /** The dump. */
  readonly backup: Location;
}

export function forgottenUploads(stack: Stack): ForgottenUploads[] {
  const dumps = keptBackups(stack).filter(({ call }) => isDump(call) || carriesDump(call));
  const [first] = dumps;
  if (!first) return [];
  const seen = new Set<string>();
  return uploadFolders(stack).flatMap(each => {
    const mount = keeperOf(each.service, each.folder);
    if (each.service.project.grade !== "deployed" || mount === undefined || mount === "unknown") return [];
    const names = namesOf(each.folder, mount);
    const key = `${each.service.project.directory} ${mount.source}`;
    if (names.length === 0 || seen.has(key) || isTaken(stack, mount, names)) return [];
    seen.add(key);
    return [{ ...each, mount, backup: first.call.at }];
  });
}

/** What a command that saves the files would name: the folder, or the volume or directory that holds it. */
function namesOf(folder: string, { source, type }: Mount): string[] {
  // The whole checkout is mounted, or a place that only the server knows.
  const own = (source ?? "").replace(/\/+$/, "");
  if (/\$/.test(own) || (type === "bind" && /^(?:|\.|\.\.)$/.test(own))) return [];
  return [...new Set([basename(folder), basename(own)])].filter(name => name !== "");
}

const copies =
  /\b(?:tar|rsync|rclone|restic|borg\w*|duplicity|kopia|zip|aws|s3cmd|s5cmd|mc|gsutil|azcopy|b2|cp|scp|docker cp|backup\w*)\b/i;

/** Some line in the repository that copies things names it, or a container for backups has it mounted. */
function isTaken(stack: Stack, mount: Mount, names: readonly string[]): boolean {
  if (
    stack.services.some(
      service => isBackupService(service) && service.mounts.some(({ source }) => source === mount.source),
    )
  )
    return true;
  return (
    [...stack.sources.values()].some(
      ({ path, text }) =>
        operates.test(path) &&
        names.some(name => text.includes(name)) &&
        text.split("\n").some(line => copies.test(line) && names.some(name => line.includes(name))),
    ) || named(stack, names)
  );
}

const operates =
  /\.(?:sh|bash|ya?ml|md|txt|rst|py|service|timer|conf)$|(?:^|\/)(?:Makefile|[Jj]ustfile|crontab\w*|[\w-]*backup[\w-]*)$/i;
const backupFile = /back-?_?up|restic|borg/i;

/** A file for backups names it, in whatever way. */
function named(stack: Stack, names: readonly string[]): boolean {
  return [...stack.sources.values()].some(
    ({ path, text }) => backupFile.test(path) && names.some(name => text.includes(name)),
  );
}
