import type { Parsed } from "../core/artifact.ts";
import type { Located, Location, Source } from "../core/source.ts";
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
