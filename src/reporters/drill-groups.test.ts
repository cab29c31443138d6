import { describe, expect, it } from "vitest";
import type { DrillReport, DrillRun, Outcome } from "../core/drill.ts";
import { groupDrills } from "./drill-groups.ts";
import { drillMarkdown } from "./drill-markdown.ts";

function report(
  drill: string,
  subject: string,
  outcome: Outcome,
  how: { readonly because?: string; readonly cause?: string } = {},
): DrillReport {
  const { because = "It holds.", ...rest } = how;
  return { drill, title: "T", claim: drill, subject, outcome, because, ms: 1, journal: [], ...rest };
}

const cause = { services: ["api"], what: "it ends again and again, saying:\nno module `shop` | ```" };
const reports = [
  report("boot/boots-healthy", "shop", "refuted", { because: "api: it ends", cause: "api" }),
  report("recovery/survives-kill", "api", "inconclusive", { because: "api does not serve.", cause: "api" }),
  report("recovery/survives-kill", "web", "inconclusive", { because: "web is not there.", cause: "api" }),
  report("recovery/survives-kill", "db", "proved"),
  report("observe/logs-are-bounded", "db", "refuted", { because: "db keeps all" }),
  report("observe/logs-are-bounded", "cache", "refuted", { because: "cache keeps all" }),
  report("observe/logs-are-bounded", "mail", "refuted", { because: "mail keeps half" }),
  report("build/builds", "", "not-applicable"),
];

describe("a run, as it is told", () => {
  it("has each cause once, with one line for each claim that it decides", () => {
    const { causes } = groupDrills({ causes: [cause], reports });
    expect(causes).toHaveLength(1);
    expect(causes[0]!.verdicts.map(({ outcome, drill, subjects }) => [outcome, drill, subjects])).toEqual([
      ["refuted", "boot/boots-healthy", ["shop"]],
      ["inconclusive", "recovery/survives-kill", ["api", "web"]],
    ]);
  });

  it("has one line for what differs in the name only", () => {
    const { refuted } = groupDrills({ causes: [cause], reports });
    expect(refuted.map(({ subjects, because }) => [subjects, because])).toEqual([
      [["db", "cache"], "db keeps all"],
      [["mail"], "mail keeps half"],
    ]);
  });

  it("loses no report, and none is told twice", () => {
    const groups = groupDrills({ causes: [cause], reports });
    const told = [
      ...groups.causes.flatMap(({ verdicts }) => verdicts),
      ...groups.refuted,
      ...groups.undecided,
      ...groups.proved,
    ].flatMap(({ drill, subjects }) => subjects.map(subject => `${drill} ${subject}`));
    const all = reports.filter(({ subject }) => subject !== "").map(one => `${one.drill} ${one.subject}`);
    expect(told.sort()).toEqual(all.sort());
    expect(groups.idle).toEqual(["build/builds"]);
  });

  it("shows a report whose cause is not in the run", () => {
    const { undecided } = groupDrills({ causes: [], reports });
    expect(undecided.map(({ because }) => because)).toEqual(["api does not serve.", "web is not there."]);
  });
});

describe("as Markdown", () => {
  const run: DrillRun = {
    ...{ project: "shop", files: ["compose.yml"], at: "2026-01-02T00:00:00Z", version: "1", engine: "20" },
    ...{ changes: ["web: 80 not published"], images: [], causes: [cause], reports },
  };

  it("keeps what programs say from being markup", () => {
    expect(drillMarkdown(run)).toBe(`# Drills: shop

1 proved, 4 refuted, 2 inconclusive, 1 not applicable. 2026-01-02, engine 20, \`compose.yml\`.

## In the way: api

\`\`\`\`text
it ends again and again, saying:
no module \`shop\` | \`\`\`
\`\`\`\`

- refuted: \`boot/boots-healthy\` (shop)
- inconclusive: \`recovery/survives-kill\` (api, web)

## Refuted

- \`observe/logs-are-bounded\` (db, cache): db keeps all
- \`observe/logs-are-bounded\` (mail): mail keeps half

## Proved

- \`recovery/survives-kill\` (db)

## Nothing to do

\`build/builds\`

## What the clone has otherwise than the files

- web: 80 not published
`);
  });
});
