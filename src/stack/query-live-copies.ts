import { inside } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import { keptStores } from "./query-backups.ts";
import { sameSource } from "./query-certificates.ts";
import { dataDirectories, keepingOf } from "./query-data.ts";
import { hasUnseenEnvironment } from "./query-environment.ts";
import { mainScript } from "./query-main-script.ts";
import { carriesDump, isDump, isWorkstationCall, stopsContainers } from "./query-scripts.ts";
import type { Mount, PlacedCall, Service, Stack } from "./stack.ts";

/** Backups that copy the files of a database while it writes to them. */

export interface LiveCopy {
  readonly store: Service;
  /** Where the store keeps its files. */
  readonly mount: Mount;
  readonly at: Location;
  /** `service "backup"`, or the script. */
  readonly by: string;
}

const packers = /^(?:tar|cp|rsync|zip|7z|restic|borg|kopia|rclone)$/;
/** Names of everything that asks the server for a consistent copy. */
const dumps =
  /\b(?:pg_dump(?:all)?|pg_basebackup|mysqldump|mariadb-dump|mongodump|xtrabackup|mariabackup|mydumper|influx backup|influxd backup|pgbackrest|wal-g|wal-e|barman|pg_probackup|FLUSH TABLES|fsfreeze|lvcreate|zfs snapshot)\b|\bBACKUP DATABASE\b|(?:postgres|pg|mysql|mariadb|mongo\w*|db)-?backup/i;

export function liveCopies(stack: Stack): LiveCopy[] {
  const stores = keptStores(stack).filter(each => each.kind === "database");
  // One consistent copy beside it, and this one is for convenience.
  if (stores.length === 0 || isDumped(stack)) return [];
  return stores.flatMap(store => {
    const mount = dataMount(store);
    if (!mount) return [];
    const found = byService(stack, store, mount) ?? byCall(stack, store, mount);
    return found ? [{ store, mount, ...found }] : [];
  });
}

function dataMount(store: Service): Mount | undefined {
  for (const directory of dataDirectories(store)) {
    const keeping = keepingOf(store, directory);
    if (keeping.in === "volume" || keeping.in === "bind") return keeping.mount;
  }
  return undefined;
}

function isDumped(stack: Stack): boolean {
  if (stack.calls.some(({ call }) => isDump(call) || carriesDump(call))) return true;
  const kinds = new Set(["script", "makefile", "workflow", "runbook", "compose"]);
  return [...stack.kinds].some(
    ([path, kind]) => kinds.has(kind) && dumps.test(sourceOf(stack, path)?.text ?? ""),
  );
}

/** A service beside it that mounts the same files, and packs them. */
function byService(stack: Stack, store: Service, mount: Mount): Pick<LiveCopy, "at" | "by"> | undefined {
  for (const other of store.project.services) {
    const shared =
      other === store || other.image?.raw === store.image?.raw
        ? undefined
        : other.mounts.find(each => each.type === mount.type && sameSource(each, mount));
    if (!shared) continue;
    const by = `service "${other.name}"`;
    if (/docker-volume-backup/.test(other.image?.raw ?? "")) {
      const stops = store.labels.some(each => /^docker-volume-backup\./.test(each.name));
      if (!stops && !hasUnseenEnvironment(other)) return { at: shared.at, by };
      continue;
    }
    const script = mainScript(stack, other)?.script;
    const words = script?.commands ?? [];
    if (words.some(({ name }) => /^(?:docker|compose)$/.test(name?.value ?? ""))) continue;
    const copy = words.find(command =>
      packs(
        command.words.map(word => word.value),
        shared.target,
      ),
    );
    if (copy) return { at: copy.at, by };
  }
  return undefined;
}

/** The words read a path below or above the directory, and do not unpack. */
function packs([name, ...args]: readonly (string | undefined)[], directory: string): boolean {
  if (name === undefined || !packers.test(name) || unpacks(name, args)) return false;
  return args.some(
    arg =>
      arg?.startsWith("/") && (inside(directory, arg) !== undefined || inside(arg, directory) !== undefined),
  );
}

function unpacks(name: string, args: readonly (string | undefined)[]): boolean {
  if (name === "tar") return /^-?[A-Za-z]*[xt]/.test(args[0] ?? "") || args.includes("--extract");
  return args[0] === "restore" || args[0] === "extract" || args[0] === "mount";
}

/** `docker run -v shop_rows:/rows busybox tar ...`, or a copy of the folder itself, with the container running. */
function byCall(stack: Stack, { project }: Service, mount: Mount): Pick<LiveCopy, "at" | "by"> | undefined {
  const volume = project.volumes.find(each => each.name === mount.source);
  const names = volume ? [volume.engineName, volume.name] : [];
  const placed = stack.calls.find((each, index) => {
    const { call } = each;
    if (isWorkstationCall(each) || call.inside || isStopped(stack, each, index)) return false;
    if (call.kind === "docker-run") {
      const shared = call.volumes.find(({ value }) => names.includes(value?.split(":")[0] ?? ""));
      const line = call.runCommand.map(arg => arg.value ?? "").join(" ");
      return shared !== undefined && /\btar\s+(?:-\S+\s+)*-?[a-z]*c[a-z]*\b|\bcp\s+-\w*[ar]/.test(line);
    }
    const path = call.kind === "program" ? folderOnHost(mount, names) : undefined;
    return path !== undefined && packs([call.name, ...call.args.map(arg => arg.value)], path);
  });
  return placed && { at: placed.call.at, by: placed.caller.file };
}

function folderOnHost(mount: Mount, names: readonly string[]): string | undefined {
  if (mount.type === "bind") return mount.source?.startsWith("/") ? mount.source : undefined;
  return names[0] === undefined ? undefined : `/var/lib/docker/volumes/${names[0]}/_data`;
}

function isStopped(stack: Stack, { caller }: PlacedCall, index: number): boolean {
  return stack.calls
    .slice(0, index)
    .some(before => before.caller.file === caller.file && stopsContainers(before.call));
}
