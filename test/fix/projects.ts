/** What the tests of fixing share: projects in memory, and rules made for them. */
import { defaultConfig } from "../../src/config/config.ts";
import type { Severity, Violation } from "../../src/core/finding.ts";
import type { Edit, Fix, FixGrade } from "../../src/core/fix.ts";
import type { Rule } from "../../src/core/rule.ts";
import { changesOf } from "../../src/fix/describe-fixes.ts";
import { type FixOptions, fixProject } from "../../src/fix/fix.ts";
import { pageFiles } from "../../src/pages/page-files.ts";
import { link } from "../../src/stack/link.ts";
import type { Stack } from "../../src/stack/stack.ts";

export const now = new Date("2026-11-21T12:00:00Z");

export function project(files: Record<string, string>, ignored: readonly string[] = []) {
  return pageFiles(
    Object.entries(files).map(([path, text]) => ({
      ...{ path, text, untracked: false, directory: false },
      ignored: ignored.includes(path),
    })),
  );
}

/** The place of a text in a file. */
export function edit(stack: Stack, file: string, from: string, text: string): Edit {
  const start = stack.sources.get(file)!.text.indexOf(from);
  return { at: { file, span: { start, end: start + from.length } }, text };
}

interface Made {
  readonly word: string;
  readonly into: string;
  readonly file?: string;
  readonly grade?: FixGrade;
  readonly severity?: Severity;
  readonly fix?: Partial<Fix>;
}

/** A rule that finds a word in a file, and puts another text in its place. */
export function rule(
  id: string,
  { word, into, file = "compose.yml", grade = "safe", severity, fix }: Made,
): Rule<Stack> {
  return {
    ...{ id, title: "t", claim: "c", severity: "high", why: "w" },
    *check(stack): Iterable<Violation> {
      const text = stack.sources.get(file)?.text ?? "";
      if (!text.includes(word)) return;
      const change = edit(stack, file, word, into);
      yield {
        subject: file,
        message: `It holds ${word}.`,
        evidence: [{ at: change.at, shows: "here" }],
        ...(severity ? { severity } : {}),
        fix: () => ({ title: `Replace ${word}`, grade, edits: [change], ...fix }),
      };
    },
  };
}

/** A rule that has no fix. */
export function alarm(id: string, when: (text: string) => Severity | undefined): Rule<Stack> {
  return {
    ...{ id, title: "t", claim: "c", severity: "high", why: "w" },
    *check(stack): Iterable<Violation> {
      const severity = when(stack.sources.get("compose.yml")?.text ?? "");
      const at = { file: "compose.yml", span: { start: 0, end: 1 } };
      if (severity) yield { subject: "s", message: "Alarm.", severity, evidence: [{ at, shows: "here" }] };
    },
  };
}

export async function run(
  files: Record<string, string>,
  rules: readonly Rule<Stack>[],
  options: Partial<FixOptions> & { ignored?: readonly string[] } = {},
) {
  const tree = project(files, options.ignored);
  const outcome = await fixProject(tree, {
    ...{
      rules,
      config: defaultConfig,
      now,
      level: "big-change",
      link: (given: typeof tree) => link(given, { now }),
    },
    ...options,
  });
  const reasons = (list: typeof outcome.refused) =>
    Object.fromEntries(list.map(each => [each.finding.rule, each.reasons.join(" | ")]));
  return {
    made: outcome.made.map(({ finding }) => finding.rule),
    refused: reasons(outcome.refused),
    held: reasons(outcome.held),
    waiting: outcome.waiting.map(finding => finding.rule),
    texts: Object.fromEntries(changesOf(tree, outcome).map(({ file, after }) => [file, after])),
  };
}

export const compose =
  "services:\n  web:\n    image: nginx:1.29 # one\n    command: two\n  db:\n    image: postgres:16\n";
