import { constants, type Dirent } from "node:fs";
import {
  chown,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { LabFiles, LabRecord, LabStore } from "../core/lab-files.ts";
import { UserError } from "../core/user-error.ts";

/** Everything that a lab copies, together: 512 MB. */
const largest = 512 << 20;
/** What tools make and a clean clone does not have. */
const notCopied = new Set([
  ".git",
  ".hg",
  ".svn",
  "node_modules",
  ".venv",
  "venv",
  "__pycache__",
  ".next",
  ".cache",
]);

/** Names in a lab's directory that are the lab's own. */
const reserved = new Set([
  ...["project", "outside", "server", "secrets", "configs", "compose.json", "lab.json", ".."],
]);

function isCopied(path: string): boolean {
  return !notCopied.has(path.slice(path.lastIndexOf("/") + 1));
}

/** The usual place: of the user, outside every project, and it stays over a reboot so that it can be cleaned. */
export function labsDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const state = env["XDG_STATE_HOME"] || join(env["HOME"] || "/root", ".local", "state");
  return join(state, "shipworthy", "labs");
}

export function labStore(directory: string): LabStore {
  const record = (lab: string) => join(directory, lab, "lab.json");
  return {
    async open(lab, { root }) {
      const own = join(directory, lab);
      // Closed to others: the copy holds what the project keeps secret.
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await mkdir(own, { mode: 0o700 });
      await writeFile(record(lab), JSON.stringify({ lab, root, ...(await owner()) }));
      return labFiles(own, root);
    },
    async list() {
      const names = await readdir(directory).catch(() => []);
      const found = await Promise.all(names.map(name => readRecord(record(name), name)));
      return found.sort((a, b) => (a.lab < b.lab ? -1 : 1));
    },
    async remove(lab) {
      try {
        await rm(join(directory, lab), { recursive: true, force: true, maxRetries: 3 });
      } catch (error) {
        throw new UserError(
          `${join(directory, lab)} cannot be removed: ${error instanceof Error ? error.message : error}.`,
          "Containers wrote to it as another user: remove it as root.",
        );
      }
    },
  };
}

interface Owner {
  readonly pid: number;
  /** Tells a process from a later one with its number, also over a reboot. */
  readonly started: string;
}

async function owner(): Promise<Owner> {
  return { pid: process.pid, started: (await startOf(process.pid)) ?? "" };
}

async function readRecord(path: string, lab: string): Promise<LabRecord> {
  try {
    const { root, pid, started } = JSON.parse(await readFile(path, "utf8")) as Owner & { root: string };
    return { lab, root, alive: (await startOf(pid)) === started };
  } catch {
    // Killed before it was written: there is nothing to know, and nobody owns it.
    return { lab, root: "", alive: false };
  }
}

/** Boot and start time of a process; undefined when there is no such process. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    // The 22nd field; the name before it may hold blanks.
    return `${boot.trim()} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return isThere(pid) ? `process ${pid}` : undefined;
  }
}

/** Where there is no /proc, a number is all there is. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function labFiles(directory: string, root: string): LabFiles {
  const copy = join(directory, "project");
  let copied = 0;
  const count = (bytes: number) => {
    copied += bytes;
    if (copied > largest)
      throw new UserError(
        `The project holds more than ${largest >> 20} MB, which is the most that a lab copies.`,
        "Keep data outside the project's directory.",
      );
  };
  const path = (relative: string) => {
    const whole = resolve(directory, relative);
    if (!whole.startsWith(`${directory}/`)) throw new Error(`${relative} leaves the lab's directory`);
    return whole;
  };
  return {
    ...{ directory, copy, path },
    copyProject: async leaveOut => {
      const out = new Set(leaveOut.map(one => join(root, one)));
      await copyTree(root, copy, entry => !out.has(entry) && isCopied(entry), count);
    },
    copyOutside: (source, to) => copyFrom(source, to, () => true),
    copySibling: async to =>
      !reserved.has(to.split("/")[0]!) && copyFrom(join(dirname(root), to), to, isCopied),
    async write(relative, text, mode = 0o644) {
      await mkdir(dirname(path(relative)), { recursive: true });
      await rm(path(relative), { force: true });
      await writeFile(path(relative), text, { mode });
    },
    read: relative => readFile(path(relative), "utf8").catch(() => undefined),
    has: relative =>
      lstat(path(relative)).then(
        () => true,
        () => false,
      ),
  };

  async function copyFrom(source: string, to: string, wanted: (path: string) => boolean): Promise<boolean> {
    const target = path(to);
    const found = await lstat(source).catch(() => undefined);
    await mkdir(found?.isFile() ? dirname(target) : target, { recursive: true });
    if (!found || !(found.isFile() || found.isDirectory())) return false;
    const before = copied;
    try {
      if (found.isFile()) await copyOne(source, target, count);
      else await copyTree(source, target, wanted, count);
      return true;
    } catch (error) {
      if (!(error instanceof UserError) && !isRefusal(error)) throw error;
      // Too large, or closed to us: an empty directory stands for it, and the report says so.
      copied = before;
      await rm(target, { recursive: true, force: true });
      await mkdir(target, { recursive: true });
      return false;
    }
  }
}

function isRefusal(error: unknown): boolean {
  return ["EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "");
}

async function copyTree(
  from: string,
  to: string,
  wanted: (path: string) => boolean,
  count: (bytes: number) => void,
): Promise<void> {
  const { mode } = await lstat(from);
  await mkdir(to, { recursive: true, mode: mode & 0o777 });
  await keepOwner(from, to);
  const entries: Dirent[] = await readdir(from, { withFileTypes: true });
  for (const entry of entries) {
    const source = join(from, entry.name);
    if (!wanted(source)) continue;
    const target = join(to, entry.name);
    if (entry.isDirectory()) await copyTree(source, target, wanted, count);
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else if (entry.isFile()) await copyOne(source, target, count);
  }
}

async function copyOne(source: string, target: string, count: (bytes: number) => void): Promise<void> {
  count((await lstat(source)).size);
  await copyFile(source, target, constants.COPYFILE_FICLONE);
  await keepOwner(source, target);
}

/** Containers run as users of their own: a file's owner decides what they may do with it. Only root can keep it. */
async function keepOwner(source: string, target: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await lstat(source);
  await chown(target, uid, gid);
}
