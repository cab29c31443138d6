import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parsePage } from "../src/pages/page.ts";
import { rules } from "../src/rules/registry.generated.ts";
import { link } from "../src/stack/link.ts";
import { asShown, fixedOf, runSection } from "./check-page.ts";

/** Pages speak of what is supported: they are read on the day on which they were written. */
const today = new Date("2026-11-21T12:00:00Z");

/** Every rule alone against its own page: the page is the documentation, the examples and the test. */
for (const rule of rules) {
  const path = new URL(`../src/rules/${rule.id}.md`, import.meta.url);
  if (!existsSync(path)) continue; // test/project.test.ts says so
  const page = parsePage(readFileSync(path, "utf8"));
  describe(rule.id, () => {
    const bad = page.sections.filter(section => section.verdict === "bad");
    for (const section of page.sections) {
      it(`${section.verdict}: ${section.title} (line ${section.line})`, async () => {
        const result = await runSection(rule, section, files => link(files, { now: today }));
        expect(result.reported).toEqual(section.verdict === "good" ? [] : result.expected);
        if (section.severity) expect(new Set(result.severities)).toEqual(new Set([section.severity]));
        if (section.once) expect(result.severities).toHaveLength(1);
        const fixed = fixedOf(section);
        if (Object.keys(fixed).length > 0) expect(asShown(result.fixed, fixed)).toEqual(fixed);
        expect(result.fixedAgain).toEqual(result.fixed);
        expect(result.unmended).toEqual([]);
        if (result.offersFix) {
          const shows = bad.some(other => Object.keys(fixedOf(other)).length > 0);
          expect(shows, "the rule offers a fix: show it in a fence marked `fixed`").toBe(true);
        }
      });
    }
  });
}
