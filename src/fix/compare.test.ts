import { expect, test } from "vitest";
import type { Confidence, Finding, Severity } from "../core/finding.ts";
import { newFindings } from "./compare.ts";

const finding = (subject: string, confidence: Confidence): Finding => ({
  rule: "health/healthcheck-present",
  claim: "health-is-truthful",
  title: "Every service tells whether it serves",
  why: "Nothing waits for it.",
  severity: "low",
  confidence,
  subject,
  message: `${subject} has no health check.`,
  fingerprint: subject,
  evidence: [{ at: { file: "compose.yml", span: { start: 0, end: 3 } }, shows: "here" }],
});

test("what the audit tells only when it is asked is no new finding, and what it always tells is", () => {
  const before = [finding("web", "certain")];
  const after = [finding("web", "certain"), finding("door", "possible"), finding("store", "likely")];
  expect(newFindings(before, after).map(each => each.subject)).toEqual(["store"]);
});

/** A finding about `web` with evidence at so many places. */
const told = (severity: Severity, places: number, words = "m"): Finding => ({
  ...finding("web", "certain"),
  severity,
  message: words,
  evidence: Array.from({ length: places }, (_, at) => ({
    at: { file: "compose.yml", span: { start: at, end: at + 1 } },
    shows: "here",
  })) as unknown as Finding["evidence"],
});

test.each<[string, Finding[], Finding[], number]>([
  ["other words for the same", [told("low", 1)], [told("low", 1, "n")], 0],
  ["less weight, and more places", [told("medium", 1)], [told("low", 2, "n")], 0],
  ["more weight", [told("low", 1)], [told("medium", 1, "n")], 1],
  ["more places", [told("low", 1)], [told("low", 2, "n")], 1],
  ["one of two that were", [told("low", 1), told("low", 1, "k")], [told("low", 1, "n")], 0],
  ["two variants that are told together", [told("medium", 1), told("low", 1, "k")], [told("low", 2, "n")], 0],
  ["two of one weight told together", [told("low", 1), told("low", 1, "k")], [told("low", 2, "n")], 0],
  ["two told together, and a place more", [told("low", 1), told("low", 1, "k")], [told("low", 3, "n")], 1],
  ["one that has become two", [told("low", 2)], [told("low", 1, "n"), told("low", 1, "o")], 1],
])("%s", (_, before, after, expected) => {
  expect(newFindings(before, after)).toHaveLength(expected);
});

test.each([
  ["one of two that were told together", "backend monitoring", "monitoring", 0],
  ["another beside it", "backend", "backend monitoring", 1],
  ["another in its place", "backend", "monitoring", 1],
])("%s", (_, before, after, expected) => {
  expect(newFindings([finding(before, "certain")], [finding(after, "certain")])).toHaveLength(expected);
});
