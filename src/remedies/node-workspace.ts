import { type PackageManifest, parsePackageManifest } from "../artifacts/package-manifest.ts";
import { dirname, inside, join } from "../core/path.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import { compileGlob, matchGlob } from "../formats/dockerignore-glob.ts";
import { child, itemsOf, parseYaml, textOf } from "../formats/yaml.ts";
import { isCommitted } from "./committed.ts";

/** A package of a workspace. */
export interface Member {
  /** Its directory, relative to the workspace's root. */
  readonly dir: string;
  readonly manifest: PackageManifest;
}

/** Where packages are installed, and what else is installed there. */
export interface Workspace {
  /** Directory relative to the audited root. */
  readonly root: string;
  /** The package.json of that directory. */
  readonly manifest: PackageManifest;
  /** The program seen from there; "" when it is no member of a workspace. */
  readonly member: string;
  /** All members, in the order of their paths; none where it is no workspace. */
  readonly members: readonly Member[];
  /** Members that the program depends on, each behind those that it needs itself. */
  readonly needs: readonly Member[];
}

const lockFiles = [
  ["package-lock.json", "npm"],
  ["npm-shrinkwrap.json", "npm"],
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
] as const;

/** The lock file of a directory that a fresh clone has, and whose it is. */
export function lockIn(files: ProjectFiles, root: string): (typeof lockFiles)[number] | undefined {
  return lockFiles.find(([name]) => isCommitted(files, join(root, name)));
}

/**
 * Where the packages of a directory are installed: here, or in the directory above that names this one as a member.
 * Undefined for the root of a workspace itself, and where a dependency is a member of one that is not there.
 */
export function workspaceOf(
  files: ProjectFiles,
  dir: string,
  manifest: PackageManifest,
): Workspace | undefined {
  if (manifest.workspaces.length > 0) return undefined;
  const alone = { root: dir, manifest, member: "", members: [], needs: [] };
  if (lockIn(files, dir)) return alone;
  for (let up = dir; up !== ""; ) {
    up = dirname(up);
    const root = manifestAt(files, up);
    const patterns = root ? [...root.workspaces.map(each => each.value), ...pnpmPatterns(files, up)] : [];
    if (!root || patterns.length === 0) continue;
    const members = membersOf(files, up, patterns);
    const member = inside(up, dir)!;
    if (!members.some(each => each.dir === member)) continue;
    return { root: up, manifest: root, member, members, needs: needsOf(members, member) };
  }
  return manifest.dependencies.some(each => each.range.startsWith("workspace:")) ? undefined : alone;
}

function manifestAt(files: ProjectFiles, dir: string): PackageManifest | undefined {
  const path = join(dir, "package.json");
  const read = files.has(path) === "file" ? files.read(path) : undefined;
  return read && "source" in read ? parsePackageManifest(read.source).model : undefined;
}

function pnpmPatterns(files: ProjectFiles, dir: string): string[] {
  const path = join(dir, "pnpm-workspace.yaml");
  const read = files.has(path) === "file" ? files.read(path) : undefined;
  if (!read || !("source" in read)) return [];
  const root = parseYaml(read.source).model[0]?.root;
  return itemsOf(child(root, "packages")).flatMap(item => textOf(item)?.value ?? []);
}

function membersOf(files: ProjectFiles, root: string, patterns: readonly string[]): Member[] {
  const clean = (pattern: string) => pattern.replace(/^!/, "").replace(/^\.\//, "").replace(/\/$/, "");
  const globs = (all: readonly string[]) => all.flatMap(each => compileGlob(clean(each)) ?? []);
  const taken = globs(patterns.filter(each => !each.startsWith("!")));
  const left = globs(patterns.filter(each => each.startsWith("!")));
  return files.paths.flatMap(path => {
    const dir = path.endsWith("/package.json") ? inside(root, dirname(path)) : undefined;
    if (dir === undefined || dir === "" || /(^|\/)node_modules\//.test(dir)) return [];
    if (!taken.some(glob => matchGlob(glob, dir)) || left.some(glob => matchGlob(glob, dir))) return [];
    const manifest = manifestAt(files, join(root, dir));
    return manifest ? [{ dir, manifest }] : [];
  });
}

/** Members below the one in `dir`, dependencies first. Those that need each other come in any order. */
function needsOf(members: readonly Member[], dir: string): Member[] {
  const found: Member[] = [];
  const open = new Set<Member>();
  const visit = (member: Member) => {
    if (open.has(member)) return;
    open.add(member);
    for (const { name } of member.manifest.dependencies) {
      const next = members.find(each => each.manifest.name?.value === name);
      if (next) visit(next);
    }
    if (member.dir !== dir) found.push(member);
  };
  const start = members.find(each => each.dir === dir);
  if (start) visit(start);
  return found;
}
