import { expect, test } from "vitest";
import type { Confidence, Finding } from "../core/finding.ts";
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
