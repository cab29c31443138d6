import { describe, expect, it } from "vitest";
import { applyEdits } from "../core/edit.ts";
import type { Edit } from "../core/fix.ts";
import { plainFragment } from "../core/fragment.ts";
import type { Source } from "../core/source.ts";
import { parseShell, type ShellScript } from "./shell.ts";
import { failAgain, setOptions, withoutLine } from "./shell-edit.ts";
import { child, parseYaml } from "./yaml.ts";

const script = (text: string): [Source, ShellScript] => [
  { path: "a.sh", text },
  parseShell(plainFragment("a.sh", text)),
];

/** The script of `run:` in a workflow. */
function step(text: string): [Source, ShellScript] {
  const source = { path: "ci.yml", text };
  const node = child(parseYaml(source).model[0]!.root, "run");
  if (node?.kind !== "scalar") throw new Error("no run");
  return [source, parseShell(node.fragment)];
}

const applied = (source: Source, edit: Edit | undefined) => edit && applyEdits(source.text, [edit]);

describe("setOptions", () => {
  it.each([
    ["below the line that names the shell", "#!/bin/bash\necho a\n", "#!/bin/bash\nset -e\necho a\n"],
    [
      "above the comment on the first command",
      "#!/bin/sh\n\n# says a\necho a\n",
      "#!/bin/sh\n\nset -e\n# says a\necho a\n",
    ],
    ["before a construct", "if true; then\n  echo a\nfi\n", "set -e\nif true; then\n  echo a\nfi\n"],
    ["with the file's line ends", "#!/bin/sh\r\necho a\r\n", "#!/bin/sh\r\nset -e\r\necho a\r\n"],
    ["in an empty script", "#!/bin/sh\n", undefined],
  ])("sets them %s", (_, text, expected) => {
    const [source, parsed] = script(text);
    expect(applied(source, setOptions(source, parsed, "-e"))).toBe(expected);
  });

  it.each([
    ["a block", "run: |\n  echo a\n  echo b\n", "run: |\n  set -e\n  echo a\n  echo b\n"],
    ["a block that is stripped", "run: |-\n  echo a\n", "run: |-\n  set -e\n  echo a\n"],
    ["a folded block, whose lines are joined", "run: >\n  echo a\n  b\n", undefined],
    ["text behind the key", "run: echo a\n", undefined],
    ["quoted text", 'run: "echo a\\necho b"\n', undefined],
  ])("in YAML: %s", (_, text, expected) => {
    const [source, parsed] = step(text);
    expect(applied(source, setOptions(source, parsed, "-e"))).toBe(expected);
  });
});

describe("withoutLine", () => {
  it.each([
    ["a\nb\nc\n", "a\nc\n"],
    ["a\n  b;\nc\n", "a\nc\n"],
    ["a\nb", "a\n"],
    ["a\nb # why\nc\n", undefined],
    ["a; b\nc\n", undefined],
    ["a\nb; c\n", undefined],
  ])("%j", (text, expected) => {
    const [source, parsed] = script(text);
    const { span } = parsed.commands[1]!.at;
    expect(applied(source, withoutLine(source, parsed, span.start, span.end))).toBe(expected);
  });
});

describe("failAgain", () => {
  it.each([
    ["make || true", "make"],
    ["make 2>/dev/null || :", "make 2>/dev/null"],
    ['make || echo "not $made"', 'make || { echo "not $made"; exit 1; }'],
    ["make || echo bad >&2", "make || { echo bad >&2; exit 1; }"],
    ["make || other", undefined],
    ['make || echo "Skipped: first deployment"', undefined],
    ['make || echo "the database does not exist"', undefined],
    ['make || echo "No tests found, skipping"', undefined],
    ['make || echo "failed, continuing"', undefined],
    ['make || echo "backend starting..."', undefined],
    ['make || echo "failed, or the schema is there already"', undefined],
    ['make || echo "failed at the first try"', 'make || { echo "failed at the first try"; exit 1; }'],
  ])("%s", (text, expected) => {
    const [source, parsed] = script(`${text}\nnext\n`);
    const edit = failAgain(parsed.commands[0]!, parsed.commands[1]!);
    expect(applied(source, edit)).toBe(expected === undefined ? undefined : `${expected}\nnext\n`);
  });
});
