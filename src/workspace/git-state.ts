import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/**
 * What git would lose if these files were written over. none: the root is in no repository; unknown: git is not there,
 * or refuses to answer, and `why` says it.
 */
export type GitState =
  | { readonly kind: "none" }
  | { readonly kind: "unknown"; readonly why: string }
  | {
      readonly kind: "repository";
      /** Files whose content is in no commit. */
      readonly changed: readonly string[];
      readonly untracked: readonly string[];
    };

/**
 * Asks git's index about files of the root, which are there. The repository may be hostile: only commands that run
 * no hook, no filter and no monitor are used, nothing is written, and contents are compared here.
 */
export function gitState(root: string, files: readonly string[]): GitState {
  // Without a path git lists all that it has: links to directories among it, and files that somebody has deleted.
  if (files.length === 0) return { kind: "repository", changed: [], untracked: [] };
  const listed = git(root, "ls-files", "--stage", "-z", "--", ...files);
  if (listed.error) {
    const isAbsent = "code" in listed.error && listed.error.code === "ENOENT";
    return { kind: "unknown", why: isAbsent ? "git is not installed" : listed.error.message };
  }
  if (listed.status !== 0) {
    if (/not a git repository/i.test(listed.stderr)) return { kind: "none" };
    return { kind: "unknown", why: listed.stderr.trim().split("\n")[0] ?? "" };
  }
  const ids = new Map<string, string>();
  for (const line of listed.stdout.split("\0")) {
    const found = /^\d+ ([0-9a-f]+) \d\t(.*)$/s.exec(line);
    if (found) ids.set(found[2]!, found[1]!);
  }
  const untracked = files.filter(file => !ids.has(file));
  const staged = stagedFiles(root, [...ids.keys()]);
  const changed = [...ids].filter(
    ([file, id]) => !staged || staged.has(file) || !isSame(readFileSync(`${root}/${file}`), id),
  );
  return { kind: "repository", changed: changed.map(([file]) => file), untracked };
}

/** Files that the next commit would change; undefined while there is no commit at all. */
function stagedFiles(root: string, files: readonly string[]): Set<string> | undefined {
  if (files.length === 0) return new Set();
  const found = git(
    root,
    "diff-index",
    "--cached",
    "--name-only",
    "-z",
    "--relative",
    "HEAD",
    "--",
    ...files,
  );
  return found.status === 0 ? new Set(found.stdout.split("\0").filter(name => name !== "")) : undefined;
}

function git(root: string, ...words: readonly string[]) {
  const options = ["core.fsmonitor=false", "core.hooksPath=/dev/null", "diff.external="];
  const env: Record<string, string> = {
    PATH: process.env["PATH"] ?? "",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_TERMINAL_PROMPT: "0",
    LC_ALL: "C",
  };
  // Git asks the user's own settings whether it may trust a repository of somebody else.
  if (process.env["HOME"]) env["HOME"] = process.env["HOME"];
  return spawnSync(
    "git",
    ["-C", root, "--literal-pathspecs", ...options.flatMap(option => ["-c", option]), ...words],
    {
      env,
      encoding: "utf8",
      timeout: 20_000,
      maxBuffer: 64 * 1024 * 1024,
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
}

/** Whether git holds these bytes under this name, as they are or with its own line ends. */
function isSame(bytes: Buffer, id: string): boolean {
  const algorithm = id.length === 64 ? "sha256" : "sha1";
  const hash = (content: Buffer): string =>
    createHash(algorithm).update(`blob ${content.length}\0`).update(content).digest("hex");
  if (hash(bytes) === id) return true;
  return (
    bytes.includes("\r\n") &&
    hash(Buffer.from(bytes.toString("latin1").replaceAll("\r\n", "\n"), "latin1")) === id
  );
}
