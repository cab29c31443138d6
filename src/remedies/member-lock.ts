import {
  type LockEntry,
  type LockNeed,
  type LockPackages,
  lookUp,
  needsOf,
  readPackages,
} from "../artifacts/npm-lock.ts";
import { newestOf, satisfies } from "../stack/query-versions.ts";

/**
 * A lock file of its own for a member of an npm workspace, out of the one at the workspace's root: the same versions,
 * as npm would lay them in the member's directory alone. No registry is asked.
 */

type Names = Readonly<Record<string, string>>;

interface Manifest extends LockEntry {
  readonly name?: string;
  readonly license?: string;
  readonly overrides?: unknown;
}

const groups = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"] as const;

/**
 * The text of the member's package-lock.json (format 3, which npm 7 and later read). `lock` is the text of the root's,
 * `manifest` that of the member's package.json, `member` its directory from the root: "apps/api". Undefined where the
 * lock was not made for the manifest, where a package of the workspace itself is needed, or a version is missing.
 */
export function memberLock(lock: string, manifest: string, member: string): string | undefined {
  const packages = readPackages(lock);
  const own = asObject<Manifest>(manifest);
  const root = packages?.[member];
  if (!packages || !own || !root) return undefined;
  // The root's overrides do not count in the member's directory: other versions would be asked for.
  if (asObject<Manifest>(JSON.stringify(packages[""]))?.overrides || own.overrides) return undefined;
  if (groups.some(group => !isSame(own[group], root[group]))) return undefined;
  const placed = place(packages, member);
  if (!placed || !fits(packages, placed)) return undefined;
  const flags = flagsOf(packages, placed);
  const { name, version } = own;
  const entries = [...placed]
    .toSorted(([a], [b]) => a.localeCompare(b, "en"))
    .map(([path, from]) => [path, nicely({ ...bare(packages[from]!), ...flags.get(path) })] as const);
  const text = {
    ...(name === undefined ? {} : { name }),
    ...(version === undefined ? {} : { version }),
    ...{ lockfileVersion: 3, requires: true, packages: Object.fromEntries(entries) },
  };
  return `${JSON.stringify(text, null, 2)}\n`;
}

function asObject<T>(text: string): T | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}

function isSame(one: Names = {}, other: Names = {}): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every(name => one[name] === other[name]);
}

/**
 * Where each package is laid, with its place in the root's lock; "" is the member. One that the member's own version
 * has taken the place of lies beside the package that asks for it.
 */
function place(packages: LockPackages, member: string): Map<string, string> | undefined {
  const placed = new Map([["", member]]);
  const has = (path: string) => packages[path] !== undefined;
  for (const [at, from] of placed) {
    for (const { name, kind } of needsOf(packages[from]!, at === "")) {
      if (kind === "optional-peer") continue;
      const wanted = lookUp(has, from, name);
      if (wanted === undefined && kind !== "optional") return undefined;
      if (wanted === undefined) continue;
      if (packages[wanted]!.link) return undefined;
      const there = lookUp(path => placed.has(path), at, name);
      if (there !== undefined && placed.get(there) === wanted) continue;
      const usual = wanted.startsWith(`${member}/`) ? wanted.slice(member.length + 1) : wanted;
      // What lies nearer than the usual place would be found first.
      const isFree = !placed.has(usual) && (there === undefined || !hides(there, usual));
      const path = isFree ? usual : `${at === "" ? "" : `${at}/`}node_modules/${name}`;
      if (placed.has(path)) return undefined;
      placed.set(path, wanted);
    }
  }
  return placed;
}

function hides(there: string, usual: string): boolean {
  return there.length >= usual.length;
}

/**
 * Everybody finds the version that they found at the root, and it is one that they accept: at the root npm does not
 * look at what a member's packages ask of each other, in the member's directory it does, and refuses the lock.
 */
function fits(packages: LockPackages, placed: ReadonlyMap<string, string>): boolean {
  const before = (path: string) => packages[path] !== undefined;
  return [...placed].every(([at, from]) =>
    needsOf(packages[from]!, at === "").every(({ name, range }) => {
      const found = lookUp(path => placed.has(path), at, name);
      if (found === undefined) return true;
      const entry = packages[placed.get(found)!]!;
      const wanted = lookUp(before, from, name);
      const version = newestOf(entry.version);
      return (
        wanted !== undefined &&
        isAlike(entry, packages[wanted]!) &&
        (version === undefined || satisfies(version, range) !== false)
      );
    }),
  );
}

function isAlike(one: LockEntry, other: LockEntry): boolean {
  return one === other || (one.version === other.version && one.integrity === other.integrity);
}

type Flags = { dev?: true; optional?: true; devOptional?: true; peer?: true };

/** What npm leaves out with `--omit`: what only developers, only options or only peers ask for. */
function flagsOf(packages: LockPackages, placed: ReadonlyMap<string, string>): Map<string, Flags> {
  const reached = (...left: LockNeed["kind"][]): Set<string> => {
    const seen = new Set([""]);
    for (const at of seen)
      for (const { name, kind } of needsOf(packages[placed.get(at)!]!, at === "")) {
        const found = left.includes(kind) ? undefined : lookUp(path => placed.has(path), at, name);
        if (found !== undefined) seen.add(found);
      }
    return seen;
  };
  const plain = reached("dev", "optional", "optional-peer");
  // A peer that is optional and there counts as an option.
  const noDev = reached("dev");
  const noOptional = reached("optional", "optional-peer");
  const noPeer = reached("peer", "optional-peer");
  return new Map(
    [...placed.keys()]
      .filter(path => path !== "")
      .map((path): [string, Flags] => {
        const dev = !noDev.has(path);
        const optional = !noOptional.has(path);
        return [
          path,
          {
            ...(dev ? { dev: true as const } : {}),
            ...(optional ? { optional: true as const } : {}),
            ...(!dev && !optional && !plain.has(path) ? { devOptional: true as const } : {}),
            ...(noPeer.has(path) ? {} : { peer: true as const }),
          },
        ];
      }),
  );
}

function bare(entry: LockEntry): Record<string, unknown> {
  const { dev: _, optional: __, devOptional: ___, peer: ____, ...rest } = entry as LockEntry & Flags;
  return rest;
}

const first = ["name", "version", "resolved", "integrity", "dependencies"];

/** In the order in which npm writes the fields of a package. */
function nicely(entry: Record<string, unknown>): Record<string, unknown> {
  const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
  const rank = (key: string) => (first.includes(key) ? first.indexOf(key) : first.length);
  return Object.fromEntries(
    Object.entries(entry).toSorted(
      ([a, one], [b, other]) =>
        Number(isObject(one)) - Number(isObject(other)) || rank(a) - rank(b) || a.localeCompare(b, "en"),
    ),
  );
}
