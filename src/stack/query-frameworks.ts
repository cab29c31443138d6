import type { Location } from "../core/source.ts";
import { pythonAt } from "./query-runtime.ts";
import { satisfies } from "./query-versions.ts";
import type { Stack } from "./stack.ts";

/** The day of the data of endoflife.date (`products/django.md`) with which every row was compared. */
export const frameworksAsOf = "2026-08-22";

/** Support ends of frameworks. */
const django: readonly (readonly [series: string, ended: string])[] = [
  ["1.11", "2020-04-01"],
  ["2.0", "2019-04-01"],
  ["2.1", "2019-12-02"],
  ["2.2", "2022-04-11"],
  ["3.0", "2021-04-06"],
  ["3.1", "2021-12-07"],
  ["3.2", "2024-04-01"],
  ["4.0", "2023-04-01"],
  ["4.1", "2023-12-01"],
  ["4.2", "2026-04-07"],
  ["5.0", "2025-04-02"],
  ["5.1", "2025-12-03"],
  ["5.2", "2028-04-30"],
  ["6.0", "2027-04-30"],
  ["6.1", "2027-12-31"],
];

export interface FrameworkVersion {
  readonly series: string;
  /** ISO date. */
  readonly ended: string;
  readonly asOf: string;
  readonly manifest: string;
  readonly at: Location;
}

/** The newest series of Django that a manifest allows; undefined when that is not in the table, or not readable. */
export function djangoOf(stack: Stack, manifest: string): FrameworkVersion | undefined {
  const dependency = pythonAt(stack, manifest)?.dependencies.find(
    each => each.name === "django" && each.group === "main",
  );
  if (!dependency || dependency.version === "") return undefined;
  const exact = /^={2,3}\s*(\d+\.\d+)/.exec(dependency.version)?.[1];
  const allowed = django.filter(([series]) => {
    if (exact !== undefined) return series === exact;
    const [major, minor] = series.split(".").map(Number);
    return satisfies([major!, minor!, 9_998], dependency.version) === true;
  });
  const newest = allowed.at(-1);
  // Beyond the last row may be series that are not in the table yet.
  if (!newest || (exact === undefined && newest === django.at(-1))) return undefined;
  return { series: newest[0], ended: newest[1], asOf: frameworksAsOf, manifest, at: dependency.at };
}
