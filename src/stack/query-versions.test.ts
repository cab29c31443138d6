import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isTooOld, newestOf, satisfies } from "./query-versions.ts";

const fits = (tag: string, range: string) => satisfies(newestOf(tag)!, range);

describe("satisfies", () => {
  test.each([
    ["20-alpine", ">=20", true],
    ["18", ">=20.0.0", false],
    ["20", "^18.18.0 || ^20.9.0 || >=21.1.0", true],
    ["19", "^18.18.0 || ^20.9.0 || >=21.1.0", false],
    ["18.12-slim", ">=18.17", false],
    ["22", "20.x", false],
    ["20", "20.x", true],
    ["20", "20", true],
    ["16", "14 - 18", true],
    ["19", "14 - 18", false],
    ["3.11-slim", ">=3.12,<3.14", false],
    ["3.12", ">= 3.12, < 3.14", true],
    ["3.13", "~3.12", false],
    ["3.13", "^3.11", true],
    ["3.12", "==3.12.*", true],
    ["3.12.1-slim", "~=3.12", true],
    ["3.9", "~=3.10", false],
    ["20", "*", true],
    ["0.95.0", "^0.92.0", false],
    ["0.92.4", "^0.92.0", true],
    ["0.9", "^0", true],
    ["0.0.4", "^0.0.3", false],
  ])("%s in %s: %s", (tag, range, expected) => {
    expect(fits(tag, range)).toBe(expected);
  });

  test("what it cannot read it does not judge", () => {
    expect(fits("20", "lts/*")).toBeUndefined();
    expect(fits("20", ">=20.0.0-rc.1")).toBeUndefined();
    expect(newestOf("lts-alpine")).toBeUndefined();
    expect(newestOf("20240101")).toBeUndefined();
  });

  test("never throws", () => {
    fc.assert(fc.property(fc.string(), range => void satisfies([20, 9_999, 9_999], range)));
    fc.assert(fc.property(fc.string(), tag => void newestOf(tag)));
  });
});

test("too old is not too new", () => {
  expect(isTooOld([18, 9_999, 9_999], ">=20")).toBe(true);
  expect(isTooOld([22, 9_999, 9_999], "20.x")).toBe(false);
  expect(isTooOld([18, 9_999, 9_999], "20.x")).toBe(true);
  expect(isTooOld([20, 9_999, 9_999], ">=18")).toBe(false);
});
