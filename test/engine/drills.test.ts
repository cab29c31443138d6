import { readFileSync } from "node:fs";
import { describe, it } from "vitest";
import { drills } from "../../src/drills/registry.generated.ts";
import { parseDrillPage } from "../../src/pages/drill-page.ts";
import { drillFiles } from "./lab.ts";

/**
 * Every drill alone, on the stacks of its own page: it has been seen to prove and to refute on an engine. A drill mostly
 * waits, so a few run at once, each in a lab of its own.
 */
for (const drill of drills) {
  const page = parseDrillPage(
    readFileSync(new URL(`../../src/drills/${drill.id}.md`, import.meta.url), "utf8"),
  );
  describe(drill.id, () => {
    for (const section of page.sections) {
      it.concurrent(`${section.verdict}: ${section.title} (line ${section.line})`, async ({ expect }) => {
        const { reports, lines } = await drillFiles(section.files, [drill]);
        const told = JSON.stringify(reports, null, 1) + lines.join("\n");
        const outcomes = reports.map(({ outcome, subject }) => `${subject} ${outcome}`);
        const { refuted } = section;
        if (!refuted) {
          expect(new Set(reports.map(({ outcome }) => outcome)), told).toEqual(new Set(["proved"]));
          return;
        }
        expect(
          outcomes.filter(one => one.endsWith(" refuted")),
          told,
        ).toEqual([`${refuted.subject} refuted`]);
        const report = reports.find(({ subject }) => subject === refuted.subject);
        expect(report?.because).toContain(refuted.words);
        // A disturbance that was not felt refutes nothing.
        expect(report?.journal.some(({ phase }) => phase === "disturb")).toBe(true);
      });
    }
  });
}
