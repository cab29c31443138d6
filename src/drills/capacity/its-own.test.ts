import { describe, expect, test } from "vitest";
import { judge } from "./its-own.ts";
import type { Measured } from "./open-loop.ts";

const measured = (p50: number, p95: number, failed: Measured["failed"] = []): Measured => ({
  ...{ sent: 200, failed, limited: 0, late: 0 },
  ...{ p50, p95, p99: p95 },
});
const machine = (nothing: number, others: number) => ({ nothing, share: { lab: 0.1, others } });

describe("a target of a load", () => {
  test("is met on any machine", () => {
    expect(judge(measured(20, 90), 100, machine(60, 0.9))).toBe("met");
  });

  test("is missed by slow answers on a calm machine", () => {
    expect(judge(measured(30, 200), 100, machine(5, 0.1))).toBe("missed");
    expect(judge(measured(30, 200), 100, { nothing: 5, share: undefined })).toBe("missed");
  });

  test("is excused where others take the time that is missed", () => {
    expect(judge(measured(180, 689), 100, machine(44, 0.82))).toBe("excused");
    expect(judge(measured(30, 200), 100, machine(60, 0.1))).toBe("excused");
  });

  test("is missed on a busy machine by what is slow without the others", () => {
    expect(judge(measured(3_020, 3_300), 100, machine(44, 0.82))).toBe("missed");
  });

  test("is missed by an error, and by silence only where there is time for an answer", () => {
    expect(
      judge(measured(20, 30, [{ ms: 5, status: 500, headers: {}, body: "" }]), 100, machine(44, 0.82)),
    ).toBe("missed");
    const silent: Measured["failed"] = [{ ms: 10_000, error: "timeout", headers: {}, body: "" }];
    expect(judge(measured(20, 30, silent), 100, machine(44, 0.82))).toBe("excused");
    expect(judge(measured(20, 30, silent), 100, machine(4, 0.2))).toBe("missed");
  });
});
