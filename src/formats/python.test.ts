import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { loadPython, parsePython } from "./python.ts";
import { dottedName, everyStatement, keyword, type PyStatement, type PyValue } from "./python-tree.ts";

const read = (text: string) => parsePython({ path: "app/settings.py", text }).model;

function expressionIn(text: string): PyValue {
  const statement = read(`X = ${text}\n`).body[0];
  if (statement?.kind !== "assign" || !statement.value) throw new Error(`not an assignment: ${text}`);
  return statement.value;
}

/** A value without places, for short expectations. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "at")
      .map(([key, each]) => [key, plain(each)]),
  );
}

it("says so when the grammar was not loaded", async () => {
  // Another test of the same process may have loaded it: a fresh copy of the module has not.
  vi.resetModules();
  const fresh = await import("./python.ts");
  const { model, problems } = fresh.parsePython({ path: "a.py", text: "A = 1\n" });
  expect(model.body).toEqual([]);
  expect(problems[0]?.message).toContain("not loaded");
});

describe("expressions", () => {
  beforeAll(loadPython);

  it.each([
    [`"a"`, "a"],
    [`'a\\n\\'b'`, "a\n'b"],
    [`r"a\\d"`, "a\\d"],
    [`"""a\nb"""`, "a\nb"],
    [`"a" 'b'`, "ab"],
    [`("a"\n  "b")`, "ab"],
    [`b"x\\x41"`, "xA"],
  ])("reads the string %s", (text, value) =>
    expect(plain(expressionIn(text))).toEqual({ kind: "string", value }),
  );

  it("reads numbers, booleans and None", () => {
    expect(plain(expressionIn("1_000"))).toEqual({ kind: "number", value: 1000 });
    expect(plain(expressionIn("-1"))).toEqual({ kind: "number", value: -1 });
    expect(plain(expressionIn("True"))).toEqual({ kind: "bool", value: true });
    expect(plain(expressionIn("None"))).toEqual({ kind: "none" });
  });

  it("reads collections", () => {
    expect(plain(expressionIn(`["a", *b]`))).toMatchObject({
      form: "list",
      items: [{ value: "a" }, { kind: "spread" }],
    });
    expect(plain(expressionIn(`"a", 1`))).toMatchObject({
      form: "tuple",
      items: [{ value: "a" }, { value: 1 }],
    });
    expect(plain(expressionIn(`("a",)`))).toMatchObject({ form: "tuple", items: [{ value: "a" }] });
    const dict = plain(expressionIn(`{"a": 1, **rest, "b": [2]}`)) as { entries: { key?: unknown }[] };
    expect(dict.entries.map(entry => Boolean(entry.key))).toEqual([true, false, true]);
  });

  it("reads calls with keyword arguments", () => {
    const call = expressionIn(`env.bool("DEBUG", default=False)`);
    if (call.kind !== "call") throw new Error(call.kind);
    expect(dottedName(call.callee)).toBe("env.bool");
    expect(plain(call.args)).toEqual([{ kind: "string", value: "DEBUG" }]);
    expect(plain(keyword(call, "default"))).toEqual({ kind: "bool", value: false });
    expect(call.spread).toBe(false);
    expect(expressionIn("f(*a, **b)")).toMatchObject({ spread: true });
  });

  it("reads comparisons, conditions and comprehensions", () => {
    expect(expressionIn(`a.lower() not in ("1",)`)).toMatchObject({ kind: "binary", operator: "not in" });
    expect(expressionIn("a if b else c")).toMatchObject({
      yes: { name: "a" },
      test: { name: "b" },
      no: { name: "c" },
    });
    expect(expressionIn(`[h.strip() for h in hosts if h]`)).toMatchObject({
      variable: "h",
      iterable: { name: "hosts" },
    });
    expect(expressionIn("[a for b in c for a in b]").kind).toBe("other");
    expect(expressionIn("not a")).toMatchObject({ kind: "not", operand: { name: "a" } });
    expect(expressionIn("lambda: 1").kind).toBe("other");
  });

  it("reads f-strings as parts", () => {
    expect(plain(expressionIn(`f"redis://{HOST}:6379/{{0}}"`))).toEqual({
      kind: "format",
      parts: ["redis://", { kind: "name", name: "HOST" }, ":6379/{0}"],
    });
    expect(expressionIn(`f"{a:>3}"`)).toMatchObject({ parts: [{ kind: "other" }] });
  });

  it("gives every value its exact place", () => {
    const text = `X = call(a, "b")\n`;
    const statement = read(text).body[0] as Extract<PyStatement, { kind: "assign" }>;
    const call = statement.value as Extract<PyValue, { kind: "call" }>;
    const at = call.args[1]!.at;
    expect(text.slice(at.span.start, at.span.end)).toBe(`"b"`);
    expect(at.file).toBe("app/settings.py");
  });
});

describe("statements", () => {
  beforeAll(loadPython);

  it("reads imports", () => {
    expect(plain(read("from .base import *").body)).toMatchObject([
      { module: ".base", names: [{ name: "*" }] },
    ]);
    expect(plain(read("from ..a.b import (c,  # why\n  d as e,\n)").body)).toMatchObject([
      {
        module: "..a.b",
        names: [
          { name: "c", as: "c" },
          { name: "d", as: "e" },
        ],
      },
    ]);
    expect(read("import os.path as p").body).toMatchObject([{ module: "os.path", as: "p" }]);
    expect(read("import os.path").body).toMatchObject([{ module: "os.path", as: "os" }]);
  });

  it("reads functions, classes and decorators", () => {
    const [f, c] = read(
      `@app.get("/x", tags=["a"])\nasync def f(a, b: int = 3, *c):\n    return 1\nclass S(Base):\n    x: str = "d"\n    y: int\n`,
    ).body;
    expect(f).toMatchObject({
      kind: "function",
      name: "f",
      params: [{ name: "a" }, { name: "b", default: { value: 3 } }, { name: "c", rest: true }],
      decorators: [{ kind: "call", callee: { kind: "attribute", name: "get" } }],
    });
    expect(c).toMatchObject({
      kind: "class",
      bases: [{ name: "Base" }],
      body: [{ annotation: "str", value: { value: "d" } }, { annotation: "int" }],
    });
  });

  it("says which statements may not run", () => {
    const body = read(
      "A = 1\nif x:\n    B = 2\nwith y:\n    C = 3\ntry:\n    D = 4\nexcept E:\n    F = 5\n",
    ).body;
    const names = [...everyStatement(body)].flatMap(({ statement, conditional }) =>
      statement.kind === "assign" ? [`${dottedName(statement.targets[0])}:${conditional}`] : [],
    );
    expect(names).toEqual(["A:false", "B:true", "C:false", "D:true", "F:true"]);
  });

  it("keeps reading after a bare yield, which the grammar marks as an error", () => {
    expect(read("def f():\n    yield\nA = 1\n").body).toMatchObject([
      { kind: "function" },
      { kind: "assign" },
    ]);
  });

  it("reads several targets and updates", () => {
    expect(read("a = b = 1").body).toMatchObject([
      { targets: [{ name: "a" }, { name: "b" }], value: { value: 1 } },
    ]);
    expect(read("a += [1]").body).toMatchObject([{ update: "+=", targets: [{ name: "a" }] }]);
    expect(read(`D["a"]["b"] = 1`).body).toMatchObject([
      { targets: [{ kind: "subscript", object: { kind: "subscript" } }] },
    ]);
  });

  it("never throws, and every place lies inside the text", () => {
    const pieces = fc.constantFrom(
      "A",
      " = ",
      "(",
      ")",
      "[",
      "]",
      "{",
      "}",
      ":",
      ",",
      "\n",
      "    ",
      "if ",
      "else",
      "for x in ",
      "f'{",
      "}'",
      '"',
      "'",
      "def f",
      "class ",
      "from . import *",
      "@",
      "not ",
      "lambda ",
      "*",
      "**",
      "\\",
      "#",
      "\r\n",
      "\ufeff",
      "é",
      "😀",
      "return ",
      "1",
      ".b",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces, { maxLength: 40 }).map(each => each.join("")),
        ),
        text => {
          for (const { statement } of everyStatement(read(text).body, { functions: true, classes: true })) {
            const { start, end } = statement.at.span;
            expect(start >= 0 && start <= end && end <= text.length).toBe(true);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it("survives very deep nesting", () => {
    expect(() => read(`A = ${"(".repeat(20_000)}`)).not.toThrow();
    expect(() => read(`A = ${"[".repeat(5_000)}1${"]".repeat(5_000)}`)).not.toThrow();
    expect(() => read(`A = ${"1 + ".repeat(20_000)}1`)).not.toThrow();
  });
});
