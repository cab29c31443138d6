import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { UserError } from "../core/user-error.ts";

/** Our own directory in the root; git ignores what is in it, and no audit reads it. */
export const ownDirectory = ".shipworthy";

/** One file that is to be replaced or created. Paths are relative to the root. */
export interface JournalEntry {
  readonly path: string;
  /** The whole new text, beside the file that it replaces. */
  readonly temporary: string;
  /** SHA-256 of the bytes before; undefined for a new file. */
  readonly before?: string;
  readonly after: string;
}

/**
 * prepare: the temporary files may be incomplete, and nothing has been replaced; commit: all of them are whole and on
 * the disk, and some may have been renamed. So the first is undone and the second finished.
 */
export interface Journal {
  readonly version: 1;
  readonly state: "prepare" | "commit";
  readonly process: number;
  /** Process numbers come back after a reboot. */
  readonly boot: string;
  readonly entries: readonly JournalEntry[];
  /** Directories that are made for new files, outermost first. */
  readonly directories: readonly string[];
}

export function journalPath(root: string): string {
  return `${root}/${ownDirectory}/journal.json`;
}

/** Makes our directory. @throws UserError when something else stands there. */
export function ownPlace(root: string): string {
  const directory = `${root}/${ownDirectory}`;
  const found = lstatSync(directory, { throwIfNoEntry: false });
  if (found && !found.isDirectory())
    throw new UserError(
      `${ownDirectory} is not a directory.`,
      "Remove it: Shipworthy keeps its journal there.",
    );
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  try {
    // Whoever commits everything does not commit this.
    writeFileSync(`${directory}/.gitignore`, "*\n", { flag: "wx" });
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
  }
  return directory;
}

/** On the disk before this returns, whole or not at all. */
export function writeJournal(root: string, journal: Journal): void {
  const directory = ownPlace(root);
  const temporary = `${directory}/journal-${randomBytes(6).toString("hex")}`;
  writeDurably(temporary, Buffer.from(JSON.stringify(journal)), 0o600);
  renameSync(temporary, journalPath(root));
  syncDirectory(directory);
}

export function removeJournal(root: string): void {
  rmSync(journalPath(root), { force: true });
  syncDirectory(`${root}/${ownDirectory}`);
}

/** The journal of a run that has not ended; undefined when there is none. */
export function readJournal(root: string): Journal | undefined {
  if (!lstatSync(`${root}/${ownDirectory}`, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  if (!lstatSync(journalPath(root), { throwIfNoEntry: false })?.isFile()) return undefined;
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(journalPath(root), "utf8"));
  } catch {
    found = undefined;
  }
  if (isJournal(found)) return found;
  throw new UserError(
    `${ownDirectory}/journal.json is not a journal of Shipworthy.`,
    "Look at it, and remove it when no run has left it behind.",
  );
}

function isJournal(found: unknown): found is Journal {
  if (typeof found !== "object" || found === null) return false;
  const { version, state, entries, directories, boot } = found as Partial<Journal>;
  const isText = (value: unknown): boolean => typeof value === "string";
  return (
    version === 1 &&
    (state === "prepare" || state === "commit") &&
    isText(boot) &&
    Array.isArray(directories) &&
    directories.every(isText) &&
    Array.isArray(entries) &&
    entries.every(
      (entry: Partial<JournalEntry> | null) =>
        isText(entry?.path) && isText(entry?.temporary) && isText(entry?.after),
    )
  );
}

/** Whether the process that keeps the journal is still at work. */
export function isAtWork(journal: Journal): boolean {
  if (journal.boot !== bootId() || journal.process === process.pid) return false;
  try {
    process.kill(journal.process, 0);
    return true;
  } catch (error) {
    return isCode(error, "EPERM");
  }
}

/** Different after each boot, where the system tells. */
export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

export function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A new file with its bytes on the disk. Never over one that is there. */
export function writeDurably(path: string, bytes: Buffer, mode: number): void {
  const file = openSync(path, "wx", mode);
  try {
    writeFileSync(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes renames in a directory last. Systems that cannot sync a directory need not be told. */
export function syncDirectory(path: string): void {
  try {
    const directory = openSync(path, "r");
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  } catch (error) {
    if (!["EISDIR", "EPERM", "EINVAL", "ENOENT"].some(code => isCode(error, code))) throw error;
  }
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
