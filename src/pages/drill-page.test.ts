import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { claims } from "../claims/claims.ts";
import { drills } from "../drills/registry.generated.ts";
import { parseDrillPage } from "./drill-page.ts";

const fence = "```yaml compose.yml\nservices: {}\n```\n";

it("reads stacks and what is refuted", () => {
  const { title, sections } = parseDrillPage(
    `# T\n\n## Proved: one\n\n${fence}\n## Refuted: two\n\n> web: it is down\n\n${fence}`,
  );
  expect(title).toBe("T");
  expect(sections.map(({ verdict, refuted }) => [verdict, refuted])).toEqual([
    ["proved", undefined],
    ["refuted", { subject: "web", words: "it is down" }],
  ]);
  expect(sections[0]!.files[0]).toMatchObject({ path: "compose.yml", text: "services: {}\n" });
});

it.each([
  ["a section without files", "## Proved: one\n"],
  ["a refuted stack that does not say why", `## Refuted: one\n\n${fence}`],
  ["a proved stack that says what is refuted", `## Proved: one\n\n> web: down\n\n${fence}`],
  ["a fence without an end", "## Proved: one\n\n```yaml compose.yml\n"],
])("refuses %s", (_, text) => {
  expect(() => parseDrillPage(text)).toThrow(/line \d+/);
});

describe.each(drills.map(drill => [drill.id, drill] as const))("%s", (id, drill) => {
  const text = readFileSync(new URL(`../drills/${id}.md`, import.meta.url), "utf8");

  it("says what it promises, for a claim that there is", () => {
    expect(drill.title).toMatch(/^[A-Z].*[^.]$/);
    expect(drill.disturbs).toMatch(/^[A-Z].*\.$/);
    expect(claims.map(claim => claim.id)).toContain(drill.claim);
  });

  it("has a page of its title, with a stack that it proves and one that it refutes", () => {
    const page = parseDrillPage(text);
    expect(page.title).toBe(drill.title);
    expect(new Set(page.sections.map(({ verdict }) => verdict))).toEqual(new Set(["proved", "refuted"]));
  });
});
