import { expect, it } from "vitest";
import type { PlacedViolation } from "../core/finding.ts";
import { joinHabits } from "./habits.ts";

const said = (message: string, start: number, more: Partial<PlacedViolation> = {}): PlacedViolation => ({
  subject: "shop",
  message,
  evidence: [{ at: { file: "compose.yml", span: { start, end: start + 1 } }, shows: "here" }],
  ...more,
});

it("joins what is said in the same words of several subjects of one file, and names them", () => {
  const [one, ...more] = joinHabits([
    said('"api" may run with the literal of JWT_SECRET.', 1),
    said('"api" may run with the literal of COOKIE_SECRET.', 2),
    said('"jobs" may run with the literal of MAIL_SECRET.', 3),
  ]);
  expect(more).toEqual([]);
  expect(one!.message).toBe(
    '"api" may run with the literal of JWT_SECRET. The same holds for COOKIE_SECRET, "jobs" and MAIL_SECRET.',
  );
  expect(one!.evidence.map(item => item.at.span.start)).toEqual([1, 2, 3]);
});

it("keeps apart what weighs differently, is said in other words or stands in another file", () => {
  const other = {
    evidence: [{ at: { file: "other.yml", span: { start: 1, end: 2 } }, shows: "here" }],
  } as const;
  const all = [
    said('"api" stops.', 1),
    said('"jobs" stops.', 2, { severity: "low" }),
    said('"jobs" waits.', 3),
    said('"jobs" stops.', 4, other),
  ];
  expect(joinHabits(all)).toEqual(all);
});
