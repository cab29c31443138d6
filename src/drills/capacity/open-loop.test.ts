import { describe, expect, it } from "vitest";
import { percentile, shares } from "./open-loop.ts";

describe("the figures of a load", () => {
  it("takes the value that so many of a hundred do not exceed", () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([50, 95, 99, 100].map(percent => percentile(hundred, percent))).toEqual([50, 95, 99, 100]);
    expect(percentile([7], 95)).toBe(7);
    expect(percentile([], 95)).toBe(0);
  });

  it("splits the processors between the lab, us and others", () => {
    const at = (atMs: number, idleMs: number, ownMs: number, labMs: number) => ({
      machine: { atMs, cpus: 2, idleMs, ownMs },
      labMs,
    });
    expect(shares(at(0, 0, 0, 0), at(10_000, 8_000, 2_000, 4_000))).toEqual({
      lab: 0.2,
      others: expect.closeTo(0.3, 6),
    });
    // Clocks of the kernel and of the engine differ a little: no share is ever below nothing.
    expect(shares(at(0, 0, 0, 0), at(1_000, 2_100, 0, 0))?.others).toBe(0);
    expect(shares({ machine: undefined, labMs: 0 }, at(1, 1, 1, 1))).toBeUndefined();
  });
});
