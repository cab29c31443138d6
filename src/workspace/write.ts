import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
} from "node:fs";
import { basename, dirname } from "../core/path.ts";
import { UserError } from "../core/user-error.ts";
import {
  bootId,
  digest,
  isAtWork,
  isCode,
  type Journal,
  type JournalEntry,
  ownDirectory,
  ownPlace,
  readJournal,
  removeJournal,
  syncDirectory,
  writeDurably,
  writeJournal,
} from "./journal.ts";
import { type Planned, planWrite } from "./plan-write.ts";

/** A file as it was read and as it is to be. */
export interface FileChange {
  /** Relative to the root, with forward slashes. */
  readonly file: string;
  /** Undefined for a file that is created. */
  readonly before: string | undefined;
  readonly after: string;
  /** A new file that is run as a program: mode 0755 instead of 0644. */
  readonly executable?: boolean;
}

/**
 * Writes all files or none. Killed at any moment, each file is old or new and never torn; `finishWrite` then completes
 * or undoes it. Modes and owners stay.
 * @throws UserError, with nothing changed, when a file has changed since it was read, cannot be written, leaves the root
 * or stands behind a link, and when another run is at work.
 */
export function writeFiles(root: string, changes: readonly FileChange[]): void {
  finishWrite(root);
  if (changes.length === 0) return;
  const { planned, directories } = planWrite(root, changes);
  const journal: Journal = {
    ...{ version: 1, state: "prepare", process: process.pid, boot: bootId(), directories },
    entries: planned.map(entryOf),
  };
  writeJournal(root, journal);
  try {
    for (const directory of directories) mkdirSync(`${root}/${directory}`, { mode: 0o755 });
    planned.forEach((plan, index) => void layBeside(root, plan, journal.entries[index]!));
    for (const folder of foldersOf(journal)) syncDirectory(folder === "" ? root : `${root}/${folder}`);
  } catch (error) {
    undo(root, journal);
    throw asUserError(error);
  }
  writeJournal(root, { ...journal, state: "commit" });
  finish(root, journal);
}

/** Keeps a text of ours in our own directory, readable for the user alone. */
export function keepPrivately(root: string, name: string, text: string): void {
  try {
    writeDurably(`${ownPlace(root)}/${name}`, Buffer.from(text), 0o600);
  } catch (error) {
    throw asUserError(error);
  }
}

/** What a run that was interrupted has left: undone, or finished. */
export interface Recovery {
  readonly how: "undone" | "finished";
  readonly files: readonly string[];
}

/** Brings an interrupted write to its end. Undefined when there is none. @throws UserError when it must not be touched. */
export function finishWrite(root: string): Recovery | undefined {
  const journal = readJournal(root);
  if (!journal) return undefined;
  if (isAtWork(journal))
    throw new UserError(
      `Another run of Shipworthy (process ${journal.process}) is writing here.`,
      "Wait until it has ended.",
    );
  const files = journal.entries.map(entry => entry.path);
  for (const entry of journal.entries) requireOwn(root, entry);
  if (journal.state === "prepare") {
    undo(root, journal);
    return { how: "undone", files };
  }
  for (const entry of journal.entries) requireUntouched(root, entry);
  finish(root, journal);
  return { how: "finished", files };
}

function entryOf({ file, before, after }: Planned): JournalEntry {
  const folder = dirname(file);
  const temporary = `.${basename(file)}.shipworthy-${randomBytes(6).toString("hex")}`;
  return {
    path: file,
    temporary: folder === "" ? temporary : `${folder}/${temporary}`,
    ...(before ? { before: digest(before) } : {}),
    after: digest(after),
  };
}

/** The whole new file beside the old one, with its mode and owner. */
function layBeside(root: string, { after, mode, owner }: Planned, { temporary }: JournalEntry): void {
  const path = `${root}/${temporary}`;
  writeDurably(path, after, mode);
  // The process's umask has no say in the mode of a file that is replaced.
  chmodSync(path, mode);
  if (owner && (owner.uid !== process.getuid?.() || owner.gid !== process.getgid?.()))
    chownSync(path, owner.uid, owner.gid);
}

/** Puts every temporary file in place. Those that are gone have been put there before. */
function finish(root: string, journal: Journal): void {
  for (const { temporary, path } of journal.entries) {
    if (!lstatSync(`${root}/${temporary}`, { throwIfNoEntry: false })) continue;
    renameSync(`${root}/${temporary}`, `${root}/${path}`);
  }
  for (const folder of foldersOf(journal)) syncDirectory(folder === "" ? root : `${root}/${folder}`);
  removeJournal(root);
}

/** Nothing has been replaced yet: the temporary files go, and the directories that were made for them. */
function undo(root: string, journal: Journal): void {
  for (const { temporary } of journal.entries) rmSync(`${root}/${temporary}`, { force: true });
  for (const directory of [...journal.directories].reverse()) {
    try {
      rmdirSync(`${root}/${directory}`);
    } catch (error) {
      // Not made yet, or in use by now.
      if (!["ENOENT", "ENOTEMPTY", "ENOTDIR"].some(code => isCode(error, code))) throw error;
    }
  }
  removeJournal(root);
}

function foldersOf({ entries, directories }: Journal): string[] {
  const folders = [...entries.map(({ path }) => dirname(path)), ...directories.map(path => dirname(path))];
  return [...new Set(folders)];
}

/** A journal may come with the repository: it moves only files that a run of ours could have laid there. */
function requireOwn(root: string, { path, temporary }: JournalEntry): void {
  const isPlain = [path, temporary].every(name => !/(?:^|\/)(?:\.{0,2}|\.git)(?:\/|$)|\0/.test(name));
  const isBeside = dirname(path) === dirname(temporary);
  const isNamed = new RegExp(`^\\.${literally(basename(path))}\\.shipworthy-[0-9a-f]{12}$`).test(
    basename(temporary),
  );
  if (isPlain && isBeside && isNamed && !hasLink(root, dirname(path))) return;
  throw new UserError(
    `${ownDirectory}/journal.json is not a journal of Shipworthy: it names ${path}.`,
    "Remove it when no run has left it behind.",
  );
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function hasLink(root: string, folder: string): boolean {
  for (let path = folder; path !== ""; path = dirname(path))
    if (lstatSync(`${root}/${path}`, { throwIfNoEntry: false })?.isSymbolicLink()) return true;
  return false;
}

/** What the user has changed since the interruption is not written over. */
function requireUntouched(root: string, { path, temporary, before, after }: JournalEntry): void {
  const found = contentOf(`${root}/${path}`);
  const waiting = contentOf(`${root}/${temporary}`);
  if (found === after || (waiting === after && found === before)) return;
  throw new UserError(
    `An earlier run was interrupted, and ${path} has been changed since.`,
    `Keep what you want of it, then remove ${ownDirectory}/journal.json and ${temporary}.`,
  );
}

function contentOf(path: string): string | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ? digest(readFileSync(path)) : undefined;
}

function asUserError(error: unknown): unknown {
  const reasons: Readonly<Record<string, string>> = {
    ENOSPC: "the disk is full",
    EDQUOT: "the quota is used up",
    EROFS: "the file system is read-only",
    EACCES: "permission denied",
    EPERM: "the system does not allow it",
  };
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = reasons[code];
  if (!reason) return error;
  return new UserError(
    `The files cannot be written: ${reason}. Nothing was changed.`,
    "Put that right and run it again.",
  );
}
