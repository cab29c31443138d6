import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Violation } from "../../src/core/finding.ts";
import type { Fix } from "../../src/core/fix.ts";
import { isKept } from "../../src/core/rule.ts";
import { applyFixes } from "../../src/fix/apply.ts";
import { type PageFile, parsePage } from "../../src/pages/page.ts";
import { pageFiles } from "../../src/pages/page-files.ts";
import { rules } from "../../src/rules/registry.generated.ts";
import { link } from "../../src/stack/link.ts";
import type { Stack } from "../../src/stack/stack.ts";
import { type Disguise, disguised, marks } from "./disguise.ts";

/**
 * Any fixes in any order, on the projects of all pages and examples as people may have written them: with carriage
 * returns, remarks on every line, anchors, other indentation. Whatever stands outside the edits has to stay.
 */
const now = new Date("2026-11-21T12:00:00Z");

interface Project {
  readonly name: string;
  readonly files: readonly PageFile[];
}

const projects: readonly Project[] = [...pages(), example("harbour"), example("shipshape")];

function* pages(): Generator<Project> {
  for (const { id } of rules) {
    const path = new URL(`../../src/rules/${id}.md`, import.meta.url);
    if (!existsSync(path)) continue;
    for (const { verdict, title, files } of parsePage(readFileSync(path, "utf8")).sections)
      if (verdict === "bad") yield { name: `${id}, ${title}`, files };
  }
}

function example(name: string): Project {
  const root = new URL(`../../examples/${name}/`, import.meta.url);
  const files = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter(path => statSync(new URL(path, root)).isFile())
    .map(path => ({ path, text: readFileSync(new URL(path, root), "utf8") }));
  return {
    name,
    files: files.map(file => ({ ...file, ignored: false, untracked: false, directory: false })),
  };
}

async function stackOf(files: readonly PageFile[]): Promise<Stack> {
  return await link(pageFiles(files), { now });
}

function fixesOf(stack: Stack): Fix[] {
  // The one rule that is about line ends changes them.
  const kept = rules.filter(({ id }) => id !== "boot/line-ends");
  const violations = kept.flatMap(rule => [...rule.check(stack)].filter(each => !isKept(each)));
  return (violations as Violation[]).flatMap(violation => violation.fix?.() ?? []);
}

function withTexts(files: readonly PageFile[], texts: ReadonlyMap<string, string>): PageFile[] {
  const fresh = [...texts.keys()].filter(path => !files.some(file => file.path === path));
  return [
    ...files.map(file => ({ ...file, ...(texts.has(file.path) ? { text: texts.get(file.path)! } : {}) })),
    ...fresh.map(path => ({
      ...{ path, text: texts.get(path)!, ignored: false, untracked: false, directory: false },
    })),
  ];
}

/** The text with the edits made one by one from the end: another way than the one that is tested. */
function spliced(text: string, file: string, { edits }: Fix): string {
  const own = edits
    .map((edit, index) => ({ ...edit, index }))
    .filter(edit => edit.at.file === file)
    .sort((a, b) => b.at.span.start - a.at.span.start || b.at.span.end - a.at.span.end || b.index - a.index);
  let made = text;
  for (const { at, text: fresh } of own)
    made = made.slice(0, at.span.start) + fresh + made.slice(at.span.end);
  return made;
}

function made(textOf: (name: string) => string | undefined, fix: Fix): ReturnType<typeof applyFixes> {
  try {
    return applyFixes(textOf, [fix]);
  } catch (error) {
    throw new Error(`${fix.title}: ${JSON.stringify(fix.edits)}`, { cause: error });
  }
}

/** Lines that an edit takes out only to put them in again: text that was outside of what had to change. */
function rewritten(text: string, { at, text: fresh }: Fix["edits"][number]): string[] {
  const out = text.slice(at.span.start, at.span.end).split("\n").slice(1, -1);
  const put = new Set(fresh.split("\n"));
  return out.filter(line => line.trim() !== "" && put.has(line));
}

const problemsOf = (stack: Stack): string[] =>
  stack.problems.map(({ at, message }) => `${at.file}: ${message}`).sort();

/** Marks in the order in which they stand. */
const marksIn = (text: string): string[] => text.match(marks) ?? [];

/** An anchor that nothing uses goes with the lines that it stands on. */
function withoutLines(text: string, file: string, { edits }: Fix): string {
  const gone = edits
    .filter(({ at, text: fresh }) => at.file === file && fresh === "")
    .map(({ at }) => text.slice(at.span.start, at.span.end));
  return gone.reduce((left, lines) => left.replace(lines, lines.replace(/&kept\d+/g, "")), text);
}

const disguises: fc.Arbitrary<Disguise> = fc.record({
  returns: fc.boolean(),
  remarks: fc.boolean(),
  anchors: fc.boolean(),
  deeper: fc.constantFrom(1, 1, 2, 3),
});

const seen = { fixes: 0, marks: 0 };

/** More by hand, after a change to a fix: SHIPWORTHY_RUNS=2500 takes a minute and a half. */
const runs = Number(process.env.SHIPWORTHY_RUNS ?? 150);

it(
  "whatever fixes are made in whatever order, all else stays",
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...projects.map(project => project.name)),
        disguises,
        fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
        async (name, how, choices) => {
          const original = projects.find(project => project.name === name)!.files;
          let files = original.map(file =>
            file.text === undefined ? file : { ...file, text: disguised(file.path, file.text, how) },
          );
          let stack = await stackOf(files);
          for (const choice of choices) {
            const fixes = fixesOf(stack);
            if (fixes.length === 0) return;
            const fix = fixes[choice % fixes.length]!;
            const textOf = (name: string) => files.find(file => file.path === name)?.text;
            const { changed } = made(textOf, fix);
            for (const [file, after] of changed) {
              const before = textOf(file);
              if (before === undefined) continue;
              const where = `${fix.title}: ${file}\n${after}`;
              expect(after, where).toBe(spliced(before, file, fix));
              // A file that is made anew takes its remarks along, in another order.
              const [had, has] = [marksIn(withoutLines(before, file, fix)), marksIn(after)];
              if (fix.grade === "big-change") expect([...has].sort(), where).toEqual([...had].sort());
              else expect(has, where).toEqual(had);
              if (before.includes("\r\n") && !/[^\r]\n/.test(before))
                expect(/[^\r]\n/.test(after), where).toBe(false);
              for (const edit of fix.edits)
                if (edit.at.file === file && fix.grade !== "big-change")
                  expect(rewritten(before, edit), where).toEqual([]);
              seen.fixes++;
              seen.marks += had.length;
            }
            files = withTexts(files, changed);
            const next = await stackOf(files);
            const known = problemsOf(stack);
            expect(
              problemsOf(next).filter(problem => !known.includes(problem)),
              fix.title,
            ).toEqual([]);
            stack = next;
          }
        },
      ),
      { numRuns: runs },
    );
    expect(seen.fixes).toBeGreaterThan(100);
    expect(seen.marks).toBeGreaterThan(300);
  },
  runs * 800,
);
