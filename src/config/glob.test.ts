import fc from "fast-check";
import { expect, it } from "vitest";
import { matchesGlob } from "./glob.ts";

it.each([
  ["compose.yml", "compose.yml", true],
  ["compose.yml", "app/compose.yml", false],
  ["**/compose.yml", "compose.yml", true],
  ["**/compose.yml", "a/b/compose.yml", true],
  ["*.yml", "compose.yml", true],
  ["*.yml", "a/compose.yml", false],
  ["legacy", "legacy/compose.yml", true],
  ["legacy/", "legacy/a/b", true],
  ["legacy", "legacy-two/a", false],
  ["app/**", "app/a/b.py", true],
  ["app/**/test_?.py", "app/x/y/test_1.py", true],
  ["app/**/test_?.py", "app/test_12.py", false],
  ["./docs/*", "docs/a.md", true],
])("%s against %s is %s", (pattern, path, expected) => {
  expect(matchesGlob(pattern, path)).toBe(expected);
});

it("answers any pattern and path in time", () => {
  expect(matchesGlob("**/".repeat(50) + "*a".repeat(50), "a/".repeat(200) + "b")).toBe(false);
  fc.assert(fc.property(fc.string(), fc.string(), (pattern, path) => void matchesGlob(pattern, path)));
});
