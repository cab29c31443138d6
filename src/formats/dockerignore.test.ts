import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dockerignorePathFor, isIgnored, parseDockerignore } from "./dockerignore.ts";
import { compileGlob, matchGlob } from "./dockerignore-glob.ts";

const read = (text: string) => parseDockerignore({ path: ".dockerignore", text });
const ignored = (text: string, path: string) => isIgnored(read(text).model, path).ignored;

describe("reading", () => {
  test("comments start in the first column; blanks, BOM, CRLF and leading slashes are cleaned", () => {
    const text = "\uFEFF# c\r\n\r\n  /a/../b/ \r\n! /c\n #d\n";
    const { model, problems } = read(text);
    expect(model.patterns.map(each => [each.pattern, each.negated])).toEqual([
      ["b", false],
      ["c", true],
      ["#d", false],
    ]);
    expect(text.slice(model.patterns[0]!.at.span.start, model.patterns[0]!.at.span.end)).toBe("/a/../b/");
    expect(problems).toEqual([]);
  });

  test("patterns that a build refuses are problems", () => {
    expect(read("[a\n!\na\\\n[]\n").problems).toHaveLength(4);
    expect(read("a\0").problems).toHaveLength(1);
  });
});

describe("matching", () => {
  test.each([
    ["*.md", "README.md", true],
    ["*.md", "a/README.md", false],
    ["**/*.md", "a/b/README.md", true],
    ["**/*.md", "README.md", true],
    [".env", ".env", true],
    [".env", "a/.env", false],
    [".env*", ".env.local", true],
    ["public", "public/a/b.png", true],
    ["*\n!src", "src/a", false],
    ["*\n!src", "x", true],
    ["src\n!src/a", "src/a/b", false],
    ["src\n!src/a", "src/b", true],
    ["!src\nsrc", "src/x", true],
    ["a/**", "a/b/c", true],
    ["a/**", "a", false],
    ["a/**/z", "a/z", true],
    ["a/**/z", "a/b/c/z", true],
    ["**", "a/b", true],
    ["a?c", "abc", true],
    ["a?c", "a/c", false],
    ["[a-c]x", "bx", true],
    ["[^a]x", "ax", false],
    ["\\*a", "*a", true],
    ["README.md", "readme.md", false],
    ["**/foo", "a/xfoo", false],
    ["**foo", "a/xfoo", true],
    ["./a", "a", true],
    ["a/", "a/b", true],
    [".", "a", false],
    ["node_modules", "a/node_modules/x", false],
    ["**/node_modules", "a/node_modules/x", true],
    ["*/temp*", "a/temporary.txt", true],
    ["*/temp*", "a/b/temp", false],
  ])("%j on %s: %s", (text, path, expected) => expect(ignored(text, path)).toBe(expected));

  test("the deciding pattern is told, whichever way it decides", () => {
    const { model } = read("*\n!keep\n");
    expect(isIgnored(model, "x").by?.pattern).toBe("*");
    expect(isIgnored(model, "keep/x").by).toMatchObject({ pattern: "keep", negated: true });
    expect(isIgnored(read("z").model, "a").by).toBeUndefined();
  });

  test("a pattern made to backtrack costs no more than its length", () => {
    const glob = compileGlob(`${"**/a".repeat(200)}*b`)!;
    const start = performance.now();
    expect(matchGlob(glob, `${"a/".repeat(400)}c`)).toBe(false);
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  test("never throws; agrees with a plain regular expression for patterns of letters and stars", () => {
    fc.assert(fc.property(fc.string(), fc.string(), (text, path) => void ignored(text, path)));
    const part = fc.constantFrom("a", "b", "*", "?", "/", ".");
    const pattern = fc
      .array(part, { minLength: 1, maxLength: 6 })
      .map(parts => parts.join(""))
      .filter(text => !text.includes("**"));
    const path = fc.array(fc.constantFrom("a", "b", "/", "."), { maxLength: 6 }).map(parts => parts.join(""));
    fc.assert(
      fc.property(pattern, path, (text, name) => {
        const expression = new RegExp(
          `^${text.replace(/\./g, "\\.").replace(/\*/g, "[^/]*").replace(/\?/g, "[^/]")}$`,
        );
        expect(matchGlob(compileGlob(text)!, name)).toBe(expression.test(name));
      }),
    );
  });
});

test("the Dockerfile's own ignore file wins over the context's", () => {
  const exists =
    (...paths: string[]) =>
    (path: string) =>
      paths.includes(path);
  expect(
    dockerignorePathFor(
      "app",
      "docker/Dockerfile.web",
      exists("docker/Dockerfile.web.dockerignore", "app/.dockerignore"),
    ),
  ).toBe("docker/Dockerfile.web.dockerignore");
  expect(dockerignorePathFor("app", "app/Dockerfile", exists("app/.dockerignore", ".dockerignore"))).toBe(
    "app/.dockerignore",
  );
  expect(dockerignorePathFor("", undefined, exists(".dockerignore"))).toBe(".dockerignore");
  expect(dockerignorePathFor("app", "app/Dockerfile", exists(".dockerignore"))).toBeUndefined();
});
