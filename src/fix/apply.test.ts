import { expect, it } from "vitest";
import type { Edit, Fix } from "../core/fix.ts";
import { applyFixes } from "./apply.ts";

const edit = (start: number, end: number, text: string, file = "a"): Edit => ({
  at: { file, span: { start, end } },
  text,
});
const fix = (...edits: Edit[]): Fix => ({ title: "Change it", grade: "safe", edits });
const texts: Record<string, string> = { a: "0123456789" };
const apply = (...fixes: Fix[]) => applyFixes(file => texts[file], fixes);

it("makes edits of several fixes, whatever their order", () => {
  expect(apply(fix(edit(8, 9, "x")), fix(edit(0, 1, ""), edit(3, 3, "abc"))).changed.get("a")).toBe(
    "12abc34567x9",
  );
});

it("creates a file that was not there", () => {
  expect(apply(fix(edit(0, 0, "new", "b"))).changed.get("b")).toBe("new");
});

it("makes the same edit once and defers what overlaps", () => {
  const result = apply(fix(edit(2, 5, "x")), fix(edit(2, 5, "x")), fix(edit(4, 6, "y"), edit(0, 0, "z")));
  expect(result.changed.get("a")).toBe("01x56789");
  expect(result.deferred).toHaveLength(1);
});

it("keeps edits that only touch at an end", () => {
  expect(apply(fix(edit(2, 4, "x")), fix(edit(4, 6, "y"))).changed.get("a")).toBe("01xy6789");
});

it("adds to a file without a last line end one after the other", () => {
  const more = (text: string, name: string) => fix(edit(text.length, text.length, `\n${name}=\n`, "c"));
  const twice = (text: string) => applyFixes(() => text, [more(text, "A"), more(text, "B")]);
  expect(twice("X=1").deferred).toHaveLength(1);
  expect(twice("X=1\n").changed.get("c")).toBe("X=1\n\nA=\n\nB=\n");
});
