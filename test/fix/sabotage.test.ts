import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { defaultConfig } from "../../src/config/config.ts";
import type { Violation } from "../../src/core/finding.ts";
import type { Edit, Fix } from "../../src/core/fix.ts";
import { basename } from "../../src/core/path.ts";
import { isKept, type Rule } from "../../src/core/rule.ts";
import { applyFixes } from "../../src/fix/apply.ts";
import { fixProject } from "../../src/fix/fix.ts";
import { addPair } from "../../src/formats/yaml-edit.ts";
import { type PageSection, parsePage } from "../../src/pages/page.ts";
import { pageFiles } from "../../src/pages/page-files.ts";
import privileged from "../../src/rules/access/privileged.ts";
import { rules } from "../../src/rules/registry.generated.ts";
import syntax from "../../src/rules/scripts/syntax.ts";
import { link } from "../../src/stack/link.ts";
import type { Stack } from "../../src/stack/stack.ts";

/**
 * Every fix of every rule, made wrong on purpose in four ways, on the projects of the rule's page: the gate has to
 * refuse each. That the fix as it is passes shows that it is the fault which is refused.
 */
const now = new Date("2026-11-21T12:00:00Z");

type Sabotage = (fix: Fix, stack: Stack) => Fix | undefined;

const sabotages: Readonly<Record<string, { make: Sabotage; says: RegExp }>> = {
  "breaks the syntax": {
    make: breakSyntax,
    says: /can no longer be read|no longer seen as part|do not fit|new finding, scripts\/syntax/,
  },
  "leaves the finding": { make: changeNothing, says: /the finding is still there/ },
  "opens a port": { make: openPort, says: /it opens something: port 6543/ },
  "brings a new finding": { make: addPrivileges, says: /it brings a new finding, access\/privileged/ },
};

/** Text that no reader of this kind of file accepts; undefined for kinds in which anything goes. */
function garbage(file: string): string | undefined {
  const name = basename(file);
  if (/\.ya?ml$/.test(name)) return '\n"unclosed: [\n';
  if (/^Dockerfile|\.dockerfile$/i.test(name)) return "\nFRMO nothing\n";
  if (/\.conf(?:\.template)?$/.test(name)) return "\n}}} {\n";
  if (/\.(?:sh|bash)$/.test(name)) return '\ncat <<EOF "\n';
  return undefined;
}

/** At the end of the file that the fix edits first. */
function breakSyntax(fix: Fix, stack: Stack): Fix | undefined {
  const file = fix.edits.map(edit => edit.at.file).find(each => garbage(each) !== undefined);
  const text = file === undefined ? undefined : garbage(file);
  if (file === undefined || text === undefined) return undefined;
  const source = stack.sources.get(file);
  if (!source)
    return {
      ...fix,
      edits: fix.edits.map(edit => (edit.at.file === file ? { ...edit, text: edit.text + text } : edit)),
    };
  const end = source.text.length;
  const others = fix.edits.filter(edit => edit.at.file !== file || edit.at.span.end < end);
  return { ...fix, edits: [...others, { at: { file, span: { start: end, end } }, text }] };
}

/** Every edit puts in what was there. A file that is created, and be it empty, may be all that a rule asks for. */
function changeNothing(fix: Fix, stack: Stack): Fix | undefined {
  if (fix.edits.some(edit => !stack.sources.has(edit.at.file))) return undefined;
  const edits = fix.edits.map(edit => {
    const { start, end } = edit.at.span;
    return { ...edit, text: stack.sources.get(edit.at.file)?.text.slice(start, end) ?? "" };
  });
  return { ...fix, edits };
}

function openPort(fix: Fix, stack: Stack): Fix | undefined {
  return withPair(fix, stack, "ports", 'ports: ["6543:6543"]');
}

function addPrivileges(fix: Fix, stack: Stack): Fix | undefined {
  return withPair(fix, stack, "privileged", "privileged: true");
}

/** The fix with one more key in a service that does not have it, at a place that the fix itself leaves alone. */
function withPair(fix: Fix, stack: Stack, key: string, line: string): Fix | undefined {
  for (const service of stack.services) {
    const source = stack.sources.get(service.at.file);
    if (!source || service.get(key) || service.project.grade === "development") continue;
    const edit = addPair(source, service.node, [line]);
    const [first] = service.node.entries;
    if (edit && first && !touches(fix, edit)) return { ...fix, edits: [...fix.edits, edit] };
  }
  return undefined;
}

function touches(fix: Fix, { at }: Edit): boolean {
  return fix.edits.some(
    edit =>
      edit.at.file === at.file && edit.at.span.start <= at.span.end && at.span.start <= edit.at.span.end,
  );
}

/** The rule with its fixes changed; undefined for a fix means that this fault cannot be made here. */
function sabotaged(rule: Rule<Stack>, make: Sabotage, made: { number: number }): Rule<Stack> {
  return {
    ...rule,
    *check(stack): Iterable<Violation> {
      for (const outcome of rule.check(stack)) {
        if (isKept(outcome)) continue;
        yield {
          ...outcome,
          fix: () => {
            const fix = outcome.fix?.();
            const wrong = fix && make(fix, stack);
            if (!wrong || !fits(wrong, stack)) return undefined;
            made.number++;
            return wrong;
          },
        };
      }
    },
  };
}

function fits(fix: Fix, stack: Stack): boolean {
  try {
    applyFixes(file => stack.sources.get(file)?.text, [fix]);
    return true;
  } catch {
    return false;
  }
}

async function run(rule: Rule<Stack>, section: PageSection) {
  const others = [privileged, syntax].filter(other => other.id !== rule.id);
  return await fixProject(pageFiles(section.files), {
    rules: [rule, ...others],
    config: defaultConfig,
    ...{ now, level: "big-change", only: [rule.id] },
    link: files => link(files, { now }),
  });
}

async function offersFix(rule: Rule<Stack>, section: PageSection): Promise<boolean> {
  const stack = await link(pageFiles(section.files), { now });
  const outcomes = [...rule.check(stack)];
  return outcomes.some(outcome => !isKept(outcome) && outcome.fix?.());
}

const seen: Record<string, number> = {};

for (const rule of rules) {
  const path = new URL(`../../src/rules/${rule.id}.md`, import.meta.url);
  if (!existsSync(path)) continue;
  const bad = parsePage(readFileSync(path, "utf8")).sections.filter(({ verdict }) => verdict === "bad");
  it(`${rule.id}: no fix of it passes when it is made wrong`, async () => {
    let offered = false;
    for (const section of bad) {
      if (!(await offersFix(rule, section))) continue;
      offered = true;
      const { refused } = await run(rule, section);
      expect(
        refused.map(({ reasons }) => reasons),
        `the fix as it is, ${section.title}`,
      ).toEqual([]);
      for (const [name, { make, says }] of Object.entries(sabotages)) {
        const made = { number: 0 };
        const outcome = await run(sabotaged(rule, make, made), section);
        if (made.number === 0) continue;
        seen[name] = (seen[name] ?? 0) + 1;
        const where = `${name}, ${section.title}`;
        expect(
          outcome.made.map(({ fix }) => fix.title),
          where,
        ).toEqual([]);
        for (const { reasons } of outcome.refused) expect(reasons.join("\n"), where).toMatch(says);
      }
      break;
    }
    if (!offered) return;
    seen["rules"] = (seen["rules"] ?? 0) + 1;
  });
}

describe("this test", () => {
  it("has seen many rules, and every fault on many of them", () => {
    expect(Object.keys(seen).sort()).toEqual([...Object.keys(sabotages), "rules"].sort());
    for (const name of Object.keys(sabotages)) expect(seen[name]! * 4).toBeGreaterThan(seen["rules"]!);
  });
});
