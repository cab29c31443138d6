import {
  type LockPackages,
  lockedPackage,
  lockPackages,
  needsOf,
  placeOf,
  unservedNeeds,
} from "../artifacts/npm-lock.ts";
import { type PackageDependency, parsePackageManifest } from "../artifacts/package-manifest.ts";
import type { Evidence } from "../core/finding.ts";
import type { Source } from "../core/source.ts";
import { evidence, listNames } from "./query.ts";
import { newestOf, satisfies } from "./query-versions.ts";

/** What npm ci refuses in a lock file that fits its manifest. */
export interface LockFault {
  /** A clause about the lock file: `has no b, which a needs`. */
  readonly says: string;
  /** What ends it: `npm install has written it anew`. */
  readonly until: string;
  readonly evidence: readonly Evidence[];
}

/** More places of one cause tell nothing new. */
const shown = 4;

/**
 * The faults of a package-lock.json by itself. `forgiving`: peers are not looked at (`--legacy-peer-deps`).
 * Tried on 126 lock files with npm 10.9.
 */
export function lockFaults(manifest: Source, lock: Source, forgiving: boolean): LockFault | undefined {
  const packages = lockPackages(lock);
  if (!packages?.[""]) return undefined;
  const absent = unservedNeeds(packages, manifest.text).filter(
    ({ need }) => !forgiving || need.kind !== "peer",
  );
  if (absent.length > 0) {
    const names = absent.map(({ need }) => need.name);
    const askers = [...new Set(absent.map(({ by }) => nameOf(by)))];
    return {
      says: `has no ${listNames(names)}, which ${listNames(askers)} ${askers.length === 1 ? "needs" : "need"}`,
      until: "npm install has written it anew",
      evidence: absent
        .slice(0, shown)
        .map(({ by, need }) => evidence(placeOf(lock, by), `needs ${need.name}, which is locked nowhere`)),
    };
  }
  return forgiving ? undefined : conflictOf(manifest, lock, packages);
}

/** A package of the manifest does not take another one of it as a peer. Of packages further in npm only warns. */
function conflictOf(manifest: Source, lock: Source, packages: LockPackages): LockFault | undefined {
  const { dependencies } = parsePackageManifest(manifest).model;
  const direct = new Map(
    dependencies.filter(({ group }) => group !== "peerDependencies").map(each => [each.name, each]),
  );
  if (/"overrides"\s*:/.test(manifest.text)) return undefined;
  for (const asks of direct.values()) {
    const entry = packages[`node_modules/${asks.name}`];
    if (!entry || entry.link) continue;
    for (const { name, range, kind } of needsOf(entry, false)) {
      const other = kind === "peer" || kind === "optional-peer" ? direct.get(name) : undefined;
      const locked = other && lockedPackage(lock, name)?.version;
      if (!other || !locked || !isRefused(locked, range)) continue;
      return {
        says: `has ${name} ${locked}, and ${asks.name} ${entry.version ?? ""} takes ${range} beside it`,
        until: "one of the two has another version",
        evidence: clash(asks, other, range, locked),
      };
    }
  }
  return undefined;
}

function isRefused(version: string, range: string): boolean {
  const figures = /^\d+\.\d+\.\d+$/.test(version) ? newestOf(version) : undefined;
  return figures !== undefined && satisfies(figures, range) === false;
}

function clash(asks: PackageDependency, other: PackageDependency, range: string, locked: string): Evidence[] {
  return [evidence(asks.at, `takes ${other.name} ${range}`), evidence(other.at, `locked at ${locked}`)];
}

function nameOf(place: string): string {
  const at = place.lastIndexOf("node_modules/");
  return at === -1 ? place : place.slice(at + "node_modules/".length);
}
