import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { pageFiles } from "../pages/page-files.ts";
import { link } from "./link.ts";
import { factTables } from "./tables.ts";

const file = (path: string, text: string) => ({
  path,
  text,
  ignored: false,
  untracked: false,
  directory: false,
});
const project = [
  file("compose.yml", "services:\n  db:\n    image: postgres:17\n  cache:\n    image: redis:7.4\n"),
  file(".github/workflows/ci.yml", "on: push\njobs: { a: { runs-on: ubuntu-24.04, steps: [] } }\n"),
];

const warnings = async (now: string, files = project) =>
  (await link(pageFiles(files), { now: new Date(now) })).gaps.filter(gap =>
    gap.about.startsWith("the table of"),
  );

const images = factTables.find(table => table.name === "common images")!;
const yearLater = (date: string, days: number) =>
  new Date(
    Date.UTC(Number(date.slice(0, 4)) + 1, Number(date.slice(5, 7)) - 1, Number(date.slice(8)) + days),
  ).toISOString();

describe("tables of facts", () => {
  it("are dated and lie where they say", () => {
    for (const { name, asOf, source, files } of factTables) {
      expect(asOf, name).toMatch(/^20\d\d-\d\d-\d\d$/);
      expect(source).not.toBe("");
      for (const each of files) expect(existsSync(new URL(each, import.meta.url)), each).toBe(true);
    }
  });

  it("are all documented", () => {
    const page = readFileSync(new URL("../../docs/facts.md", import.meta.url), "utf8");
    for (const { name, asOf, files } of factTables) {
      expect(page).toContain(`| ${name} | ${asOf} |`);
      for (const each of files) expect(page).toContain(`src/stack/${each}`);
    }
  });

  it("say nothing while they are young", async () => {
    expect(await warnings("2025-06-01T00:00:00Z")).toEqual([]);
    const last = await warnings(yearLater(images.asOf, 0));
    expect(last.map(gap => gap.about)).not.toContain("the table of common images");
  });

  it("warn from the day after twelve months on", async () => {
    expect(await warnings(yearLater(images.asOf, 1))).toContainEqual({
      about: "the table of common images",
      why: `It is of ${images.asOf}: newer versions are not known to it.`,
    });
  });

  it("say nothing of a row that was compared since", async () => {
    const later = yearLater(images.asOf, 1);
    const image = (name: string) => [file("compose.yml", `services:\n  a:\n    image: ${name}\n`)];
    const about = async (name: string) => (await warnings(later, image(name))).map(gap => gap.about);
    expect(await about("redis:7.4")).toContain("the table of common images");
    expect(await about("postgres:17")).not.toContain("the table of common images");
  });

  it("warn once each, never fatally, and only of what the project has", async () => {
    const all = await warnings("2040-01-01T00:00:00Z");
    expect(all.map(gap => gap.about).sort()).toEqual(
      ["common images", "support ends", "releases that damage data", "retired actions and runners"]
        .map(name => `the table of ${name}`)
        .sort(),
    );
    expect(all.some(gap => gap.fatal)).toBe(false);
    const composeOnly = await warnings("2040-01-01T00:00:00Z", [project[0]!]);
    expect(composeOnly.map(gap => gap.about)).not.toContain("the table of retired actions and runners");
    const nothing = await warnings("2040-01-01T00:00:00Z", [file("README.md", "# Shop\n")]);
    expect(nothing).toEqual([]);
  });
});
