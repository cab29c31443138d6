import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve, sep } from "node:path";

/** Compiled code of an earlier run, as V8 wrote it. */
export interface CodeCache {
  /** Undefined where there is none that may be trusted. */
  readonly data: Buffer | undefined;
  /** How often it was written; each of the first runs adds the functions that it was first to use. */
  readonly generation: number;
  /** Processor time in ms of the longest run that added to it and had one already. */
  readonly longest: number;
  /** `took`: processor time of this run in ms. */
  write(data: Buffer, took: number): void;
}

/** More than the whole program gives. */
const largest = 32 * 1024 * 1024;
const mostGenerations = 4;

/**
 * The cache for this build, this Node and this machine. Compiled code is code: it is taken only from a directory and
 * a file that belong to the user and that nobody else may write, and never from inside the tree that is audited.
 * Undefined where that cannot be had or told; whatever goes wrong with a cache, the program runs without it.
 */
export function openCodeCache(build: string, audited: readonly string[]): CodeCache | undefined {
  const user = process.getuid?.();
  // Windows tells no owner.
  if (user === undefined) return undefined;
  try {
    const directory = cacheDirectory();
    if (directory === undefined || isWithin(directory, audited)) return undefined;
    const name = `${build}-${process.version}-${process.arch}`;
    const path = join(directory, name);
    const found = read(directory, path, user);
    return {
      ...found,
      write: (bytes, took) => write(directory, path, user, { ...next(found, took), data: bytes }),
    };
  } catch {
    // Decision: a cache that cannot be read is no cache.
    return undefined;
  }
}

/** Whether a run of `took` ms of processor time has nothing to add: a much longer one uses functions of its own. */
export function isSettled(cache: CodeCache, took: number): boolean {
  return cache.generation >= mostGenerations && took <= 1.5 * cache.longest;
}

type Stored = Pick<CodeCache, "data" | "generation" | "longest">;

function next({ data, generation, longest }: Stored, took: number): Omit<Stored, "data"> {
  return {
    generation: Math.min(generation + 1, 255),
    // A run without a cache takes longer for that alone.
    longest: data ? Math.min(Math.max(longest, Math.round(took)), 65_535) : 0,
  };
}

function cacheDirectory(): string | undefined {
  const given = process.env["XDG_CACHE_HOME"];
  const home = homedir();
  // A relative path would lead into the directory that the program was started in.
  const base = given && isAbsolute(given) ? given : isAbsolute(home) ? join(home, ".cache") : undefined;
  return base === undefined ? undefined : join(base, "shipworthy");
}

function isWithin(directory: string, trees: readonly string[]): boolean {
  return trees.some(tree => {
    const real = realOf(resolve(tree));
    return [directory, realOf(directory)].some(path => path === real || path.startsWith(real + sep));
  });
}

/** A path with links resolved, as far as it exists. */
function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function isPrivate(stats: Stats, user: number): boolean {
  return stats.uid === user && (stats.mode & 0o022) === 0;
}

function read(directory: string, path: string, user: number): Stored {
  const none = { data: undefined, generation: 0, longest: 0 };
  const folder = lstatSync(directory, { throwIfNoEntry: false });
  if (!folder) return none;
  if (!folder.isDirectory() || !isPrivate(folder, user)) throw new Error("not the user's own directory");
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return none;
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile() || !isPrivate(stats, user) || stats.size > largest || stats.size < 8) return none;
    const bytes = readFileSync(file);
    return { data: bytes.subarray(8), generation: bytes.readUInt8(0), longest: bytes.readUInt16LE(2) };
  } finally {
    closeSync(file);
  }
}

/** Written beside and renamed, so that a run that starts meanwhile reads a whole file. */
function write(
  directory: string,
  path: string,
  user: number,
  { data, generation, longest }: Stored & { readonly data: Buffer },
): void {
  const temporary = `${path}.${process.pid}`;
  try {
    // Not through sudo into another user's home.
    const base = dirname(directory);
    const above = statSync(base, { throwIfNoEntry: false }) ?? statSync(dirname(base));
    if (above.uid !== user) return;
    // One by one: where nothing can be made, as below /proc, Node 20 tries for ever to make a whole path.
    for (const each of [base, directory])
      if (!statSync(each, { throwIfNoEntry: false })) mkdirSync(each, { mode: 0o700 });
    if (!isPrivate(lstatSync(directory), user)) return;
    // V8 reads its data at multiples of eight.
    const head = Buffer.alloc(8);
    head.writeUInt8(generation, 0);
    head.writeUInt16LE(longest, 2);
    writeFileSync(temporary, Buffer.concat([head, data]), { flag: "wx", mode: 0o600 });
    renameSync(temporary, path);
    if (generation === 1) removeOld(directory);
  } catch {
    // Decision: a full disk or a home that cannot be written costs only time.
    try {
      unlinkSync(temporary);
    } catch {}
  }
}

/** As this module names its files, the temporary ones too. */
const ownName = /^\w+-v\d+\.\d+\.\d+[\w.-]*-\w+(?:\.\d+)?$/;
const mostBuilds = 6;

/** Caches of builds that nobody has started for a month, and all but the newest few: each has megabytes. */
function removeOld(directory: string): void {
  const oldest = Date.now() - 30 * 24 * 3_600_000;
  const files = readdirSync(directory)
    .filter(name => ownName.test(name))
    .map(name => ({ name, written: lstatSync(join(directory, name)).mtimeMs }))
    .sort((a, b) => b.written - a.written);
  const kept = files.filter(({ name }) => !/\.\d+$/.test(name)).slice(0, mostBuilds);
  for (const file of files) {
    // A temporary file may be of a run that is writing it.
    const isSpare = !/\.\d+$/.test(file.name) && !kept.includes(file);
    if (isSpare || file.written < oldest) unlinkSync(join(directory, file.name));
  }
}
