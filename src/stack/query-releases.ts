import type { ImageUse } from "./query-images.ts";

/** Releases of data stores that damage data. */

export interface Bad {
  readonly family: string;
  /** First and last bad release, inclusive, within one series. */
  readonly from: string;
  readonly to: string;
  readonly fixed: string;
  readonly does: string;
  /** What the newer release does not repair by itself. */
  readonly left?: string;
}

/** When every row was last compared with the texts that are named beside it. */
export const badReleasesAsOf = "2026-11-21";

/** Releases whose makers, or those who ship them, warn of them. */
export const badReleases: readonly Bad[] = [
  // Release notes of PostgreSQL 14.4, E.1 "Migration to Version 14.4".
  {
    family: "postgres",
    from: "14.0",
    to: "14.3",
    fixed: "14.4",
    does: "can corrupt indexes that are built or rebuilt CONCURRENTLY",
    left: "An index that is damaged already stays so: look with `pg_amcheck --heapallindexed`, and rebuild what it names (REINDEX).",
  },
  // Percona XtraBackup on INSTANT ADD/DROP COLUMN; MySQL Operator 8.0.29: the server was removed, take 8.0.30.
  {
    family: "mysql",
    from: "8.0.29",
    to: "8.0.29",
    fixed: "8.0.30",
    does: "can corrupt tables after an instant ADD or DROP COLUMN, and was withdrawn",
  },
  // Release notes of MySQL 8.0.38, at the top.
  {
    family: "mysql",
    from: "8.0.38",
    to: "8.0.38",
    fixed: "8.0.39",
    does: "may not start again when it holds more than 8000 tables, and was withdrawn",
  },
  // Percona Server for MongoDB, release notes of 4.4.8-9 and 5.0.6-5 (WT-7984, WT-7995), and of 5.0.3-2.
  {
    family: "mongo",
    from: "4.4.2",
    to: "4.4.8",
    fixed: "4.4.9",
    does: "can lose or duplicate data after an unclean shutdown",
  },
  {
    family: "mongo",
    from: "5.0.1",
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
