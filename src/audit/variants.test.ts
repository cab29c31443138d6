import { expect, it } from "vitest";
import type { PlacedViolation } from "../core/finding.ts";
import { joinVariants } from "./variants.ts";

const at = (file: string, start = 0) => ({ file, span: { start, end: start + 1 } });
const said = (file: string, more: Partial<PlacedViolation> = {}, start = 0): PlacedViolation => ({
  subject: "shop",
  message: "It is so.",
  evidence: [{ at: at(file, start), shows: "here" }],
  ...more,
});

it("joins variants of one stack into one finding with every place", () => {
  const joined = joinVariants([said("stacks/a.yml"), said("stacks/b.yml"), said("stacks/c.yml")]);
  expect(joined).toHaveLength(1);
  expect(joined[0]!.message).toBe("It is so. The same is in b.yml and c.yml.");
  expect(joined[0]!.evidence.map(item => item.at.file)).toEqual([
    "stacks/a.yml",
    "stacks/b.yml",
    "stacks/c.yml",
  ]);
});

it("joins variants whose projects have names of their own, where the sentence is the same", () => {
  const joined = joinVariants([said("a.yml"), said("b.yml", { subject: "shop-light" }), said("c.yml")]);
  expect(joined.map(each => each.message)).toEqual(["It is so. The same is in b.yml and c.yml."]);
});

it("joins what is worse in one of them, and says how bad that is", () => {
  const joined = joinVariants([
    said("compose.production.yml", { severity: "critical" }),
    said("compose.staging.yml", { severity: "high" }),
    said("compose.dev.yml", { severity: "low" }),
  ]);
  expect(joined.map(each => [each.severity, each.message])).toEqual([
    ["critical", "It is so. The same is in compose.staging.yml."],
    ["low", "It is so."],
  ]);
});

it("joins what the folders of a server and of its trial say in the same words", () => {
  const joined = joinVariants([
    said("deploy/production/compose.yml", { severity: "critical" }),
    said("deploy/staging/compose.yml", { severity: "high", subject: "shop-trial" }),
  ]);
  expect(joined.map(each => each.message)).toEqual(["It is so. The same is in deploy/staging/compose.yml."]);
});

it("joins what default files in folders side by side say in the same words, whatever their projects are called", () => {
  const joined = joinVariants([
    said("devops/full/docker-compose.yml", { message: 'Project "full" is so.', subject: "full" }),
    said("devops/minimal/docker-compose.yml", { message: 'Project "minimal" is so.', subject: "minimal" }),
  ]);
  expect(joined.map(each => each.message)).toEqual([
    'Project "full" is so. The same is in devops/minimal/docker-compose.yml.',
  ]);
});

it("joins what numbered folders say in the same words, and nothing of other folders", () => {
  const joined = joinVariants([
    said("site1-web/compose.yml"),
    said("site2-web/compose.yml", { subject: "second" }),
    said("site1-mail/compose.yml", { subject: "mail" }),
  ]);
  expect(joined.map(each => each.message)).toEqual([
    "It is so. The same is in site2-web/compose.yml.",
    "It is so.",
  ]);
});

it("joins what a file says that several projects begin with, and stacks whose folders repeat their parent", () => {
  const shared = [said("a.yml"), said("b.yml"), said("a.yml"), said("c.yml")];
  expect(joinVariants(shared).map(each => each.message)).toEqual([
    "It is so. The same is in b.yml and c.yml.",
  ]);
  const crawls = joinVariants([
    said("ingest/dc/dc-crawl/docker-compose.yml"),
    said("ingest/fc/fc-crawl/docker-compose.yml", { subject: "fc" }),
    said("ingest/fc/fc-queue/docker-compose.yml", { subject: "queue" }),
  ]);
  expect(crawls.map(each => each.message)).toEqual([
    "It is so. The same is in ingest/fc/fc-crawl/docker-compose.yml.",
    "It is so.",
  ]);
});

it("joins the stacks of two engines", () => {
  const joined = joinVariants([
    said("install/docker-compose/docker-compose.yml"),
    said("install/podman-compose/podman-compose.yml"),
  ]);
  expect(joined).toHaveLength(1);
});

it("puts the place first where it is worst", () => {
  const [one] = joinVariants([said("a.yml", { severity: "medium" }), said("b.yml")], "high");
  expect(one).toMatchObject({
    message: "It is so. The same is in a.yml.",
    evidence: [{ at: { file: "b.yml" } }, {}],
  });
});

it("joins what is the same, where a file that takes part twice says something else, too", () => {
  const other = { message: "It is otherwise." };
  const joined = joinVariants([said("a.yml", other), said("a.yml"), said("b.yml"), said("c.yml")]);
  expect(joined.map(each => each.message)).toEqual([
    "It is otherwise.",
    "It is so. The same is in b.yml and c.yml.",
  ]);
});

it.each<[string, PlacedViolation[]]>([
  ["two defects in one file", [said("a.yml"), said("a.yml", {}, 9)]],
  ["stacks in different folders", [said("x/a.yml"), said("y/a.yml")]],
  ["default files in folders of the root", [said("x/compose.yml"), said("y/compose.yml")]],
  ["another weight", [said("a.yml"), said("b.yml", { severity: "low" })]],
  [
    "another weight of another sentence",
    [said("a.yml"), said("b.yml", { severity: "high", message: "It is otherwise." })],
  ],
  ["another subject", [said("a.yml"), said("b.yml", { subject: "other", message: "It is otherwise." })]],
  ["Dockerfiles", [said("Dockerfile"), said("Dockerfile.dev")]],
])("keeps apart %s", (_, violations) => {
  expect(joinVariants(violations)).toHaveLength(2);
});

it("mends all files or offers no fix", () => {
  const fix = (file: string) => () => ({
    title: "Mend it",
    grade: "safe" as const,
    edits: [{ at: at(file), text: "x" }],
  });
  const [both] = joinVariants([said("a.yml", { fix: fix("a.yml") }), said("b.yml", { fix: fix("b.yml") })]);
  expect(both!.fix!()!.edits).toHaveLength(2);
  const [one] = joinVariants([said("b.yml"), said("a.yml", { fix: fix("a.yml") })]);
  expect(one!.fix!()).toBeUndefined();
});
