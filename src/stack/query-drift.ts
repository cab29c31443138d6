import { composerNames } from "../artifacts/composer-lock.ts";
import { lockDrift, lockedPackage } from "../artifacts/npm-lock.ts";
import { type PackageDependency, parsePackageManifest } from "../artifacts/package-manifest.ts";
import { parsePnpmLock } from "../artifacts/pnpm-lock.ts";
import { type PythonDependency, parsePythonManifest } from "../artifacts/python-dependencies.ts";
import { join } from "../core/path.ts";
import type { Source } from "../core/source.ts";
import { child, entriesOf, parseYaml } from "../formats/yaml.ts";
import type { PackageInstall, PackageManager } from "./image/image.ts";
import { lockNames } from "./query-locks.ts";
import { newestOf, satisfies } from "./query-versions.ts";

/** Questions about lock files that were not made for the manifest beside them. */

/** A dependency of the manifest that the lock file does not serve. */
export interface Drift {
  readonly dependency: Pick<PackageDependency | PythonDependency, "name" | "at">;
  /** The version or range that is locked; undefined when there is none. */
  readonly locked?: string;
  /** The lock file alone has it. */
  readonly gone?: true;
}

/** A manifest and the lock file beside it. */
export interface LockPair {
  readonly manifest: Source;
  readonly lock: Source;
  readonly drift: readonly Drift[];
}

/**
 * The manifest and the lock file that an install reads, where both stand side by side in the repository; `read` gives
 * a file of the directory that it works in.
 */
export function lockPair(
  { manager, directory, names, needsLock, dev }: PackageInstall,
  read: (name: string) => Source | undefined,
): LockPair | undefined {
  // Poetry and Composer insist wherever there is a lock file.
  const compare = needsLock || /^(?:poetry|composer)$/.test(manager) ? comparisons[manager] : undefined;
  if (!compare || directory === undefined || names.length > 0) return undefined;
  const manifest = read(manifests[manager] ?? "package.json");
  const lock = read(manager === "composer" ? "composer.lock" : lockNames[manager]![0]!);
  if (!manifest || !lock) return undefined;
  const members = manager === "pnpm" ? (parsePnpmLock(lock)?.importers.keys() ?? []) : [];
  for (const member of members) {
    const its = read(join(member, "package.json"));
    const drift = its ? pnpmDrift(its, lock, member) : [];
    if (its && drift.length > 0) return { manifest: its, lock, drift };
  }
  return { manifest, lock, drift: compare(manifest, lock, dev) };
}

const manifests: Readonly<Partial<Record<PackageManager, string>>> = {
  poetry: "pyproject.toml",
  composer: "composer.json",
};

type Compare = (manifest: Source, lock: Source, dev: boolean) => Drift[];

const comparisons: Readonly<Partial<Record<PackageManager, Compare>>> = {
  npm: npmDrift,
  pnpm: (manifest, lock) => pnpmDrift(manifest, lock),
  yarn: yarnDrift,
  poetry: poetryDrift,
  composer: composerDrift,
};

const plainRange = /^[\^~<>=\sv\d.xX*|-]+$/;

/** What `npm ci` refuses: a name that is not locked, or a locked version outside the range. */
export function npmDrift(manifest: Source, lock: Source): Drift[] {
  const changed = lockDrift(parsePackageManifest(manifest).model, lock) ?? [];
  return changed.flatMap((dependency): Drift[] => {
    if (!plainRange.test(dependency.range) || dependency.group === "optionalDependencies") return [];
    const locked = lockedPackage(lock, dependency.name)?.version;
    if (locked === undefined) return [{ dependency }];
    const version = newestOf(locked);
    return version && satisfies(version, dependency.range) === false ? [{ dependency, locked }] : [];
  });
}

/** What `yarn install --frozen-lockfile` of Yarn 1 refuses: a name and range without an entry. */
export function yarnDrift(manifest: Source, lock: Source): Drift[] {
  if (!/^# yarn lockfile v1$/m.test(lock.text)) return [];
  const entries = new Set<string>();
  for (const line of lock.text.split(/\r?\n/)) {
    if (!/^["\w@]/.test(line)) continue;
    for (const key of line.replace(/:\s*$/, "").split(",")) entries.add(key.trim().replace(/^"|"$/g, ""));
  }
  const { dependencies, workspaces } = parsePackageManifest(manifest).model;
  if (workspaces.length > 0 || /"resolutions"/.test(manifest.text)) return [];
  return dependencies
    .filter(each => each.group !== "peerDependencies" && plainRange.test(each.range))
    .filter(each => !entries.has(`${each.name}@${each.range}`))
    .map(dependency => ({ dependency }));
}

/** What `pnpm install --frozen-lockfile` refuses: a range that is not written the same in both, on either side alone. */
export function pnpmDrift(manifest: Source, lock: Source, importer = "."): Drift[] {
  const locked = parsePnpmLock(lock);
  const ranges = locked?.importers.get(importer);
  if (!locked || !ranges) return [];
  const { dependencies } = parsePackageManifest(manifest).model;
  const asked = dependencies.filter(each => each.group !== "peerDependencies");
  const names = new Set(dependencies.map(each => each.name));
  return [
    ...asked.flatMap((dependency): Drift[] => {
      const { name, range } = dependency;
      const found = ranges.get(name)?.value;
      // An override is locked in the place of what is asked for, and links may be left out.
      if (found === range || locked.overrides.has(name) || /^(?:link|file):/.test(range)) return [];
      return [found === undefined ? { dependency } : { dependency, locked: found }];
    }),
    ...[...ranges].flatMap(([name, { at }]): Drift[] =>
      names.has(name) ? [] : [{ dependency: { name, at }, gone: true }],
    ),
  ];
}

/** What Poetry refuses: a dependency without a package in the lock file. */
export function poetryDrift(manifest: Source, lock: Source): Drift[] {
  const names = new Set(
    [...lock.text.matchAll(/^name = "([^"]{1,200})"$/gm)].map(match =>
      match[1]!.toLowerCase().replace(/[-_.]+/g, "-"),
    ),
  );
  if (names.size === 0) return [];
  const { dependencies, tool } = parsePythonManifest(manifest).model;
  if (tool !== "poetry") return [];
  return dependencies
    .filter(each => each.group === "main" && !names.has(each.name))
    .map(dependency => ({ dependency }));
}

/** What Composer 2 refuses: a package that is asked for and locked under no name, tried with 2.5. */
export function composerDrift(manifest: Source, lock: Source, dev: boolean): Drift[] {
  const locked = composerNames(lock);
  if (!locked || manifest.text.includes("allow-missing-requirements")) return [];
  const root = parseYaml(manifest).model[0]?.root;
  const asked = ["require", ...(dev ? ["require-dev"] : [])].flatMap(group => entriesOf(child(root, group)));
  // Names without a vendor are PHP itself and its extensions.
  return asked.flatMap(({ key: { value, at } }): Drift[] =>
    !value.includes("/") || locked.has(value.toLowerCase()) ? [] : [{ dependency: { name: value, at } }],
  );
}
