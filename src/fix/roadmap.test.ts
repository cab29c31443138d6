import { describe, expect, it } from "vitest";
import { defaultConfig } from "../config/config.ts";
import type { Severity, Violation } from "../core/finding.ts";
import type { Fix, FixGrade } from "../core/fix.ts";
import type { Roadmap } from "../core/roadmap.ts";
import type { Rule } from "../core/rule.ts";
import { pageFiles } from "../pages/page-files.ts";
import { link } from "../stack/link.ts";
import type { Stack } from "../stack/stack.ts";
import { describeFixes } from "./describe-fixes.ts";
import { fixProject } from "./fix.ts";
import { roadmapOf } from "./roadmap.ts";

const now = new Date("2026-11-21T12:00:00Z");
const compose =
  "services:\n  web:\n    image: nginx:1.29 # one\n    command: two\n  db:\n    image: postgres:16\n";

interface Made {
  readonly id: string;
  readonly severity?: Severity;
  readonly grade?: FixGrade;
  /** It is found while this stands there. */
  readonly word: string;
  readonly into?: string;
  readonly fix?: Partial<Fix>;
  /** It can be mended only when this is there as well. */
  readonly needs?: string;
}

/** A rule that finds a word in the Compose file and puts another text in its place; without one it has no fix. */
function rule({ id, severity = "high", grade = "safe", word, into, fix, needs = "" }: Made): Rule<Stack> {
  return {
    ...{ id, title: "t", claim: "c", severity, why: "w" },
    *check(stack): Iterable<Violation> {
      const text = stack.sources.get("compose.yml")!.text;
      const start = text.indexOf(word);
      if (start < 0) return;
      const at = { file: "compose.yml", span: { start, end: start + word.length } };
      yield {
        ...{ subject: "s", message: `It holds ${word}.`, evidence: [{ at, shows: "here" }] },
        fix: () =>
          into === undefined || !text.includes(needs)
            ? undefined
            : { title: id, grade, edits: [{ at, text: into }], ...fix },
      };
    },
  };
}

async function roadmap(...all: readonly Made[]): Promise<Roadmap> {
  const files = pageFiles([
    { path: "compose.yml", text: compose, ignored: false, untracked: false, directory: false },
  ]);
  const options = {
    ...{ rules: all.map(rule), config: defaultConfig, now, level: "big-change" as const, inStages: true },
    link: (given: typeof files) => link(given, { now }),
  };
  const outcome = await fixProject(files, options);
  return roadmapOf(files, outcome, describeFixes(files, outcome, { ...options, version: "1" }));
}

const order = ({ steps }: Roadmap) =>
  steps.map(({ phase, change, after }) => [change.finding.rule, phase, ...(after.length > 0 ? [after] : [])]);

describe("the steps", () => {
  it("stand in the phase of their grade, and within one by weight, then by length", async () => {
    const found = await roadmap(
      { id: "a/big", grade: "big-change", word: "16", into: "17", severity: "critical" },
      { id: "a/test", grade: "needs-testing", word: "two", into: "2", severity: "low" },
      { id: "a/long", word: "# one", into: "# 1\n    # and more", severity: "low" },
      { id: "a/short", word: "nginx:1.29", into: "nginx:1.30", severity: "low" },
      { id: "a/heavy", word: "  db:", into: "  # The store.\n  # Of all.\n  data:", severity: "high" },
    );
    expect(order(found)).toEqual([
      ["a/heavy", "immediate"],
      ["a/short", "immediate"],
      ["a/long", "immediate"],
      ["a/test", "planned"],
      ["a/big", "future"],
    ]);
    expect(found.steps.map(step => step.number)).toEqual([1, 2, 3, 4, 5]);
    expect(found.steps[2]).toMatchObject({ files: 1, lines: 3 });
  });

  it("come after what wants the same place", async () => {
    const found = await roadmap(
      { id: "a/first", word: "image: nginx:1.29", into: "image: nginx:1.30", severity: "low" },
      { id: "a/then", word: "nginx:1", into: "nginx-unprivileged:1", severity: "critical" },
    );
    expect(order(found)).toEqual([
      ["a/first", "immediate"],
      ["a/then", "immediate", [1]],
    ]);
  });

  it("come after what makes their finding seen, or their fix possible", async () => {
    const found = await roadmap(
      { id: "a/opens", word: "one", into: "1", grade: "needs-testing", fix: { reveals: ["a/seen"] } },
      { id: "a/seen", word: "# 1", into: "# end", severity: "low", grade: "needs-testing" },
      { id: "a/possible", word: "two", into: "2", needs: "# end", grade: "needs-testing" },
    );
    expect(order(found)).toEqual([
      ["a/opens", "planned"],
      ["a/seen", "planned", [1]],
      ["a/possible", "planned", [2]],
    ]);
  });

  it("come after what was in the way when the gate refused them", async () => {
    // "web" may be renamed only when nothing else is wrong with it: until then it brings another finding.
    const found = await roadmap(
      { id: "a/renamed", word: "web:", into: "site:", severity: "low" },
      { id: "a/plain", word: "site:\n    image: nginx:1.29", severity: "high" },
      { id: "a/image", word: "nginx:1.29", into: "nginx:1.30", grade: "needs-testing" },
    );
    expect(order(found)).toEqual([
      ["a/image", "planned"],
      ["a/renamed", "planned", [1]],
    ]);
  });
});

it("what has no fix is to be decided, the worst at once", async () => {
  const found = await roadmap(
    { id: "a/low", word: "one", severity: "low" },
    { id: "a/medium", word: "two", severity: "medium" },
    { id: "a/critical", word: "16", severity: "critical" },
    { id: "a/stays", word: "nginx", into: "nginx", severity: "high" },
  );
  expect(found.steps).toEqual([]);
  expect(found.decisions.map(({ phase, finding }) => [finding.rule, phase])).toEqual([
    ["a/critical", "immediate"],
    ["a/stays", "immediate"],
    ["a/medium", "planned"],
    ["a/low", "future"],
  ]);
  expect(found.decisions[1]!.because.join()).toContain("still there");
});
