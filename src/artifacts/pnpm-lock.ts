import { type Located, locate, type Source } from "../core/source.ts";

/** What a pnpm-lock.yaml was made for. */
export interface PnpmLock {
  /** Range by name, for each package.json: "." is the one beside the lock file, `apps/web` a member's. */
  readonly importers: ReadonlyMap<string, ReadonlyMap<string, Located<string>>>;
  /** Names that the project puts other versions in place of. */
  readonly overrides: ReadonlySet<string>;
}

const locks = new WeakMap<Source, PnpmLock | undefined>();

/**
 * Reads the specifiers of a pnpm-lock.yaml of format 6 to 9; undefined for others, and for the two documents that
 * pnpm 11 writes. The file is pnpm's own and may have megabytes, so its lines are read as pnpm lays them.
 */
export function parsePnpmLock(source: Source): PnpmLock | undefined {
  if (locks.has(source)) return locks.get(source);
  const lock = read(source);
  locks.set(source, lock);
  return lock;
}

const line = /^( *)(?:'([^'\n]+)'|"([^"\n]+)"|([^\s'":#][^'":\n]*)):(?: +(.*))?$/;

function read(source: Source): PnpmLock | undefined {
  const { text } = source;
  // A pnpmfile may change what every manifest asks for.
  if (!/^lockfileVersion: '?[6-9]\./.test(text) || /^(?:---|pnpmfileChecksum:)/m.test(text)) return undefined;
  const importers = new Map<string, Map<string, Located<string>>>();
  const overrides = new Set<string>();
  let path: { readonly depth: number; readonly key: string; readonly start: number }[] = [];
  for (let start = 0, end: number; start < text.length; start = end + 1) {
    end = text.indexOf("\n", start);
    if (end === -1) end = text.length;
    const found = line.exec(text.slice(start, text[end - 1] === "\r" ? end - 1 : end));
    if (!found) continue;
    const depth = found[1]!.length;
    const key = found[2] ?? found[3] ?? found[4]!;
    path = [
      ...path.filter(each => each.depth < depth),
      { depth, key, start: start + depth + (found[4] === undefined ? 1 : 0) },
    ];
    const [top, ...below] = path;
    // What is installed fills the rest of the file.
    if (top!.key === "packages" || top!.key === "snapshots") break;
    if (top!.key === "overrides" && below.length === 1)
      overrides.add(key.replace(/^.*>(?=[@a-z])/i, "").replace(/(?!^)@.*$/, ""));
    // Without a workspace the groups stand at the top; catalogs have specifiers, too.
    const importer =
      top!.key === "importers" ? below[0]?.key : top!.key.endsWith("ependencies") ? "." : undefined;
    const place = path.at(-2);
    if (key !== "specifier" || importer === undefined || !place) continue;
    if (!importers.has(importer)) importers.set(importer, new Map());
    const value = (found[5] ?? "").replace(/^(['"])(.*)\1$/, "$2");
    importers.get(importer)!.set(place.key, {
      value,
      at: locate(source, place.start, place.start + place.key.length),
    });
  }
  return importers.size === 0 ? undefined : { importers, overrides };
}
