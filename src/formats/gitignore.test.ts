import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gitignoring, parseGitignore } from "./gitignore.ts";

const layered = (files: Record<string, string>) => {
  const rules = new Map(Object.entries(files).map(([folder, text]) => [folder, parseGitignore(text)]));
  // One for all paths, so that what is remembered of folders is tried, too.
  return gitignoring(folder => rules.get(folder));
};

describe("gitignored", () => {
  const ignored = layered({
    "": ".env\n/dist\n*.log\nsecret/\n!keep.log\n",
    app: "!.env\nlocal\n",
    secret: "!a\n",
  });
  it.each<[string, boolean]>([
    [".env", true],
    ["api/.env", true],
    ["app/.env", false],
    ["app/x/.env", false],
    ["dist", true],
    ["app/dist", false],
    ["a.log", true],
    ["keep.log", false],
    ["secret/a", true],
    ["app/local/x", true],
    ["local", false],
    [".ENV", false],
    ["dist/x/y", true],
  ])("%s: %s", (path, expected) => expect(ignored(path)).toBe(expected));

  it("does not ignore what lies in a folder that a deeper file took back", () => {
    const nested = layered({ "": "**/e", d: "!e/" });
    expect(["d/e/a", "e/a"].filter(nested)).toEqual(["e/a"]);
    const all = layered({ "": "d/**", d: "!e/" });
    expect(all("d/e/a")).toBe(true);
  });

  const hasGit = spawnSync("git", ["--version"]).status === 0;
  it.skipIf(!hasGit)("agrees with git on any rules", () => {
    const names = ["a", "b", "a.log", ".env", "d/a", "d/b", "d/e/a", "d/e/b.log", "e/a"];
    const rule = fc.constantFrom(
      "a",
      "b",
      "/a",
      "d/",
      "!a",
      "!d/a",
      "*.log",
      "d/**",
      "**/e",
      "e/a",
      "!e/",
      ".env",
      "[ab]",
      "d/e/*",
      "?",
      "#a",
      "\\!a",
    );
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 5 }), fc.array(rule, { maxLength: 3 }), (top, inner) => {
        const folder = mkdtempSync(join(tmpdir(), "ignore-oracle-"));
        try {
          execFileSync("git", ["init", "-q"], { cwd: folder });
          for (const name of names) {
            mkdirSync(join(folder, dirname(name)), { recursive: true });
            writeFileSync(join(folder, name), "");
          }
          writeFileSync(join(folder, ".gitignore"), top.join("\n"));
          writeFileSync(join(folder, "d/.gitignore"), inner.join("\n"));
          const out = spawnSync("git", ["check-ignore", "--no-index", ...names], {
            cwd: folder,
            encoding: "utf8",
          }).stdout;
          const expected = out
            .split("\n")
            .filter(line => line !== "")
            .sort();
          const ours = layered({ "": top.join("\n"), d: inner.join("\n") });
          expect(names.filter(ours).sort()).toEqual(expected);
        } finally {
          rmSync(folder, { recursive: true });
        }
      }),
      {
        numRuns: 40,
        examples: [
          [["**/e"], ["!e/"]],
          [["d/**"], ["!e/"]],
        ],
      },
    );
  });
});

it("a line that is longer than any pattern fails nothing, and the others count", () => {
  const rules = parseGitignore(`${"/*".repeat(20_000)}\ndist/\n`);
  expect(rules.test("dist/")).toBe("ignored");
  expect(rules.test("src/main.ts")).toBeUndefined();
});
