import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { afterAll, describe, expect, it } from "vitest";
import { auditProject, openWorkspace, projectFiles } from "../../src/index.ts";
import { patternsOf } from "../patterns.ts";

const root = mkdtempSync(join(tmpdir(), "shipworthy-long-"));
afterAll(() => rmSync(root, { recursive: true }));

function filesBelow(directory: string): string[] {
  return readdirSync(directory).flatMap(name => {
    const path = join(directory, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

// Shorter where each piece is an error of its own, which has its price.
describe("a project with a long tail of one thing in each of its files", () => {
  it.each<[string, string, number?]>([
    ["blank lines", "\n", 60_000],
    ["blanks", "  \n"],
    ["comments that stay open", "/*", 15_000],
    ["slashes", "//"],
    ["quotes", '"'],
    ["dashes", "- "],
    ["words", "a ", 15_000],
    ["statements", "from a import b\n"],
    ["keys", "a:\n", 10_000],
    ["statements of SQL", "create extension a "],
  ])("%s", { timeout: 120_000 }, async (name, piece, length = 40_000) => {
    const directory = join(root, name.replaceAll(" ", "-"));
    cpSync("examples/harbour", directory, { recursive: true });
    for (const path of filesBelow(directory))
      writeFileSync(path, `${readFileSync(path, "utf8")}\n${piece.repeat(length / piece.length)}`);
    const { files, problems } = projectFiles(openWorkspace(directory));
    const started = process.cpuUsage();
    const report = await auditProject(files, { problems });
    // What takes the square of the length takes a minute here; all of it takes a few seconds.
    expect(process.cpuUsage(started).user / 1e6).toBeLessThan(15);
    expect(report.gaps.filter(gap => gap.about.startsWith("rule "))).toEqual([]);
  });
});

it("no pattern goes back over all blank lines from each of them", () => {
  const slow = filesBelow("src")
    .filter(path => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .flatMap(path => patternsOf(path))
    // `^` with the flag m holds at each of the blank lines, and `\s*` goes on to the last one.
    .filter(({ pattern, flags }) => flags.includes("m") && /\^(?:\(\?:|\()?\\s[*+]/.test(pattern))
    .map(({ path, pattern }) => `${path}: ${pattern}`);
  expect(slow).toEqual([]);
});

/** Texts on which a pattern that can be matched in two ways at each step doubles its time with each of them. */
const doubling = [
  `${"x".repeat(60)}1`,
  `${"foobar".repeat(30)}!`,
  `local${"-a_a".repeat(30)}!`,
  `generate-${"a_".repeat(50)}!`,
  `A=${"a(,".repeat(40)}!`,
  `HEALTHCHECK${" --a\\\n--b".repeat(30)}!`,
  `&a #\r${"\n#\r\n\r".repeat(30)}\n&&`,
  `sh label:\t${",label:\t".repeat(30)};sh`,
];

it("no pattern takes a time that doubles with each sign", { timeout: 120_000 }, () => {
  const patterns = filesBelow("src")
    .filter(path => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .flatMap(path => patternsOf(path));
  const once = [...new Map(patterns.map(each => [`/${each.pattern}/${each.flags}`, each])).values()];
  const slow = once.filter(({ pattern, flags }) => {
    const asked = { expression: new RegExp(pattern, flags.replace(/[gy]/g, "")), texts: doubling };
    try {
      runInNewContext("texts.forEach(text => expression.test(text))", asked, { timeout: 1_000 });
      return false;
    } catch {
      return true;
    }
  });
  expect(slow.map(({ path, pattern }) => `${path}: ${pattern}`)).toEqual([]);
});
