import {
  lockDrift,
  lockedPackage,
  type PackageDependency,
  parsePackageManifest,
} from "../artifacts/package-manifest.ts";
import { type PythonDependency, parsePythonManifest } from "../artifacts/python-dependencies.ts";
import type { Source } from "../core/source.ts";
import { newestOf, satisfies } from "./query-versions.ts";

/** Questions about lock files that were not made for the manifest beside them. */

/** A dependency of the manifest that the lock file does not serve. */
export interface Drift {
  readonly dependency: PackageDependency | PythonDependency;
  /** The version that is locked; undefined when there is none. */
  readonly locked?: string;
}

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
