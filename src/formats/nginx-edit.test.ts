import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyEdits } from "../core/edit.ts";
import type { Edit } from "../core/fix.ts";
import type { Source } from "../core/source.ts";
import { type NginxDirective, parseNginx } from "./nginx.ts";
import { addAfter, addBefore, addFirst, isVerbatim, removeDirective, replaceArgs } from "./nginx-edit.ts";

const read = (text: string) => {
  const source: Source = { path: "site.conf", text };
  const all = (list: readonly NginxDirective[]): NginxDirective[] =>
    list.flatMap(each => [each, ...all(each.block ?? [])]);
  const directives = all(parseNginx(source).model.directives);
  return { source, directives, find: (name: string) => directives.find(each => each.name.value === name)! };
};

type Change = (source: Source, directive: NginxDirective) => Edit | undefined;

function changed(text: string, name: string, change: Change): string | undefined {
  const { source, find } = read(text);
  const edit = change(source, find(name));
  return edit && applyEdits(text, [edit]);
}

describe("adding a directive", () => {
  const after: Change = (source, directive) => addAfter(source, directive, ["b 2;", "c 3;"]);
  it.each([
    ["on lines of its own", "s {\n  a 1;\n}\n", "s {\n  a 1;\n  b 2;\n  c 3;\n}\n"],
    ["behind a comment", "s {\n\ta 1; # why\n}\n", "s {\n\ta 1; # why\n\tb 2;\n\tc 3;\n}\n"],
    ["on one line", "s { a 1; }", "s { a 1; b 2; c 3; }"],
    ["where a brace follows", "s {\n  a 1; }", "s {\n  a 1; b 2; c 3; }"],
    ["with carriage returns", "s {\r\n  a 1;\r\n}\r\n", "s {\r\n  a 1;\r\n  b 2;\r\n  c 3;\r\n}\r\n"],
    ["at the end of the file", "a 1;", "a 1;\nb 2;\nc 3;"],
    ["over several lines", "a 1\n  2;\n", "a 1\n  2;\nb 2;\nc 3;\n"],
  ])("behind another, %s", (_what, text, expected) => expect(changed(text, "a", after)).toBe(expected));

  const before: Change = (source, directive) => addBefore(source, directive, ["b 2;"]);
  it.each([
    ["above its comments", "s {\n  # one\n  # two\n  a 1;\n}", "s {\n  b 2;\n  # one\n  # two\n  a 1;\n}"],
    ["on one line", "s { a 1; }", "s { b 2; a 1; }"],
    ["at the start of the file", "a 1;\n", "b 2;\na 1;\n"],
  ])("before another, %s", (_what, text, expected) => expect(changed(text, "a", before)).toBe(expected));

  const first: Change = (source, directive) => addFirst(source, directive, ["b 2;"]);
  it.each([
    ["with directives", "s {\n  a 1;\n}", "s {\n  b 2;\n  a 1;\n}"],
    ["with a comment", "s { # why\n  a 1;\n}", "s { # why\n  b 2;\n  a 1;\n}"],
    ["that is empty", "  s {\n  }\n", "  s {\n      b 2;\n  }\n"],
    ["on one line", "s { a 1; }", "s { b 2; a 1; }"],
  ])("to a block %s", (_what, text, expected) => expect(changed(text, "s", first)).toBe(expected));

  it("writes no comment into a line that goes on", () => {
    const { source, find } = read("s { a 1; }");
    expect(addAfter(source, find("a"), ["# why", "b 2;"])).toBeUndefined();
  });
});

it("takes a directive out with its line, and leaves one that has company", () => {
  expect(changed("s {\n  a 1;\n  b 2;\n}\n", "a", removeDirective)).toBe("s {\n  b 2;\n}\n");
  expect(changed("s { a 1; b 2; }", "a", removeDirective)).toBeUndefined();
  expect(changed("a 1; # why\n", "a", removeDirective)).toBeUndefined();
});

it("puts other words behind a name, unless a comment stands between them", () => {
  const words: Change = (source, directive) => replaceArgs(source, directive, "x y");
  expect(changed("a 1 '2 3'; # why", "a", words)).toBe("a x y; # why");
  expect(changed("a 1 # why\n 2;", "a", words)).toBeUndefined();
});

it("leaves what stands in another file, or is not closed", () => {
  const { source, find } = read("s { a 1;");
  expect(isVerbatim(source, find("s"))).toBe(false);
  expect(isVerbatim({ ...source, path: "other.conf" }, find("a"))).toBe(false);
  expect(isVerbatim({ ...source, text: "s { b 1;" }, find("a"))).toBe(false);
});

it("keeps every other byte and gives a text that is read as meant", () => {
  const word = fc.constantFrom("a", "b1", "'c d'", '"e;f"', "$g");
  const blank = fc.constantFrom(" ", "\n", "\r\n", "\n\t", " # why\n");
  const simple = fc.tuple(blank, word, word).map(([space, one, two]) => `${space}n ${one} ${two};`);
  const block = fc
    .tuple(blank, fc.array(simple, { maxLength: 3 }), blank)
    .map(([space, inner, end]) => `${space}s {${inner.join("")}${end}}`);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(simple, block), { minLength: 1, maxLength: 5 }),
      fc.nat(),
      (parts, pick) => {
        const text = parts.join("");
        const { source, directives } = read(text);
        const target = directives[pick % directives.length]!;
        for (const change of [addAfter, addBefore, addFirst]) {
          const edit = change(source, target, ["added on;"]);
          if (!edit) continue;
          const { start, end } = edit.at.span;
          const result = applyEdits(text, [edit]);
          expect(start).toBe(end);
          expect(result.slice(0, start) + result.slice(start + edit.text.length)).toBe(text);
          const names = read(result).directives.map(each => each.name.value);
          expect(names.filter(name => name !== "added")).toEqual(directives.map(each => each.name.value));
          expect(names.filter(name => name === "added")).toHaveLength(1);
        }
      },
    ),
  );
});
