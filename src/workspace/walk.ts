import { type Dirent, readdirSync, realpathSync, statSync } from "node:fs";
import type { Problem } from "../core/problem.ts";

export interface FileEntry {
  readonly path: string;
  /**
   * `link`: leads to a file or folder inside the root. `link-out`: leaves the root, or leads nowhere; it is not
   * followed. `special`: a socket, a pipe or a device; it is never opened.
   */
  readonly kind: "file" | "link" | "link-out" | "special";
  /** For a link inside the root: where it leads, relative to the root, and what stands there. */
  readonly target?: string;
  readonly targetKind?: "file" | "directory";
}

export interface Walked {
  readonly files: ReadonlyMap<string, FileEntry>;
  readonly directories: ReadonlySet<string>;
  /** Folders that were not entered: dependencies, caches, version control. */
  readonly skipped: ReadonlySet<string>;
  /** What was found in each folder that was entered, in any order, also what is in none of these lists. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  /** Folders with a `.gitignore`. */
  readonly gitignores: readonly string[];
  readonly problems: readonly Problem[];
}

/** Made by tools, huge, and without anything that a deployment is described in. */
const skippedNames: ReadonlySet<string> = new Set([
  ".git",
  ".hg",
  ".svn",
  ".jj",
  "node_modules",
  "bower_components",
  ".venv",
  "venv",
  "site-packages",
  "__pycache__",
  ".tox",
  ".nox",
  ".mypy_cache",
  ".pytest_cache",
  ".ruff_cache",
  ".next",
  ".nuxt",
  ".svelte-kit",
  ".turbo",
  ".parcel-cache",
  ".gradle",
  ".terraform",
  ".shipworthy",
]);

/** More files than a project has; a hostile tree ends here with a problem. */
const mostEntries = 300_000;
const deepest = 60;

/** Lists a project without reading a file: one `readdir` per folder, no `stat` but for links. */
export function walk(root: string, realRoot: string): Walked {
  const files = new Map<string, FileEntry>();
  const directories = new Set<string>();
  const skipped = new Set<string>();
  const names = new Map<string, readonly string[]>();
  const gitignores: string[] = [];
  const problems: Problem[] = [];
  const queue: { path: string; depth: number }[] = [{ path: "", depth: 0 }];
  for (let next = queue.pop(); next; next = queue.pop()) {
    const { path, depth } = next;
    const entries = list(root, path, problems);
    names.set(
      path,
      entries.map(entry => entry.name),
    );
    if (path !== "" && holdsEnvironment(entries)) {
      // A virtual environment under a name of its own.
      directories.delete(path);
      skipped.add(path);
      continue;
    }
    const prefix = path === "" ? "" : `${path}/`;
    for (const entry of entries) {
      const child = prefix + entry.name;
      // Nearly all are plain files.
      if (entry.isFile()) {
        if (entry.name === ".gitignore") gitignores.push(path);
        files.set(child, { path: child, kind: "file" });
        continue;
      }
      if (entry.isDirectory()) {
        if (skippedNames.has(entry.name)) skipped.add(child);
        else if (depth >= deepest) problems.push(problemAt(child, "is nested too deep to be read"));
        else {
          directories.add(child);
          queue.push({ path: child, depth: depth + 1 });
        }
        continue;
      }
      if (entry.name === ".gitignore") gitignores.push(path);
      files.set(child, entryOf(entry, child, root, realRoot));
    }
    if (files.size + directories.size > mostEntries) {
      problems.push(problemAt(path, `holds more than ${mostEntries} files: the rest was not looked at`));
      break;
    }
  }
  return { files, directories, skipped, names, gitignores, problems };
}

function holdsEnvironment(entries: readonly Dirent[]): boolean {
  for (const entry of entries) if (entry.name === "pyvenv.cfg") return true;
  return false;
}

export function problemAt(path: string, message: string): Problem {
  const file = path === "" ? "." : path;
  return { at: { file, span: { start: 0, end: 0 } }, message: `${file} ${message}` };
}

function list(root: string, path: string, problems: Problem[]): Dirent[] {
  try {
    return readdirSync(path === "" ? root : `${root}/${path}`, { withFileTypes: true });
  } catch (error) {
    problems.push(problemAt(path, `cannot be read (${errorCode(error)})`));
    return [];
  }
}

export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

function entryOf(entry: Dirent, path: string, root: string, realRoot: string): FileEntry {
  if (!entry.isSymbolicLink()) return { path, kind: "special" };
  try {
    const real = realpathSync.native(`${root}/${path}`);
    const target = relativeTo(realRoot, real);
    if (target === undefined) return { path, kind: "link-out" };
    const stats = statSync(real);
    if (stats.isDirectory()) return { path, kind: "link", target, targetKind: "directory" };
    return stats.isFile() ? { path, kind: "link", target, targetKind: "file" } : { path, kind: "special" };
  } catch {
    // It leads nowhere, or in a circle.
    return { path, kind: "link-out" };
  }
}

/** The part of a real path below the root; `undefined` when it is not below it. */
export function relativeTo(realRoot: string, real: string): string | undefined {
  if (real === realRoot) return "";
  const prefix = realRoot.endsWith("/") ? realRoot : `${realRoot}/`;
  return real.startsWith(prefix) ? real.slice(prefix.length) : undefined;
}
