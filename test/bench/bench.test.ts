import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, expect, test } from "vitest";
import { interleaved } from "../../bench/measure.ts";
import { markdown } from "../../bench/table.ts";
import { bigTree, composeOnly, copies, surfaceOf } from "../../bench/trees.ts";

const scratch = mkdtempSync(join(tmpdir(), "shipworthy-bench-test-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const node = (name: string, code: string, fine?: readonly number[]) => ({
  name,
  argv: [process.execPath, "-e", code] as const,
  ...(fine === undefined ? {} : { fine }),
});

test("a program that fails has no time that could look fast", () => {
  const rows = interleaved(
    [node("good", ""), node("findings", "process.exitCode = 1", [0, 1]), node("bad", "process.exitCode = 2")],
    1,
  );
  expect(rows.map(row => row.failed === undefined)).toEqual([true, true, false]);
  expect(rows[0]?.median).toBeGreaterThan(0);
  expect(rows[2]?.failed).toContain("exit 2");
});

test("the table divides by the row that it is compared with", () => {
  const rows = [
    { name: "floor", min: 40, median: 50 },
    { name: "audit", min: 90, median: 100, peakMb: 60.4 },
    { name: "broken", min: Number.NaN, median: Number.NaN, failed: "exit 2: a | b" },
  ];
  const text = markdown([{ title: "Cold start", against: "floor", rows, notes: ["A promise."] }]);
  expect(text).toContain("| audit | 2.00 | 100 | 90 | 60 |");
  expect(text).toContain("| broken | failed: exit 2: a / b | | | |");
  expect(text).toContain("A promise.");
});

test("the tree has as many files as it says, and the deployable ones among them", () => {
  const tree = join(scratch, "big");
  const deployable = bigTree(tree, 700, 4);
  const files = readdirSync(tree, { recursive: true }).filter(path =>
    statSync(join(tree, String(path))).isFile(),
  );
  expect(files).toHaveLength(700);
  expect(deployable).toHaveLength(20);
  expect(deployable.every(existsSync)).toBe(true);
});

test("peers get the files that they read, and Compose files keep their places", () => {
  const tree = join(scratch, "copies");
  copies(tree, "examples/shipshape", 2);
  const surface = surfaceOf(tree);
  const count = (files: readonly string[]): number => files.length;
  expect([surface.compose, surface.dockerfiles, surface.workflows, surface.nginx].map(count)).toEqual([
    2, 6, 4, 10,
  ]);
  const alone = composeOnly(surface, join(scratch, "alone"));
  expect(alone.compose.map(file => relative(alone.root, file))).toEqual(
    surface.compose.map(file => relative(tree, file)),
  );
  expect(readFileSync(alone.compose[0] ?? "", "utf8")).toBe(readFileSync(surface.compose[0] ?? "", "utf8"));
});
