import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { loadJavascript, parseJavascript } from "./javascript.ts";
import { callsIn, everyJsStatement, type JsValue, jsPath, jsProperty } from "./javascript-tree.ts";

const parse = (text: string, path = "src/server.js") => parseJavascript({ path, text });

function expressionIn(text: string): JsValue {
  const statement = parse(`(${text});`).model.body[0];
  if (statement?.kind !== "expression") throw new Error(`not an expression: ${text}`);
  return statement.value;
}

it("says so when the parser was not loaded", async () => {
  // Another test of the same process may have loaded it: a fresh copy of the module has not.
  vi.resetModules();
  const fresh = await import("./javascript.ts");
  expect(fresh.parseJavascript({ path: "a.js", text: "let a" }).problems[0]?.message).toContain(
    "not available",
  );
});

describe("parseJavascript", () => {
  beforeAll(loadJavascript);

  it("reads literals, members and calls with places", () => {
    const text = "app.listen(process.env.PORT || 3000, '0.0.0.0');";
    const statement = parse(text).model.body[0]!;
    if (statement.kind !== "expression" || statement.value.kind !== "call") throw new Error(statement.kind);
    const [port, host] = statement.value.args;
    expect(jsPath(statement.value.callee)).toBe("app.listen");
    expect(port).toMatchObject({ kind: "binary", operator: "||", right: { value: 3000 } });
    expect(text.slice(host!.at.span.start, host!.at.span.end)).toBe("'0.0.0.0'");
  });

  it("reads objects, templates and computed members", () => {
    expect(jsProperty(expressionIn("{ a: 1, 'b-c': [true], ...d, [e]: 2 }"), "b-c")).toMatchObject({
      kind: "array",
      items: [{ kind: "bool", value: true }],
    });
    expect(expressionIn("`a${b}c`")).toMatchObject({ kind: "template", parts: ["a", { name: "b" }, "c"] });
    expect(expressionIn("process.env['A']")).toMatchObject({ kind: "member", name: "A" });
    expect(expressionIn("process.env[a]")).toMatchObject({ kind: "index" });
    expect(expressionIn("import.meta.env.VITE_A")).toMatchObject({ kind: "member", name: "VITE_A" });
    expect(jsPath(expressionIn("import.meta.env.VITE_A"))).toBe("import.meta.env.VITE_A");
    expect(expressionIn("undefined")).toMatchObject({ kind: "none" });
  });

  it("reads imports, requires and exports", () => {
    const text = `import a, { b as c } from "m";\nconst { d, e: f } = require("./x");\nexport const g = 1;\nexport default { h: 1 };\nexport * from "./y";\nexport { g as i };`;
    expect(parse(text).model.body).toMatchObject([
      {
        kind: "import",
        module: "m",
        names: [
          { name: "default", as: "a" },
          { name: "b", as: "c" },
        ],
      },
      { kind: "variable", name: "d", property: "d", value: { kind: "call" } },
      { kind: "variable", name: "f", property: "e" },
      { kind: "variable", name: "g", exported: true },
      { kind: "default", value: { kind: "object" } },
      { kind: "export", names: [{ name: "*" }], module: "./y" },
      { kind: "export", names: [{ name: "g", as: "i" }] },
    ]);
  });

  it("sees through types, await and parentheses", () => {
    const { model } = parse(`const app = (await create(a!)) as App;`, "src/a.ts");
    expect(model.body[0]).toMatchObject({ kind: "variable", value: { kind: "call", args: [{ name: "a" }] } });
  });

  it("chooses JSX for .js and .tsx, and not for .ts", () => {
    expect(parse("const a = <div>{/* c */}</div>;", "src/App.js").problems).toEqual([]);
    expect(parse("const a = <div/>;", "src/App.tsx").problems).toEqual([]);
    expect(parse("const a = <string>b;", "src/a.ts").problems).toEqual([]);
  });

  it("walks statements in callbacks, blocks and functions", () => {
    const text = `function main() { if (a) { one(); } }\nprocess.on("SIGTERM", () => { try { two(); } finally { three(); } });`;
    const called = [...everyJsStatement(parse(text).model.body)].flatMap(statement =>
      statement.kind === "expression" ? [...callsIn(statement.value)].map(call => jsPath(call.callee)) : [],
    );
    expect(called).toEqual(["one", "process.on", "two", "three"]);
  });

  it("gives a problem with a place and no model for broken code", () => {
    const text = "export default {a:[1,2 };";
    const { model, problems } = parse(text, "a.ts");
    expect(model.body).toEqual([]);
    expect(text.slice(problems[0]!.at.span.start, problems[0]!.at.span.end)).toBe("}");
  });

  it("keeps offsets behind a byte order mark and wide characters", () => {
    const text = `\ufeffconst a = "😀";\r\nb("x");`;
    const statement = parse(text).model.body[1]!;
    expect(text.slice(statement.at.span.start, statement.at.span.end)).toBe(`b("x");`);
  });

  it("never throws, and every place lies inside the text", () => {
    const pieces = fc.constantFrom(
      "a",
      "=",
      "(",
      ")",
      "[",
      "]",
      "{",
      "}",
      ":",
      ",",
      ";",
      "=>",
      "`",
      "${",
      "'",
      "\n",
      "const ",
      "await ",
      "...",
      "class ",
      "import ",
      "export default ",
      "//",
      "/*",
      "\ufeff",
      "😀",
      "1",
      ".b",
      "?.",
      "||",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces, { maxLength: 30 }).map(each => each.join("")),
        ),
        text => {
          const { model, problems } = parse(text);
          const places = [...everyJsStatement(model.body), ...problems].map(each => each.at.span);
          for (const { start, end } of places)
            expect(start >= 0 && start <= end && end <= text.length).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
  });

  // Without the check the native parser overflows its stack on each of these, and the process is gone.
  it.each([
    "(",
    "[",
    "!",
    "a=>",
    "x?1:",
    "1+",
    "if(a);else ",
    "<a>",
    "new ",
    "await\n",
    "a:\n",
    "{",
    "if(a)\n",
    "a=",
    "`${",
    "-",
    "function a(){",
  ])("refuses a file that nests %j without end", piece => {
    const { model, problems } = parse(`${piece.repeat(60_000)}1`);
    expect(model.body).toEqual([]);
    expect(problems).toHaveLength(1);
  });

  it("reads long files of ordinary code, with and without semicolons", () => {
    const line = "app.get('/a', (req, res) => { res.json({ a: b.c ? 1 : 2, ...d })";
    expect(parse(`${line} })\n`.repeat(800)).problems).toEqual([]);
    expect(parse(`${line} });\n`.repeat(5_000)).problems).toEqual([]);
    expect(parse("const a = b.c ? 1 : 2\n".repeat(5_000).replace(/const a/g, "var a")).problems).toEqual([]);
  });
});
