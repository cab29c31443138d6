import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { auditProject } from "../../src/cli/audit-project.ts";
import { drills } from "../../src/drills/registry.generated.ts";
import { openWorkspace } from "../../src/workspace/workspace.ts";
import { planted } from "./harbour.ts";

const root = fileURLToPath(new URL("../../examples/harbour", import.meta.url));

describe("the defects planted in examples/harbour", async () => {
  const { findings } = await auditProject(openWorkspace(root), {
    now: new Date("2026-09-01"),
    show: { confidence: "likely" },
  });
  const isOf = (one: (typeof planted)[number], rule: string, subject: string) =>
    one.rule === rule && (one.subject === undefined || one.subject === subject);

  it("are all told by a finding, and each finding is one of them", () => {
    const unknown = findings.filter(({ rule, subject }) => !planted.some(one => isOf(one, rule, subject)));
    expect(unknown.map(({ rule, subject }) => `${rule} ${subject}`)).toEqual([]);
    const silent = planted.filter(one => !findings.some(({ rule, subject }) => isOf(one, rule, subject)));
    expect(silent.map(({ rule, subject }) => `${rule} ${subject ?? ""}`)).toEqual([]);
  });

  it("are refuted by a drill that there is, or say why none can", () => {
    for (const { rule, drill, words, paper } of planted) {
      expect(Boolean(drill) !== Boolean(paper), rule).toBe(true);
      if (drill === undefined) continue;
      expect(
        drills.map(({ id }) => id),
        rule,
      ).toContain(drill);
      expect(words, rule).toBeDefined();
    }
  });
});
