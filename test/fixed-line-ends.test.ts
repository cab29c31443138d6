import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { Violation } from "../src/core/finding.ts";
import { isKept } from "../src/core/rule.ts";
import { applyFixes } from "../src/fix/apply.ts";
import { parsePage } from "../src/pages/page.ts";
import { pageFiles } from "../src/pages/page-files.ts";
import { rules } from "../src/rules/registry.generated.ts";
import { link } from "../src/stack/link.ts";

const withReturns = (text: string) => text.replace(/\r?\n/g, "\r\n");
const today = new Date("2026-11-21T12:00:00Z");
let looked = 0;

/** Every fix of every page once more, on files whose lines end with a carriage return: none may mix the two. The one rule that is about them changes them. */
for (const rule of rules.filter(({ id }) => id !== "boot/line-ends")) {
  const path = new URL(`../src/rules/${rule.id}.md`, import.meta.url);
  if (!existsSync(path)) continue;
  const page = parsePage(readFileSync(path, "utf8"));
  const sections = page.sections.filter(section => section.files.some(file => file.fixed !== undefined));
  if (sections.length === 0) continue;
  it(`${rule.id} keeps carriage returns`, async () => {
    for (const section of sections) {
      const files = section.files.map(file =>
        file.text === undefined ? file : { ...file, text: withReturns(file.text) },
      );
      const textOf = (name: string) => files.find(file => file.path === name)?.text;
      const stack = await link(pageFiles(files), { now: today });
      const violations = [...rule.check(stack)].filter(outcome => !isKept(outcome)) as Violation[];
      const fixes = violations.flatMap(({ fix }) => fix?.() ?? []);
      for (const [name, text] of applyFixes(textOf, fixes).changed) {
        if (textOf(name) === undefined) continue;
        looked++;
        const mixed = text
          .split("\n")
          .slice(0, -1)
          .filter(line => !line.endsWith("\r"));
        expect(mixed, `${section.title}: ${name}`).toEqual([]);
      }
    }
  });
}

it("has looked at fixes", () => expect(looked).toBeGreaterThan(100));
