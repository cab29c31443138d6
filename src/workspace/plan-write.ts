import { isUtf8 } from "node:buffer";
import { accessSync, constants, lstatSync, readFileSync, type Stats } from "node:fs";
import { dirname, isOutside, normalize } from "../core/path.ts";
import { UserError } from "../core/user-error.ts";
import type { FileChange } from "./write.ts";

/** A change that was checked against the disk. */
export interface Planned {
  readonly file: string;
  readonly before?: Buffer;
  readonly after: Buffer;
  readonly mode: number;
  /** Of the file that is replaced. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** Checks every change before the first one is made. @throws UserError for the first that must not be made. */
export function planWrite(
  root: string,
  changes: readonly FileChange[],
): { planned: Planned[]; directories: string[] } {
  const directories = new Set<string>();
  const planned = changes.map(change => {
    const complaint = lockedFile(root, change.file);
    if (complaint) throw refuse(complaint, "Change it by hand.");
    for (const directory of absentAbove(root, change.file)) directories.add(directory);
    return planOne(root, change);
  });
  return { planned, directories: [...directories].sort((a, b) => a.length - b.length) };
}

/** Why a path is never written, whatever stands there; undefined when it may be. */
export function lockedFile(root: string, file: string): string | undefined {
  if (isOutside(file) || file === "" || normalize(file) !== file || file.includes("\0"))
    return `${file} is not a file inside the project.`;
  if (/(?:^|\/)\.git(?:\/|$)/.test(file)) return `${file} belongs to git.`;
  for (let path = file; path !== ""; path = dirname(path)) {
    const found = stats(root, path);
    if (!found) continue;
    if (found.isSymbolicLink())
      return path === file ? `${file} is a link.` : `${file} stands behind the link ${path}.`;
    if (path === file ? !found.isFile() : !found.isDirectory())
      return path === file ? `${file} is not a plain file.` : `${path} is not a directory.`;
  }
  const there = stats(root, file);
  if (
    there &&
    there.size <= 4 * 1024 * 1024 &&
    isReadable(`${root}/${file}`) &&
    !isUtf8(readFileSync(`${root}/${file}`))
  )
    return `${file} is not UTF-8.`;
  return undefined;
}

function planOne(root: string, { file, before, after, executable }: FileChange): Planned {
  const found = stats(root, file);
  requireWritableFolder(root, file);
  const bytes = Buffer.from(after, "utf8");
  if (before === undefined) {
    if (found) throw refuse(`${file} has been made since the project was read.`, "Run it again.");
    return { file, after: bytes, mode: executable ? 0o755 : 0o644 };
  }
  if (!found) throw refuse(`${file} has been removed since the project was read.`, "Run it again.");
  // Root may write any file, but a file without a write bit was locked by someone.
  if ((found.mode & 0o222) === 0 || !isAllowed(`${root}/${file}`, constants.W_OK))
    throw refuse(`${file} is read-only.`, `Make it writable (chmod u+w ${file}), or change it by hand.`);
  if (!isReadable(`${root}/${file}`)) throw refuse(`${file} cannot be read.`, "Check its permissions.");
  const current = readFileSync(`${root}/${file}`);
  if (!current.equals(Buffer.from(before, "utf8")))
    throw refuse(`${file} has been changed since the project was read.`, "Run it again.");
  return {
    ...{ file, before: current, after: bytes, mode: found.mode & 0o7777 },
    owner: { uid: found.uid, gid: found.gid },
  };
}

function requireWritableFolder(root: string, file: string): void {
  let folder = dirname(file);
  while (folder !== "" && !stats(root, folder)) folder = dirname(folder);
  const path = folder === "" ? root : `${root}/${folder}`;
  const found = lstatSync(path);
  if ((found.mode & 0o222) === 0 || !isAllowed(path, constants.W_OK | constants.X_OK))
    throw refuse(
      `The directory of ${file} is read-only.`,
      `Make it writable (chmod u+w ${folder === "" ? "." : folder}).`,
    );
}

function absentAbove(root: string, file: string): string[] {
  const absent: string[] = [];
  for (let path = dirname(file); path !== "" && !stats(root, path); path = dirname(path)) absent.push(path);
  return absent;
}

function stats(root: string, path: string): Stats | undefined {
  try {
    return lstatSync(`${root}/${path}`, { throwIfNoEntry: false });
  } catch (error) {
    // Something above is no directory: then nothing is here, and the complaint is about that.
    if (error instanceof Error && "code" in error && error.code === "ENOTDIR") return undefined;
    throw error;
  }
}

function isReadable(path: string): boolean {
  return isAllowed(path, constants.R_OK);
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function refuse(what: string, hint: string): UserError {
  return new UserError(`${what} Nothing was changed.`, hint);
}
