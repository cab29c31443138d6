import type { Gap } from "../core/problem.ts";
import { factsAsOf } from "./image/facts.ts";
import { supportEndsAsOf } from "./image/facts-versions.ts";
import { frameworksAsOf } from "./query-frameworks.ts";
import { badReleasesAsOf } from "./query-releases.ts";
import { removedNamesAsOf } from "./query-removed-imports.ts";
import { retiredAsOf } from "./query-retired.ts";
import type { Stack } from "./stack.ts";

/** A table of facts about the world outside the repository. It ages; docs/facts.md says how it is refreshed. */
export interface FactTable {
  /** As messages call it, after "the table of". */
  readonly name: string;
  /** ISO date on which it was last compared with its source as a whole. */
  readonly asOf: string;
  /** Where the facts can be read again. */
  readonly source: string;
  /** Where it is kept, relative to `src/stack`. */
  readonly files: readonly string[];
  /** Whether anything in this project is judged by it. */
  applies(stack: AgeStack): boolean;
}

/** The part of a stack that tells which tables matter. */
export type AgeStack = Pick<Stack, "services" | "builds" | "components" | "workflows" | "today">;

const usesImages = ({ services, builds }: AgeStack): boolean => services.length > 0 || builds.length > 0;

/** A row that was compared later has a date of its own, and does not make the table old. */
const usesOldRows = ({ services }: AgeStack): boolean =>
  services.some(({ facts }) => facts !== undefined && facts.asOf <= factsAsOf);

/** Every table whose facts age. */
export const factTables: readonly FactTable[] = [
  {
    name: "common images",
    asOf: factsAsOf,
    source: "the images' pages on Docker Hub and their Dockerfiles",
    files: ["image/facts.ts", "image/facts-runtimes.ts", "image/facts-data.ts", "image/facts-apps.ts"],
    applies: usesOldRows,
  },
  {
    name: "support ends",
    asOf: supportEndsAsOf,
    source: "endoflife.date, which names the makers' own pages",
    files: ["image/facts-versions.ts"],
    applies: usesImages,
  },
  {
    name: "releases that damage data",
    asOf: badReleasesAsOf,
    source: "the release notes that the rows name",
    files: ["query-releases.ts"],
    applies: usesImages,
  },
  {
    name: "support ends of frameworks",
    asOf: frameworksAsOf,
    source: "endoflife.date, products/django.md",
    files: ["query-frameworks.ts"],
    applies: stack => stack.components.some(component => component.django !== undefined),
  },
  {
    name: "removed names of Python packages",
    asOf: removedNamesAsOf,
    source: "the release notes that stand beside the rows",
    files: ["query-removed-imports.ts"],
    applies: stack =>
      stack.components.some(component => ["django", "fastapi", "flask", "python"].includes(component.kind)),
  },
  {
    name: "retired actions and runners",
    asOf: retiredAsOf,
    source: "GitHub's change log",
    files: ["query-retired.ts"],
    applies: stack => stack.workflows.some(({ file }) => file.includes(".github/")),
  },
];

/** What a report says of tables that are more than twelve months old on the day of the audit. Not fatal. */
export function tableGaps(stack: AgeStack, tables: readonly FactTable[] = factTables): Gap[] {
  return tables
    .filter(table => yearAfter(table.asOf) < stack.today && table.applies(stack))
    .map(({ name, asOf }) => ({
      about: `the table of ${name}`,
      why: `It is of ${asOf}: newer versions are not known to it.`,
    }));
}

function yearAfter(date: string): string {
  return `${Number(date.slice(0, 4)) + 1}${date.slice(4)}`;
}
