import { type Location, locate, type Source } from "../core/source.ts";
import { jsonFields, record } from "../formats/json.ts";
import type { PackageDependency, PackageManifest } from "./package-manifest.ts";

type Names = Readonly<Record<string, string>>;

/** One package of a package-lock.json, or the root's own entry; as written, so any field may be absent. */
export interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
  readonly extraneous?: boolean;
  readonly dev?: boolean;
  readonly engines?: { readonly node?: string };
  readonly dependencies?: Names;
  readonly devDependencies?: Names;
  readonly optionalDependencies?: Names;
  readonly peerDependencies?: Names;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly bundleDependencies?: readonly string[] | boolean;
  readonly overrides?: unknown;
}

/** Entries by their place: "" is the root, `node_modules/a/node_modules/b` a package, `apps/web` a member. */
export type LockPackages = Readonly<Record<string, LockEntry>>;

/** What is asked for by a package, and how. */
export interface LockNeed {
  readonly name: string;
  readonly range: string;
  readonly kind: "plain" | "dev" | "optional" | "peer" | "optional-peer";
}

const locks = new WeakMap<Source, LockPackages | undefined>();

/** The packages of a package-lock.json (format 2 or 3); undefined for another format and for what is no JSON. */
export function lockPackages(source: Source): LockPackages | undefined {
  if (locks.has(source)) return locks.get(source);
  const packages = readPackages(source.text);
  locks.set(source, packages);
  return packages;
}

/** The same for a text that is no file of the project. */
export function readPackages(text: string): LockPackages | undefined {
  const packages = record(jsonFields(text)["packages"]);
  const entries = Object.values(packages);
  const isWhole = entries.length > 0 && entries.every(entry => typeof entry === "object" && entry !== null);
  return isWhole ? (packages as LockPackages) : undefined;
}

/** What an entry asks for. Development dependencies count where the project itself asks: in the root and its members. */
export function needsOf(entry: LockEntry, isOwn: boolean): LockNeed[] {
  const optional = Object.keys(record(entry.optionalDependencies));
  const isOptionalPeer = (name: string) => entry.peerDependenciesMeta?.[name]?.optional === true;
  const as = (names: Names | undefined, kind: LockNeed["kind"]): LockNeed[] =>
    Object.entries(record(names)).flatMap(([name, range]) =>
      typeof range === "string" ? [{ name, range, kind }] : [],
    );
  return [
    ...as(entry.dependencies, "plain").filter(({ name }) => !optional.includes(name)),
    ...(isOwn ? as(entry.devDependencies, "dev") : []),
    ...as(entry.optionalDependencies, "optional"),
    ...as(entry.peerDependencies, "peer").map(need =>
      isOptionalPeer(need.name) ? { ...need, kind: "optional-peer" as const } : need,
    ),
  ];
}

/** As Node.js looks for a package: beside the one that asks, then further and further up. */
export function lookUp(has: (path: string) => boolean, from: string, name: string): string | undefined {
  for (let at = from; ; ) {
    const path = at === "" ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (has(path)) return path;
    if (at === "") return undefined;
    const up = at.lastIndexOf("/node_modules/");
    at = up >= 0 ? at.slice(0, up) : "";
  }
}

/** One installed package of a lock file. */
export interface LockedPackage {
  readonly version: string;
  /** The Node.js that it asks for. */
  readonly engines?: string;
  readonly at: Location;
}

/** The top-level installed version of a package. */
export function lockedPackage(source: Source, name: string): LockedPackage | undefined {
  const place = `node_modules/${name}`;
  const found = lockPackages(source)?.[place];
  if (typeof found?.version !== "string") return undefined;
  const node = record(found.engines)["node"];
  return {
    version: found.version,
    ...(typeof node === "string" && { engines: node }),
    // Searched when asked for: lock files have megabytes, and most packages are never shown.
    get at() {
      return placeOf(source, place);
    },
  };
}

/** Where the entry of a place begins. */
export function placeOf(lock: Source, place: string): Location {
  const quoted = JSON.stringify(place);
  const start = Math.max(0, lock.text.indexOf(`${quoted}: {`));
  return locate(lock, start, start + quoted.length);
}

/** Whether a lock file of npm has a package for developers alone; undefined when it does not have it. */
export function lockedOnlyForDevelopment(source: Source, name: string): boolean | undefined {
  const found = lockPackages(source)?.[`node_modules/${name}`];
  return typeof found?.version === "string" ? found.dev === true : undefined;
}

/**
 * Names whose range in package.json is not what the lock file was made for: `npm ci` refuses such a pair.
 * Only for a lock file with an entry for the root; undefined when that cannot be told.
 */
export function lockDrift(manifest: PackageManifest, lock: Source): readonly PackageDependency[] | undefined {
  const root = lockPackages(lock)?.[""];
  if (root === undefined) return undefined;
  return manifest.dependencies.filter(
    each => each.group !== "peerDependencies" && record(root[each.group])[each.name] !== each.range,
  );
}

/** A need of a locked package that the lock file has no package for. */
export interface Unserved {
  /** The place of the package that asks. */
  readonly by: string;
  readonly need: LockNeed;
}

/**
 * Packages that locked ones need and that are not locked, each name once. npm 8 and later make the whole tree anew from
 * the lock file and refuse it when something comes on top ("Missing: x from lock file"); what is optional may be absent.
 * Source: @npmcli/arborist's validate-lockfile, tried with npm 10.9 and 11.
 */
export function unservedNeeds(packages: LockPackages, manifest: string): Unserved[] {
  const found = new Map<string, Unserved>();
  const has = (path: string) => packages[path] !== undefined;
  // An override may ask for another package under the same name, or for none.
  const overrides = JSON.stringify(jsonFields(manifest)["overrides"] ?? {});
  for (const [by, entry] of Object.entries(packages)) {
    // The root's own needs are held against package.json; a folder outside has dependencies of its own.
    if (by === "" || by.startsWith("..") || entry.link || entry.inBundle || entry.extraneous) continue;
    const bundled = entry.bundleDependencies;
    for (const need of needsOf(entry, !by.includes("node_modules/"))) {
      const { name, kind } = need;
      if (kind === "optional" || kind === "optional-peer" || found.has(name)) continue;
      if (bundled === true || (Array.isArray(bundled) && bundled.includes(name))) continue;
      if (!overrides.includes(`"${name}`) && lookUp(has, by, name) === undefined)
        found.set(name, { by, need });
    }
  }
  return [...found.values()];
}
