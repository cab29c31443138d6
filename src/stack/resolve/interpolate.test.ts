import fc from "fast-check";
import { expect, test } from "vitest";
import { plainFragment } from "../../core/fragment.ts";
import { interpolate } from "./interpolate.ts";

const at = { file: "compose.yml", span: { start: 0, end: 0 } };
const run = (text: string, values: Record<string, string> = {}) =>
  interpolate(plainFragment("compose.yml", text), at, name => values[name]);

// Each expectation was printed by `docker compose config` 2.26.1 with A=1, E= (empty) and U unset (it prints `$` as `$$`).
test.each([
  ["$A", "1"],
  ["${A}", "1"],
  ["x${A}y", "x1y"],
  ["${E:-d}", "d"],
  ["${E-d}", ""],
  ["${U:-d}", "d"],
  ["${U-d}", "d"],
  ["${A:+set}", "set"],
  ["${U:-${A}}", "1"],
  ["${U:-${U:-deep}}", "deep"],
  ["$$A", "$A"],
  ["$${A}", "${A}"],
  ["100%$", "100%$"],
  ["$", "$"],
  ["a$ b", "a$ b"],
  ["$1", "$1"],
  ["${U:-a:b}", "a:b"],
])("%s becomes %s", (text, expected) => {
  expect(run(text, { A: "1", E: "" }).text).toBe(expected);
});

test("a variable that nothing sets makes the value unknown, not empty", () => {
  const value = run("postgres://app:${PW}@db/app");
  expect(value.text).toBeUndefined();
  expect(value.references).toMatchObject([{ name: "PW", at: { span: { start: 15, end: 20 } } }]);
});

test("a default is used and said to be one", () => {
  expect(run("${PW:-secret}")).toMatchObject({
    text: "secret",
    byDefault: true,
    references: [{ name: "PW", operator: ":-", argument: "secret" }],
  });
  expect(run("${PW:-secret}", { PW: "x" })).toMatchObject({ text: "x", byDefault: false });
});

test("an error operator leaves the value open", () => {
  expect(run("${PW:?set it}")).toMatchObject({
    text: undefined,
    references: [{ operator: ":?", argument: "set it" }],
  });
});

test("never throws; references stand where they are written", () => {
  const piece = fc.constantFrom("$", "{", "}", "A", ":-", "-", ":?", "+", "b", " ", "${A:-", "$$");
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 30 }).map(parts => parts.join("")),
      text => {
        for (const reference of run(text, { A: "1" }).references) {
          expect(text.slice(reference.at.span.start, reference.at.span.end)).toContain(reference.name);
        }
      },
    ),
  );
});
