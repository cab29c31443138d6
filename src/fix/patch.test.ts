import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { patchOf, reversed, type TextChange } from "./patch.ts";

const root = mkdtempSync(join(tmpdir(), "patch-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const env = { PATH: process.env["PATH"] ?? "", HOME: root, GIT_CONFIG_NOSYSTEM: "1" };
const git = (folder: string, ...words: string[]): void => {
  execFileSync("git", words, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
};

let number = 0;

/** Files before the change, in a folder of their own; what git makes of the patch there. */
function applied(changes: readonly TextChange[]): (string | undefined)[] {
  const folder = join(root, String(number++));
  mkdirSync(folder);
  git(folder, "init", "-q");
  for (const { file, before } of changes) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    if (before !== undefined) writeFileSync(join(folder, file), before);
  }
  writeFileSync(join(folder, "change.patch"), patchOf(changes));
  git(folder, "apply", "change.patch");
  const after = changes.map(({ file }) => {
    try {
      return readFileSync(join(folder, file), "utf8");
    } catch {
      return undefined;
    }
  });
  for (const { file, executable, after } of changes)
    if (executable && after !== undefined) expect(statSync(join(folder, file)).mode & 0o111).not.toBe(0);
  return after;
}

it.each([
  ["a line in the middle", "a\nb\nc\n", "a\nB\nc\n"],
  ["no newline at the end before", "a\nb", "a\nb\nc\n"],
  ["no newline at the end after", "a\nb\n", "a\nb\nc"],
  ["no newline at either end", "a\nb", "a\nc"],
  ["carriage returns", "a\r\nb\r\nc\r\n", "a\r\nb\r\nx: 1\r\nc\r\n"],
  ["mixed line ends", "a\r\nb\nc\r\n", "a\r\nB\nc\r\n"],
  ["a byte order mark", "\ufeffa\nb\n", "\ufeffa\nb\nc\n"],
  ["an empty file that is filled", "", "a\n"],
  ["a file that is emptied", "a\n", ""],
])("git applies %s, and takes it back", (_, before, after) => {
  const change = { file: "dir/a file.yml", before, after };
  expect(applied([change])).toEqual([after]);
  expect(applied(reversed([change]))).toEqual([before]);
});

it("creates and removes files with modes and names that must be quoted", () => {
  const changes: TextChange[] = [
    { file: "scripts/run.sh", before: undefined, after: "#!/bin/sh\n", executable: true },
    { file: 'odd "name"\t\\.conf', before: undefined, after: "x" },
    { file: "nu\u0308ll.yml", before: "a\n", after: "b\n" },
    { file: "empty", before: undefined, after: "" },
  ];
  expect(applied(changes)).toEqual(["#!/bin/sh\n", "x", "b\n", ""]);
  expect(applied(reversed(changes.slice(0, 3)))).toEqual([undefined, undefined, "a\n"]);
});

it("git applies any change", () => {
  const line = fc.constantFrom("a", "b", "", "-", "+x", "\\ No newline at end of file", "@@ -1 +1 @@", "\tt");
  const text = fc
    .tuple(
      fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n")), { maxLength: 12 }),
      fc.constantFrom("", "end"),
    )
    .map(([lines, end]) => lines.flat().join("") + end);
  fc.assert(
    fc.property(text, text, (before, after) => {
      fc.pre(before !== after);
      expect(applied([{ file: "f", before, after }])).toEqual([after]);
    }),
    { numRuns: 25, seed: 7 },
  );
});
