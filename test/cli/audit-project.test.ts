import { expect, test } from "vitest";
import { auditProject } from "../../src/cli/audit-project.ts";
import { exitCode } from "../../src/cli/exit-code.ts";
import { pageFiles } from "../../src/pages/page-files.ts";

const files = pageFiles([
  {
    path: "compose.yml",
    text: "services:\n  web:\n    image: nginx:1.27\n  db:\n    image: postgres:17\n",
    ignored: false,
    untracked: false,
    directory: false,
  },
]);
const on = async (day: string) => {
  const report = await auditProject(files, { now: new Date(day) });
  return {
    ended: report.findings.some(finding => finding.rule === "build/end-of-life"),
    stale: report.gaps.filter(gap => gap.about.startsWith("the table of")),
    code: exitCode(report, "never"),
  };
};

test("the clock of the audit decides what has ended and which tables are old", async () => {
  expect(await on("2025-06-01")).toEqual({ ended: false, stale: [], code: 0 });
  const later = await on("2031-01-01");
  expect(later.ended).toBe(true);
  expect(later.stale.map(gap => gap.fatal)).toContain(false);
  expect(later.code).toBe(0);
});
