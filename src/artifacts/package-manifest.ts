import type { Parsed } from "../core/artifact.ts";
import type { Located, Location, Source } from "../core/source.ts";
import { locate } from "../core/source.ts";
import { child, entriesOf, itemsOf, parseYaml, textOf, type YamlNode } from "../formats/yaml.ts";

export interface PackageDependency {
  readonly name: string;
  /** As written: `^4.18.2`, `workspace:*`. */
  readonly range: string;
  readonly group: "dependencies" | "devDependencies" | "optionalDependencies" | "peerDependencies";
  /** The name. */
  readonly at: Location;
}

/** A package.json, as far as deployment depends on it. */
export interface PackageManifest {
  readonly file: string;
  readonly name?: Located<string>;
  readonly version?: Located<string>;
  readonly type?: Located<string>;
  readonly main?: Located<string>;
  readonly packageManager?: Located<string>;
  readonly scripts: ReadonlyMap<string, Located<string>>;
  readonly engines: ReadonlyMap<string, Located<string>>;
  readonly dependencies: readonly PackageDependency[];
  /** Patterns of a workspace root. */
  readonly workspaces: readonly Located<string>[];
}

const groups = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"] as const;

export function recognisesPackageManifest(path: string): boolean {
  return path === "package.json" || path.endsWith("/package.json");
}

const parsed = new WeakMap<Source, Parsed<PackageManifest>>();

/** Reads a package.json. Never throws; what is no text where text belongs is left out. */
export function parsePackageManifest(source: Source): Parsed<PackageManifest> {
  const known = parsed.get(source);
  if (known) return known;
  const result = read(source);
  parsed.set(source, result);
  return result;
}

function read(source: Source): Parsed<PackageManifest> {
  // JSON is YAML; this door keeps places.
  const { model, problems } = parseYaml(source);
  const root = model[0]?.root;
  const field = (name: string) => textOf(child(root, name));
  const fields = {
    name: field("name"),
    version: field("version"),
    type: field("type"),
    main: field("main"),
    packageManager: field("packageManager"),
  };
  const present = Object.fromEntries(Object.entries(fields).filter(([, value]) => value)) as Partial<
    Pick<PackageManifest, "name" | "version" | "type" | "main" | "packageManager">
  >;
  const workspaces = child(root, "workspaces");
  const patterns = workspaces?.kind === "map" ? child(workspaces, "packages") : workspaces;
  return {
    model: {
      file: source.path,
      ...present,
      scripts: texts(child(root, "scripts")),
      engines: texts(child(root, "engines")),
      dependencies: groups.flatMap(group => dependenciesOf(child(root, group), group)),
      workspaces: itemsOf(patterns).flatMap(item => textOf(item) ?? []),
    },
    problems,
  };
}

function texts(node: YamlNode | undefined): ReadonlyMap<string, Located<string>> {
  const found = new Map<string, Located<string>>();
  for (const entry of entriesOf(node)) {
    const value = textOf(entry.value);
    if (value) found.set(entry.key.value, value);
  }
  return found;
}

function dependenciesOf(node: YamlNode | undefined, group: PackageDependency["group"]): PackageDependency[] {
  return entriesOf(node).flatMap(entry => {
    const range = textOf(entry.value);
    return range ? [{ name: entry.key.value, range: range.value, group, at: entry.key.at }] : [];
  });
}

export function dependsOn(manifest: PackageManifest, name: string): PackageDependency | undefined {
  return manifest.dependencies.find(each => each.name === name && each.group !== "peerDependencies");
}

/** One installed package of a lock file. */
export interface LockedPackage {
  readonly version: string;
  /** `module` for ESM packages, when the lock file says so (it does not by itself). */
  readonly engines?: string;
  readonly at: Location;
}

interface Lock {
  readonly version: number;
  readonly packages: Readonly<Record<string, unknown>>;
}

const locks = new WeakMap<Source, Lock | undefined>();

function lockOf(source: Source): Lock | undefined {
  if (locks.has(source)) return locks.get(source);
  let lock: Lock | undefined;
  try {
    const value: unknown = JSON.parse(source.text.replace(/^\ufeff/, ""));
    const { lockfileVersion, packages } = record(value);
    lock = { version: typeof lockfileVersion === "number" ? lockfileVersion : 1, packages: record(packages) };
  } catch {
    // Decision: a lock file that is no JSON has no packages; npm itself will say more.
    lock = undefined;
  }
  locks.set(source, lock);
  return lock;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

/** The top-level installed version of a package in a package-lock.json (version 2 or 3). */
export function lockedPackage(source: Source, name: string): LockedPackage | undefined {
  const found = record(lockOf(source)?.packages[`node_modules/${name}`]);
  if (typeof found["version"] !== "string") return undefined;
  const node = record(found["engines"])["node"];
  return {
    version: found["version"],
    ...(typeof node === "string" && { engines: node }),
    // Searched when asked for: lock files have megabytes, and most packages are never shown.
    get at() {
      const start = Math.max(0, source.text.indexOf(`"node_modules/${name}"`));
      return locate(source, start, start + name.length + 15);
    },
  };
}

/** Whether a lock file of npm has a package for developers alone; undefined when it does not have it. */
export function lockedOnlyForDevelopment(source: Source, name: string): boolean | undefined {
  const found = record(lockOf(source)?.packages[`node_modules/${name}`]);
  return typeof found["version"] === "string" ? found["dev"] === true : undefined;
}

/**
 * Names whose range in package.json is not what the lock file was made for: `npm ci` refuses such a pair.
 * Only for package-lock.json with a `packages[""]` entry; undefined when that cannot be told.
 */
export function lockDrift(manifest: PackageManifest, lock: Source): readonly PackageDependency[] | undefined {
  const root = lockOf(lock)?.packages[""];
  if (root === undefined) return undefined;
  return manifest.dependencies.filter(
    each => each.group !== "peerDependencies" && record(record(root)[each.group])[each.name] !== each.range,
  );
}
