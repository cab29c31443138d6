import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { resolve } from "node:path";
import { basename } from "../core/path.ts";
import type { Problem } from "../core/problem.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { Source } from "../core/source.ts";
import { UserError } from "../core/user-error.ts";
import { type GitignoreRules, gitignoring, parseGitignore } from "../formats/gitignore.ts";
import { decodeText } from "./decode.ts";
import { findRepository, type GitRepository } from "./git.ts";
import { errorCode, type FileEntry, problemAt, relativeTo, type Walked, walk } from "./walk.ts";

/** A text, perhaps with a problem of its encoding; or only the problem. */
export type ReadResult =
  | { readonly source: Source; readonly problem?: Problem }
  | { readonly source?: undefined; readonly problem: Problem };

/** The one reader of a project. All paths are relative to the root, with forward slashes; letter case counts. */
export interface Workspace extends ProjectFiles {
  /** The root's real path. */
  readonly root: string;
  /** Every file outside dependency and cache folders. */
  readonly files: ReadonlyMap<string, FileEntry>;
  readonly directories: ReadonlySet<string>;
  /** Folders and trees that could not be listed. */
  readonly problems: readonly Problem[];
  /** Every file once, sorted: a link to a file that is listed itself is left out. */
  readonly paths: readonly string[];
  /** Names in a folder that was walked, sorted. */
  list(directory: string): readonly string[];
  /** What stands at a path, links inside the root followed. Asks the disk for folders that were not walked. */
  has(path: string): "file" | "directory" | undefined;
  /** A file's text, read once. Refuses what leaves the root, is too large or is no text. */
  read(path: string): ReadResult;
  /** Whether git knows the file (a folder: any file in it). `undefined` where git's index is absent or not readable. */
  tracked(path: string): boolean | undefined;
  /** Every tracked path below the root, walked or not. */
  trackedPaths(): readonly string[] | undefined;
  /** Whether `.gitignore` files exclude the path; a folder's path may end with a slash. */
  ignored(path: string): boolean;
  /** Whether a file may be executed where it is checked out: git's word first, then the disk's. */
  executable(path: string): boolean | undefined;
}

/** Configuration is small: anything larger is data. */
const largest = 2 * 1024 * 1024;

/** Opens a project folder for reading. Throws `UserError` when there is no such folder or it cannot be read. */
export function openWorkspace(root: string): Workspace {
  const realRoot = realFolder(root);
  const walked = walk(realRoot, realRoot);
  const unreadable = walked.problems.find(problem => problem.at.file === ".");
  if (unreadable && walked.files.size + walked.directories.size === 0)
    throw new UserError(`${root} cannot be read.`, "Check the folder's permissions.");
  const { files, directories, problems } = walked;
  const texts = new Map<string, ReadResult>();
  const repository = once(() => findRepository(realRoot));
  const tracking = once(() => trackingOf(repository()));
  const ignores = once(() => ignoreRules(realRoot, walked.gitignores, repository()));

  const has = (path: string): "file" | "directory" | undefined => {
    // Asked most often of what the walk found, by its own name.
    const clean = files.has(path) || directories.has(path) ? path : cleanPath(path);
    if (clean === undefined) return undefined;
    if (clean === "" || directories.has(clean)) return "directory";
    const entry = files.get(clean);
    if (entry) return entry.kind === "file" ? "file" : entry.targetKind;
    return mayStand(walked, clean) ? onDisk(realRoot, clean) : undefined;
  };
  const read = (path: string): ReadResult => {
    const before = texts.get(path);
    if (before) return before;
    const clean = cleanPath(path);
    if (clean === undefined || clean === "")
      return { problem: problemAt(path, "is not a path inside the project") };
    const known = texts.get(clean);
    if (known) return known;
    // The walk followed no link, so what it calls a file stands where its path says.
    const real = files.get(clean)?.kind === "file" ? `${realRoot}/${clean}` : realInside(realRoot, clean);
    const result = readText(real, clean);
    texts.set(clean, result);
    return result;
  };
  const executable = (path: string): boolean | undefined => {
    const clean = cleanPath(path);
    if (clean === undefined || has(clean) !== "file") return undefined;
    const target = files.get(clean)?.target ?? clean;
    const entry = repository()?.index?.entries.get(`${repository()?.prefix}${target}`);
    return entry?.executable ?? modeOf(`${realRoot}/${target}`);
  };
  const tracked = (path: string): boolean | undefined => {
    const clean = cleanPath(path);
    const known = tracking();
    return known && clean !== undefined ? known.files.has(clean) || known.folders.has(clean) : undefined;
  };
  const ignored = (path: string): boolean => {
    const clean = cleanPath(path);
    if (!clean) return false;
    const { prefix, isIgnored } = ignores();
    const isFolder = path.endsWith("/") || directories.has(clean) || walked.skipped.has(clean);
    return isIgnored(prefix + clean + (isFolder ? "/" : ""));
  };
  const children = childrenOf(walked);
  const paths: string[] = [];
  for (const entry of files.values()) if (isOwnFile(entry, files)) paths.push(entry.path);
  return {
    root: realRoot,
    paths: paths.sort(),
    list: path => children(cleanPath(path) ?? ""),
    files,
    directories,
    problems,
    has,
    read,
    tracked,
    ignored,
    executable,
    trackedPaths: () => (tracking() ? [...tracking()!.files] : undefined),
  };
}

function realFolder(root: string): string {
  let real: string;
  try {
    real = realpathSync.native(resolve(root));
  } catch (error) {
    if (errorCode(error) === "EACCES")
      throw new UserError(`${root} cannot be read.`, "Check the folder's permissions.");
    throw new UserError(`There is no folder ${root}.`, "Give the path of the project's root folder.");
  }
  if (statSync(real).isDirectory()) return real;
  throw new UserError(`${root} is a file, not a folder.`, "Give the path of the folder that it is in.");
}

function once<T>(compute: () => T): () => T {
  let box: { value: T } | undefined;
  return () => {
    box ??= { value: compute() };
    return box.value;
  };
}

/** A link to a file of the tree says nothing new, unless its name alone makes it the file that Compose loads. */
function isOwnFile(
  { path, kind, target = "", targetKind }: FileEntry,
  files: ReadonlyMap<string, FileEntry>,
): boolean {
  if (kind !== "link") return kind === "file";
  const named =
    /^(?:docker-)?compose(?:\.override)?\.ya?ml$/.test(basename(path)) && !/compose/i.test(basename(target));
  return targetKind === "file" && (named || !files.has(target));
}

/** Names in the folders that are asked for, each list sorted: what the walk kept, and what it did not go into. */
function childrenOf({ files, directories, skipped, names }: Walked): (folder: string) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return folder => {
    let found = known.get(folder);
    if (!found) {
      const prefix = folder === "" ? "" : `${folder}/`;
      const isKept = (path: string) => files.has(path) || directories.has(path) || skipped.has(path);
      found = (names.get(folder) ?? []).filter(name => isKept(prefix + name)).sort();
      known.set(folder, found);
    }
    return found;
  };
}

/** Without `.` and doubled slashes; `undefined` for what is absolute or steps out. */
function cleanPath(path: string): string | undefined {
  if (path.startsWith("/") || path.includes("\0")) return undefined;
  if (!/(?:^|\/)\.{0,2}(?:\/|$)/.test(path)) return path;
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.pop() === undefined) return undefined;
    if (part !== "..") parts.push(part);
  }
  return parts.join("/");
}

/** Whether a path that the walk did not find may stand on the disk: somewhere on the way the walk did not go on. */
function mayStand({ files, directories, skipped, names }: Walked, path: string): boolean {
  let folder = "";
  for (let end = path.indexOf("/"); ; end = path.indexOf("/", end + 1)) {
    const step = end === -1 ? path : path.slice(0, end);
    if (!directories.has(step)) {
      if (skipped.has(step)) return true;
      const known = files.get(step);
      if (known) return known.targetKind === "directory";
      const name = step.slice(folder === "" ? 0 : folder.length + 1);
      return names.get(folder)?.includes(name) ?? true;
    }
    if (end === -1) return false;
    folder = step;
  }
}

/** The real place of a path, when it is inside the root. */
function realInside(root: string, path: string): string | undefined {
  try {
    const real = realpathSync.native(`${root}/${path}`);
    return relativeTo(root, real) === undefined ? undefined : real;
  } catch {
    // Nothing stands there.
    return undefined;
  }
}

function onDisk(root: string, path: string): "file" | "directory" | undefined {
  const real = realInside(root, path);
  if (real === undefined) return undefined;
  const stats = lstatSync(real);
  return stats.isDirectory() ? "directory" : stats.isFile() ? "file" : undefined;
}

function modeOf(path: string): boolean | undefined {
  try {
    return (statSync(path).mode & 0o111) !== 0;
  } catch {
    return undefined;
  }
}

function readText(real: string | undefined, path: string): ReadResult {
  if (real === undefined) return { problem: problemAt(path, "does not exist inside the project") };
  let bytes: Buffer;
  try {
    // A pipe must not block, and a link that was put there since must not be followed.
    const file = openSync(real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      const stats = fstatSync(file);
      if (!stats.isFile()) return { problem: problemAt(path, "is not a file") };
      if (stats.size > largest) return { problem: problemAt(path, "is larger than 2 MB and was not read") };
      bytes = contentOf(file, stats.size);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return { problem: problemAt(path, `cannot be read (${errorCode(error)})`) };
  }
  const { text, trouble } = decodeText(bytes, path);
  if (text === undefined) return { problem: problemAt(path, trouble) };
  const source: Source = { path, text };
  return trouble === undefined ? { source } : { source, problem: problemAt(path, trouble) };
}

/** All bytes of an open file. Its size is known, which saves asking for it again; it may have changed since. */
function contentOf(file: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const read = readSync(file, bytes, length, size - length, null);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

function trackingOf(repository: GitRepository | undefined) {
  if (!repository?.index) return undefined;
  const { prefix, index } = repository;
  const files = new Set<string>();
  const folders = new Set<string>([""]);
  for (const path of index.entries.keys()) {
    if (!path.startsWith(prefix)) continue;
    const below = path.slice(prefix.length);
    files.add(below);
    for (let slash = below.lastIndexOf("/"); slash > 0; slash = below.lastIndexOf("/", slash - 1)) {
      const folder = below.slice(0, slash);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return { files, folders };
}

/** Rule files by folder relative to the repository's top (or to the root, where there is no repository). */
function ignoreRules(root: string, gitignores: readonly string[], repository: GitRepository | undefined) {
  const prefix = repository?.prefix ?? "";
  const texts = new Map(repository?.above);
  for (const folder of gitignores) {
    const path = folder === "" ? ".gitignore" : `${folder}/.gitignore`;
    const text = readText(realInside(root, path), path).source?.text;
    if (text !== undefined) texts.set((prefix + folder).replace(/\/$/, ""), text);
  }
  // The repository's own exclude file speaks last, which is first in a file where later lines win.
  if (repository?.exclude) texts.set("", `${repository.exclude}\n${texts.get("") ?? ""}`);
  const rules = new Map<string, GitignoreRules>();
  for (const [folder, text] of texts) rules.set(folder, parseGitignore(text));
  return { prefix, isIgnored: gitignoring(folder => rules.get(folder)) };
}
