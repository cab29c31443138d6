import fc from "fast-check";
import { expect, test } from "vitest";
import { isIgnored, parseDockerignore } from "../../src/formats/dockerignore.ts";
import { buildFiles } from "./build.ts";

const paths = [
  "README.md",
  "readme.txt",
  ".env",
  ".env.local",
  "a",
  "foo/a",
  "foo/bar/a",
  "foo/bar/README.md",
  "foo/.env",
  "foo/b c",
  "src/main.py",
  "src/__pycache__/x.pyc",
  "src/deep/er/x.pyc",
  "node_modules/m/index.js",
  "web/node_modules/m/index.js",
  "web/public/i.png",
  "web/temp1",
  "temporary/x",
  "xfoo",
  "foo.txt",
  "[b]/c",
  "web/src/A.ts",
  "web/src/b.ts",
  "Makefile",
];
const context = Object.fromEntries(paths.map(path => [path, path]));

/** Files that the engine copies under these patterns, and those that we expect. */
function compare(text: string): void {
  const { model, problems } = parseDockerignore({ path: ".dockerignore", text });
  const outcome = buildFiles({ ...context, ".dockerignore": text }, "FROM scratch\nCOPY . /\n");
  if (problems.length > 0) {
    expect(outcome.ok, `the engine refuses ${JSON.stringify(text)}`).toBe(false);
    return;
  }
  const expected = [...paths, ".dockerignore"]
    .filter(path => !isIgnored(model, path).ignored)
    .map(path => `/${path}`);
  expect(outcome.files, JSON.stringify(text)).toEqual(expected.sort());
}

test.each([
  "*.md",
  "**/*.md",
  ".env*",
  "**/.env*",
  "foo",
  "/foo",
  "foo/",
  "./foo/../web",
  "foo/*",
  "foo/**",
  "**/node_modules",
  "node_modules",
  "*\n!src",
  "*\n!src/main.py",
  "*\n!**/*.py",
  "**\n!src",
  "src\n!src/deep",
  "!src\nsrc",
  "foo\n!foo/bar\nfoo/bar/a",
  "**/a",
  "**foo",
  "**oo/**",
  "f??",
  "[a-f]*",
  "[^a-z]*",
  "\\[b\\]",
  "[b]",
  "foo/b c",
  "# x\n#y\n a \n",
  "README.MD",
  "web/**/*.ts\n!web/src/b.ts",
  "*/temp*",
  "**/temp*",
  "temp*",
  ".",
  "**/*",
  "*/*",
  "foo*/bar",
  "[a",
  "!",
  "\uFEFFfoo",
  "a\r\nfoo\r\n",
  ".dockerignore\nMakefile",
  "*\n!*/public",
  "*\n!web/**/i.png",
])("%j", compare);

test("random pattern sets", () => {
  const part = fc.constantFrom(
    "*",
    "**",
    "a",
    "foo",
    "bar",
    "src",
    "web",
    "?oo",
    "*.md",
    "*.p*",
    "node_modules",
    ".env*",
    "[a-m]*",
    "x",
    "**o",
  );
  const pattern = fc
    .tuple(fc.boolean(), fc.array(part, { minLength: 1, maxLength: 3 }))
    .map(([no, parts]) => `${no ? "!" : ""}${parts.join("/")}`);
  const sets = fc.sample(fc.array(pattern, { minLength: 1, maxLength: 4 }), { numRuns: 60, seed: 20 });
  for (const set of sets) compare(set.join("\n"));
});
