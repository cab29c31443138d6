import { lstatSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { type GitIndex, readGitIndex } from "./git-index.ts";

/** Larger than the index of a repository with a million files. */
const largestIndex = 256 * 1024 * 1024;
const largestRules = 1024 * 1024;

export interface GitRepository {
  /** The repository's top folder. */
  readonly top: string;
  /** From the top to the audited root, `""` or ending with a slash. */
  readonly prefix: string;
  /** `undefined` when the index cannot be read for certain. */
  readonly index: GitIndex | undefined;
  /** Text of `.git/info/exclude`. */
  readonly exclude: string;
  /** Rule files of the folders above the root, from the top down, by path relative to the top. */
  readonly above: ReadonlyMap<string, string>;
}

/** The repository that holds the root. A worktree or submodule, where `.git` is a file, counts as none. */
export function findRepository(root: string): GitRepository | undefined {
  for (let folder = root; ; folder = dirname(folder)) {
    const kind = kindOf(`${folder}/.git`);
    if (kind === "file") return undefined;
    if (kind === "directory") return openRepository(folder, root);
    if (dirname(folder) === folder) return undefined;
  }
}

function openRepository(top: string, root: string): GitRepository {
  const below = root.slice(top.length).replace(/^\//, "");
  const above = new Map<string, string>();
  const parts = below === "" ? [] : below.split("/");
  parts.forEach((_, depth) => {
    const folder = parts.slice(0, depth).join("/");
    const rules = text(`${top}/${folder === "" ? "" : `${folder}/`}.gitignore`, largestRules);
    if (rules !== "") above.set(folder, rules);
  });
  const config = text(`${top}/.git/config`, largestRules);
  const hashLength = /^[ \t]*objectformat\s*=\s*sha256/im.test(config) ? 32 : 20;
  const bytes = read(`${top}/.git/index`, largestIndex);
  return {
    top,
    prefix: below === "" ? "" : `${below}/`,
    index: bytes ? readGitIndex(bytes, hashLength) : undefined,
    exclude: text(`${top}/.git/info/exclude`, largestRules),
    above,
  };
}

function kindOf(path: string): "file" | "directory" | undefined {
  try {
    return lstatSync(path).isDirectory() ? "directory" : "file";
  } catch {
    // Absent, or not ours to see: then there is no repository for us.
    return undefined;
  }
}

function read(path: string, largest: number): Buffer | undefined {
  try {
    const stats = lstatSync(path);
    return stats.isFile() && stats.size <= largest ? readFileSync(path) : undefined;
  } catch {
    // What git knows is extra knowledge: without it `tracked` is undefined.
    return undefined;
  }
}

function text(path: string, largest: number): string {
  return read(path, largest)?.toString("utf8") ?? "";
}
