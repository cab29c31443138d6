import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Edit } from "../core/fix.ts";
import type { Source } from "../core/source.ts";
import { evaluateEnv, parseDotenv, quoteEnvValue, setValue } from "./dotenv.ts";

const file = (text: string): Source => ({ path: "app/.env", text });
const textAt = (source: Source, at: { span: { start: number; end: number } }): string =>
  source.text.slice(at.span.start, at.span.end);

function apply(source: Source, edits: readonly Edit[]): Source {
  let { text } = source;
  for (const edit of edits.toReversed())
    text = text.slice(0, edit.at.span.start) + edit.text + text.slice(edit.at.span.end);
  return { ...source, text };
}

/** Every row was produced by `docker compose config` 2.26.1. */
const measured: [text: string, values: Record<string, string>][] = [
  ["A=a#b", { A: "a#b" }],
  ["A=a #b", { A: "a" }],
  ["A=a\t#b", { A: "a\t#b" }],
  ["A= #c", { A: "#c" }],
  ["A = x ", { A: "x" }],
  ["A: x", { A: "x" }],
  ["A:=x", { A: "=x" }],
  ["export  A=x", { A: "x" }],
  ["export\tA=1", { A: "1" }],
  ["exportA=x", { exportA: "x" }],
  ["export=1", { export: "1" }],
  ['A="a\\"b"', { A: 'a"b' }],
  ["A='a\\'b'", { A: "a'b" }],
  ['A="q" trailing\nB=1', { A: "q", B: "1" }],
  ['A="x"B=c', { A: "x", B: "c" }],
  ['A="x"#c\nB=2', { A: "x", B: "2" }],
  ["A=`back`", { A: "`back`" }],
  ['A="a\\nb\\tc\\\\d\\$e\\x"', { A: "a\nb\tc\\d$e\\x" }],
  ['A="a\nb"\nB=1', { A: "a\nb", B: "1" }],
  ["A=1\nB=$A", { A: "1", B: "1" }],
  ["A=1\nB=${A}x${Z:-d}", { A: "1", B: "1xd" }],
  ["A=a$$b", { A: "a$b" }],
  ["A='a$b'", { A: "a$b" }],
  ["A=100%$", { A: "100%$" }],
  ["A=$1", { A: "$1" }],
  ["A=$(cmd)", { A: "$(cmd)" }],
  ["A=\\$x", { A: "\\" }],
  ['A="\\$x"', { A: "$x" }],
  ['A="a$\\$b"', { A: "a$" }],
  ['A="\\0101"', { A: "A" }],
  ['A="\\08"', { A: "\\8" }],
  ['A="\\0777"', { A: "\\777" }],
  ['A="\\a\\b\\f\\v\\c\\r"', { A: "\x07\b\f\v\\c\r" }],
  ['A="\\\'"', { A: "\\'" }],
  ["A='\\n\\\\'", { A: "\\n\\\\" }],
  ['A="a\\\nb"', { A: "a\\\nb" }],
  ["A=x\\ny", { A: "x\\ny" }],
  ["A\nB=1", { B: "1" }],
  ["export\nA=1", { A: "1" }],
  ["1A=x", { "1A": "x" }],
  ["A.B-c[0]=1", { "A.B-c[0]": "1" }],
  ["é=1", { é: "1" }],
  ["A==x", { A: "=x" }],
  ["  A=1", { A: "1" }],
  ["A=a\r\nB=b\r\n", { A: "a", B: "b" }],
  ['A="a\r\nb"\r\n', { A: "a\r\nb" }],
  ["\ufeffA=1", { A: "1" }],
  ["A=${X:+d}", { A: "" }],
  ["A=1\nA=2", { A: "2" }],
  ["A=${A:-${B:-c}}", { A: "c" }],
  ["A=\n B=1", { A: "", B: "1" }],
  ["A=\u00a0x", { A: "x" }],
  ["A=x \u00a0", { A: "x" }],
  ["A=a\rB=b", { A: "a\rB=b" }],
  ["A=x\u2028y", { A: "x\u2028y" }],
  ["A=$a.b", { A: ".b" }],
  ["A=${X:-{a}b}", { A: "{a}b" }],
  ["A=${X:-$${Y}z}", { A: "${Y}z" }],
  ["A=1${X:-$${X:-}", { A: "1${X:-" }],
  ["A=${X:-a}b}", { A: "ab}" }],
  ["A=${X}}", { A: "}" }],
  ['A={"a":"b"}', { A: '{"a":"b"}' }],
];

describe("parseDotenv", () => {
  it.each(measured)("reads %j as Compose does", (text, values) => {
    const parsed = parseDotenv(file(text));
    expect(Object.fromEntries(evaluateEnv(parsed.model))).toEqual(values);
    expect(parsed.problems.filter(problem => problem.message.includes("rejects"))).toEqual([]);
  });

  it.each([
    ['A="un', '"un'],
    ["A B=1", "A B"],
    ["A@=1", "@"],
    ["A=x\n@y\nB=2", "@"],
    ["- A=1", "- A"],
    ["A=${X", "${X"],
    ["A=${1}", "${1}"],
    ["A=${a.b}", "${a.b}"],
    ['A="${X:-a\nb}"', "${X:-a\nb}"],
    ["A=${X$}", "${X$}"],
    ['A="a" "b"\n', '"'],
    ["A='a'b'c'", "'"],
  ])("points at what Compose rejects in %j", (text, place) => {
    const source = file(text);
    const [problem, ...more] = parseDotenv(source).problems;
    expect(more).toEqual([]);
    expect(problem && textAt(source, problem.at)).toBe(place);
  });

  it("goes on after what Compose rejects", () => {
    const parsed = parseDotenv(file('A="never closed\nB=2\nC D=1\nE=5\n'));
    expect(parsed.model.map(entry => entry.name.value)).toEqual(["B", "E"]);
    expect(parsed.problems).toHaveLength(2);
  });

  it("a missing required variable has no value", () => {
    expect(evaluateEnv(parseDotenv(file("A=${X:?needed}")).model).get("A")).toBeUndefined();
  });

  it("the caller's environment wins over earlier lines, and feeds bare names", () => {
    const { model } = parseDotenv(file("A=file\nB=$A\nC\n"));
    const values = evaluateEnv(model, name => (name === "A" ? "shell" : name === "C" ? "c" : undefined));
    expect(Object.fromEntries(values)).toEqual({ A: "file", B: "shell", C: "c" });
  });

  it("knows where references stand, also behind escapes", () => {
    const source = file('URL="\\"${HOST:-db}\\"$PORT"');
    const entry = parseDotenv(source).model[0]!;
    expect(entry.value.value).toBe('"${HOST:-db}"$PORT');
    expect(entry.references.map(reference => [reference.name, textAt(source, reference.at)])).toEqual([
      ["HOST", "${HOST:-db}"],
      ["PORT", "$PORT"],
    ]);
  });

  it("gives each entry its comments", () => {
    const { model } = parseDotenv(file("# far away\n\n# the port\nPORT=80 # public\nHOST='x' # name\n"));
    expect(model.map(entry => entry.comments.map(comment => comment.value))).toEqual([
      ["the port", "public"],
      ["name"],
    ]);
  });

  it("never throws, and every place lies inside the text", () => {
    const alphabet = fc.constantFrom(
      ..."AB=:#'\"\\$ \n\r\t{}-?é0\ufeff".split(""),
      "export ",
      "${A:-",
      "}",
      "💡",
    );
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 60 }), parts => {
        const source = file(parts.join(""));
        const { model, problems } = parseDotenv(source);
        evaluateEnv(model);
        const places = [
          ...problems.map(problem => problem.at),
          ...model.flatMap(entry => [
            entry.at,
            entry.name.at,
            entry.raw.at,
            ...entry.references.map(reference => reference.at),
            ...entry.comments.map(comment => comment.at),
          ]),
        ];
        for (const { span } of places) {
          expect(span.start).toBeGreaterThanOrEqual(0);
          expect(span.end).toBeGreaterThanOrEqual(span.start);
          expect(span.end).toBeLessThanOrEqual(source.text.length);
        }
        for (const entry of model) expect(textAt(source, entry.raw.at)).toBe(entry.raw.value);
      }),
      { numRuns: 500 },
    );
  });

  it("is linear", () => {
    const started = process.cpuUsage();
    parseDotenv(file("A='x\n".repeat(40_000)));
    parseDotenv(file(`A=${"${A:-".repeat(40_000)}`));
    parseDotenv(file(`A=${"${A:-".repeat(20_000)}${"}".repeat(20_000)}`));
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(20_000);
  });
});

describe("setValue", () => {
  it.each([
    ["A=1\n", "x", "A=x\n"],
    ["A=1 # why\n", "x y", "A=x y # why\n"],
    ["A=1 # why\n", "", 'A="" # why\n'],
    ['A="1"# why\n', "x", 'A="x"# why\n'],
    ["A=1\r\nB=2\r\n", "x", "A=x\r\nB=2\r\n"],
    ["A=1\nA=2", "x", "A=1\nA=x"],
    ["B=1", "x", "B=1\nA=x\n"],
    ["B=1\r\n", "x", "B=1\r\nA=x\r\n"],
    ["A\nB=1", "x", "A=x\nB=1"],
    ["A=1", "pa$$'w", 'A="pa\\$\\$\'w"'],
    ["A=1", "pa$w", "A='pa$w'"],
  ])("edits %j", (text, value, expected) => {
    const source = file(text);
    expect(apply(source, setValue(source, "A", value)).text).toBe(expected);
  });

  it("sets exactly this value and nothing else", () => {
    const value = fc.string({ unit: fc.constantFrom(..."ab'\"\\$#{} =\n\r\t\u00a0\u0085é"), maxLength: 12 });
    const line = fc.oneof(
      fc
        .record({ name: fc.constantFrom("A", "B", "C"), value })
        .map(entry => `${entry.name}=${quoteEnvValue(entry.value)}`),
      fc.constantFrom(
        "# note",
        "",
        "A=1 # why",
        'B="q" # why',
        "C='x'#y",
        "export A=3",
        "A",
        'A="1"B=2',
        'A="1" B=2',
      ),
    );
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 6 }),
        fc.constantFrom("\n", "\r\n"),
        value,
        (lines, eol, wanted) => {
          const source = file(lines.map(text => text + eol).join(""));
          const before = parseDotenv(source);
          const edits = setValue(source, "A", wanted);
          const after = parseDotenv(apply(source, edits));
          expect(after.problems).toEqual([]);
          expect(evaluateEnv(after.model).get("A")).toBe(wanted);
          const others = (parsed: typeof before): unknown =>
            parsed.model
              .filter(entry => entry.name.value !== "A")
              .map(entry => [entry.name.value, entry.raw.value]);
          expect(others(after)).toEqual(others(before));
          expect(edits).toHaveLength(1);
        },
      ),
      { numRuns: 500 },
    );
  });
});
