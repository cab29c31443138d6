import type { ImageUse } from "./query-images.ts";

/** Releases of data stores that damage data. */

export interface Bad {
  readonly family: string;
  /** First and last bad release, inclusive, within one series. */
  readonly from: string;
  readonly to: string;
  readonly fixed: string;
  readonly does: string;
}

/** When the table was last compared with the makers' release notes. */
export const badReleasesAsOf = "2026-08-22";

/** Releases whose makers warn of them. */
export const badReleases: readonly Bad[] = [
  {
    family: "postgres",
    from: "14.0",
    to: "14.3",
    fixed: "14.4",
    does: "can corrupt indexes that are built or rebuilt CONCURRENTLY",
  },
  {
    family: "mysql",
    from: "8.0.29",
    to: "8.0.29",
    fixed: "8.0.30",
    does: "can corrupt tables after an instant ADD or DROP COLUMN, and was withdrawn",
  },
  ...[
    ["8.0.38", "8.0.39"],
    ["8.4.1", "8.4.2"],
    ["9.0.0", "9.0.1"],
  ].map(([version, fixed]) => ({
    family: "mysql",
    from: version!,
    to: version!,
    fixed: fixed!,
    does: "does not start again when it holds about ten thousand tables, and was withdrawn",
  })),
  {
    family: "mongo",
    from: "4.4.2",
    to: "4.4.8",
    fixed: "4.4.9",
    does: "can lose or duplicate data after an unclean shutdown",
  },
  {
    family: "mongo",
    from: "5.0.0",
    to: "5.0.2",
    fixed: "5.0.3",
    does: "can lose or duplicate data after an unclean shutdown",
  },
];

/** The number that the tag begins with. */
export function versionOf(use: ImageUse): string {
  return /^\d+(\.\d+)*/.exec(use.ref.tag ?? "")?.[0] ?? "";
}

/** Only a tag that names the very release: `14` gets repairs by itself. */
export function isBad(use: ImageUse, { from, to }: Bad): boolean {
  const version = versionOf(use).split(".").map(Number);
  const low = from.split(".").map(Number);
  const high = to.split(".").map(Number);
  if (version.length !== low.length) return false;
  const last = low.length - 1;
  if (version.slice(0, last).join(".") !== low.slice(0, last).join(".")) return false;
  return version[last]! >= low[last]! && version[last]! <= high[last]!;
}
