import { expect, it } from "vitest";
import type { ProjectFiles } from "../src/core/project-files.ts";
import type { Rule } from "../src/core/rule.ts";
import { locate } from "../src/core/source.ts";
import { parsePage } from "../src/pages/page.ts";
import { asShown, fixedOf, type Linked, runSection } from "./check-page.ts";

const link = (files: ProjectFiles): Linked => ({
  files,
  sources: new Map(
    files.paths.flatMap(path => {
      const found = files.read(path);
      return "source" in found ? [[path, found.source] as const] : [];
    }),
  ),
});

const rule: Rule<Linked> = {
  id: "test/bad",
  title: "Nothing is bad",
  claim: "builds",
  severity: "high",
  why: "It breaks.",
  *check({ sources }) {
    for (const source of sources.values()) {
      const at = source.text.indexOf("bad");
      if (at === -1) continue;
      const place = locate(source, at, at + 3);
      yield {
        ...{ subject: source.path, message: "It is bad.", evidence: [{ at: place, shows: "bad is here" }] },
        fix: () => ({ title: "Mend it", grade: "safe", edits: [{ at: place, text: "good" }] }),
      };
    }
  },
};

const section = (text: string) => parsePage(text).sections[0]!;
const fence = (info: string, text: string) => `\`\`\`text ${info}\n${text}\n\`\`\`\n`;

it("passes when carets, words and the fix agree", async () => {
  const page = section(
    `## Bad: x\n${fence("a.txt", "is bad\n   ^^^ bad is")}${fence("a.txt fixed", "is good")}`,
  );
  const result = await runSection(rule, page, link);
  expect(result.reported).toEqual(result.expected);
  expect(result.fixed).toEqual(fixedOf(page));
  expect(result.fixedAgain).toEqual(result.fixed);
  expect(result).toMatchObject({ unmended: [], offersFix: true, severities: ["high"] });
});

it.each([
  ["a place too far left", "is bad\n  ^^^"],
  ["a place too wide", "is bad\n   ^^^^"],
  ["other words", "is bad\n   ^^^ worse"],
  ["more evidence than there is", "is bad\n   ^^^\nfine\n^"],
])("sees %s", async (_, text) => {
  const result = await runSection(rule, section(`## Bad: x\n${fence("a.txt", text)}`), link);
  expect(result.reported).not.toEqual(result.expected);
});

it("sees evidence that no caret marks", async () => {
  const page = section(`## Bad: x\n${fence("a.txt", "bad\n^^^")}${fence("b.txt", "bad")}`);
  const result = await runSection(rule, page, link);
  expect(result.reported).toContain("b.txt:1:1-4 bad is here");
});

it("sees a fix that does not mend, or goes on for ever", async () => {
  const grows: Rule<Linked> = {
    ...rule,
    *check(stack) {
      for (const outcome of rule.check(stack)) {
        if ("kept" in outcome) continue;
        const { at } = outcome.evidence[0]!;
        yield {
          ...outcome,
          fix: () => ({ title: "Grow it", grade: "safe", edits: [{ at, text: "badder" }] }),
        };
      }
    },
  };
  const result = await runSection(grows, section(`## Bad: x\n${fence("a.txt", "bad\n^^^")}`), link);
  expect(result.fixedAgain).not.toEqual(result.fixed);
  expect(result.unmended).toEqual(["It is bad."]);
});

it.each([
  ["all of it", "a\nb\nc\n", true],
  ["other text", "a\nb\n", false],
  ["a cut in the middle", "a\n...\nc\n", true],
  ["a cut of nothing", "a\nb\n...\nc\n", true],
  ["cuts at both ends", "...\nb\n...\n", true],
  ["an indented cut", "a\n  ...\n", true],
  ["a wrong beginning", "b\n...\n", false],
  ["a wrong end", "a\n...\nb\n", false],
  ["a wrong middle", "a\n...\nx\n...\nc\n", false],
  ["half a line", "...\n\n", false],
])("compares a shown file with %s", (_, shown, same) => {
  const file = { "a.txt": "a\nb\nc\n" };
  expect(asShown(file, { "a.txt": shown })["a.txt"] === shown).toBe(same);
});
