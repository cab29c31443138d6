import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadPython, parsePython, parsePythonPart } from "./python.ts";
import { statementRanges } from "./python-part.ts";

const code = `"""Says (nothing."""
import os

NAMES = [
"a",  # )
]

@register
# why
class Job:
    text = '''
plan = 1
'''

if os.name == "nt":
    plan = 2
else:
    plan = 3
total = 1 + \\
  2
def run(): return "{"
`;

const texts = (text: string) =>
  statementRanges(text)?.map(({ from, to }) => text.slice(from, to).split("\n")[0]);

it("finds where top-level statements begin", () => {
  expect(texts(code)).toEqual([
    '"""Says (nothing."""',
    "import os",
    "NAMES = [",
    "@register",
    'if os.name == "nt":',
    "total = 1 + \\",
    'def run(): return "{"',
  ]);
});

it.each(["x = (1\ny = 2\n", "x = 1)\n", '"""open\nx = 1\n'])("cannot tell where nothing ends: %j", text => {
  expect(statementRanges(text)).toBeUndefined();
});

describe("parsing a part", () => {
  beforeAll(loadPython);
  it.each([/Job/, /plan/, /total/, /return/])("reads %s with the places of the file", wanted => {
    const whole = parsePython({ path: "a.py", text: code }).model.body;
    const part = parsePythonPart({ path: "a.py", text: code }, wanted).body;
    const places = whole.map(each => each.at.span.start);
    expect(part.length).toBeLessThan(whole.length);
    for (const statement of part) expect(statement).toEqual(whole[places.indexOf(statement.at.span.start)]);
    const named = whole.filter(({ at }) => wanted.test(code.slice(at.span.start, at.span.end)));
    expect(named.length).toBeGreaterThan(0);
    for (const statement of named) expect(part).toContainEqual(statement);
  });

  it("reads broken code as it reads any", () => {
    const pieces = fc.constantFrom(
      "x = 1\n",
      "def f():\n",
      "  y\n",
      '"""',
      "(",
      ")",
      "@d\n",
      "else:\n",
      "\\\n",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), list => {
        const text = list.join("");
        const ranges = statementRanges(text) ?? [];
        if (ranges.length > 0) expect(ranges.map(({ from, to }) => text.slice(from, to)).join("")).toBe(text);
        for (const { at } of parsePythonPart({ path: "a.py", text }, /y/).body)
          expect(at.span.start >= 0 && at.span.start <= at.span.end && at.span.end <= text.length).toBe(true);
      }),
    );
  });
});
