import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { rules } from "../src/rules/registry.generated.ts";

const page = readFileSync(new URL("../docs/not-checked.md", import.meta.url), "utf8");
const rows = page
  .split("\n")
  .filter(line => line.startsWith("| ") && !/^\| (what|---) /.test(line))
  .map(line => line.split(/(?<!\\)\|/).map(cell => cell.trim()));

it("names only rules that exist, by their pages", () => {
  const links = [...page.matchAll(/\[([^\]]+)\]\(\.\.\/src\/rules\/([^)]+)\.md\)/g)];
  expect(links.length).toBeGreaterThan(100);
  for (const [, text, id] of links) {
    expect(text).toBe(id);
    expect(existsSync(new URL(`../src/rules/${id}.ts`, import.meta.url)), id).toBe(true);
  }
  const ids = new Set(rules.map(rule => rule.id));
  expect(links.map(link => link[2]).filter(id => !ids.has(id!))).toEqual([]);
});

it("has a rule or a reason in every row", () => {
  expect(rows.length).toBeGreaterThan(100);
  for (const [, what, named, why, ...rest] of rows) {
    expect(what).not.toBe("");
    expect(named?.includes("](") || (why ?? "").split(" ").length > 4, `${what}: neither`).toBe(true);
    expect(rest).toEqual([""]);
  }
});
