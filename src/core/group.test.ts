import { expect, it } from "vitest";
import type { Violation } from "./finding.ts";
import { together } from "./group.ts";

const violation = (subject: string, message: string, start: number): Violation => ({
  subject,
  message,
  evidence: [{ at: { file: "a.sh", span: { start, end: start + 1 } }, shows: "here" }],
});

it("puts what is said twice of one subject together, with both places", () => {
  const found = together([
    violation("api", "drops tables", 1),
    violation("api", "drops tables", 9),
    violation("web", "drops tables", 5),
  ]);
  expect(found.map(({ subject, evidence }) => [subject, evidence.map(({ at }) => at.span.start)])).toEqual([
    ["api", [1, 9]],
    ["web", [5]],
  ]);
});
