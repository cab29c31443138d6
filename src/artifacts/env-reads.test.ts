import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type EnvReads, envReads } from "./env-reads.ts";

const read = (path: string, text: string): EnvReads => envReads({ path, text });
const shown = (path: string, text: string) =>
  read(path, text).reads.map(
    each => `${each.name}${each.default ? `=${each.default.value}` : ""}${each.required ? "!" : ""}`,
  );

describe("envReads", () => {
  it.each([
    ["process.env.A", ["A"]],
    ["process.env['A'] || 'b'", ["A=b"]],
    ["process.env.PORT ?? 3000", ["PORT=3000"]],
    ["parseInt(process.env.PORT) || 3000", ["PORT=3000"]],
    ["parseInt(process.env.W) || 15 * 60", ["W"]],
    ["process.env.A || other()", ["A"]],
    ["const { A, B: b, C = 'd' } = process.env;", ["A", "B", "C"]],
    ["import.meta.env.VITE_A || 'x'", ["VITE_A=x"]],
    ["process.env.A = 'x';", []],
    ["if (process.env.A === 'x') {}", ["A"]],
    ["// process.env.A\n/* process.env.B */ const u = 'http://x'; process.env.C", ["C"]],
  ])("reads JavaScript: %s", (text, names) => expect(shown("src/a.ts", text)).toEqual(names));

  it.each([
    [`os.environ["A"]`, ["A!"]],
    [`{"a": os.environ["A"], "b": os.environ['B'],\n "c": 1}`, ["A!", "B!"]],
    [`os.environ.get("A", "b")`, ["A=b"]],
    [`os.environ.get("A")`, ["A"]],
    [`os.getenv(\n    "A", "b"\n)`, ["A=b"]],
    [`os.getenv("A", B)`, ["A"]],
    [`os.getenv("A") or "b"`, ["A=b"]],
    [`config("A")`, ["A!"]],
    [`config("A", cast=bool, default=False)`, ["A=False"]],
    [`config("A", default=1, cast=int)`, ["A=1"]],
    [`env.bool("A", default=True)`, ["A=True"]],
    [`env("A")`, ["A!"]],
    [`"A" in os.environ`, ["A"]],
    [`"a" in os.environ.get("A", "")`, ["A="]],
    [`# os.getenv("A")\n"""os.getenv("B")"""\nos.getenv("C")`, ["C"]],
  ])("reads Python: %s", (text, names) => expect(shown("app/a.py", `import os\n${text}\n`)).toEqual(names));

  it("reads the fields of pydantic settings, with prefix, alias and defaults", () => {
    const text = `class Settings(BaseSettings):\n    database_url: str = "postgres://u:p@db/n"\n    secret: str\n    port: int = Field(default=80)\n    other: str = Field(..., alias="OTHER_NAME")\n    model_config = SettingsConfigDict(env_prefix="APP_")\n\n    class Config:\n        x = 1\n\ny: int = 1\n`;
    expect(shown("app/config.py", text)).toEqual([
      "APP_DATABASE_URL=postgres://u:p@db/n",
      "APP_SECRET!",
      "APP_PORT=80",
      "OTHER_NAME!",
    ]);
    const at = read("app/config.py", text).reads[0]!.default!.at.span;
    expect(text.slice(at.start, at.end)).toBe("postgres://u:p@db/n");
  });

  it("finds the default of an annotated field behind its type, on whatever line", () => {
    const text = `class Settings(BaseSettings):\n    agent: Annotated[\n        str,\n        Field(description="a] = b"),\n    ] = "shop"\n    port: Annotated[int, Field(description="x")] = 5\n    key: Annotated[str, Field(description="y")]\n`;
    expect(shown("app/config.py", text)).toEqual(["AGENT=shop", "PORT=5", "KEY!"]);
  });

  it("reads other languages", () => {
    expect(shown("main.go", `os.Getenv("A"); v, ok := os.LookupEnv("B")`)).toEqual(["A", "B"]);
    expect(shown("config/a.rb", `ENV.fetch("A", "b"); ENV["B"]; ENV.fetch("C")`)).toEqual(["A=b", "B", "C!"]);
    expect(shown("config/a.php", `env('A', 'b'); getenv("B");`)).toEqual(["A=b", "B"]);
    expect(shown("A.java", `System.getenv("A")`)).toEqual(["A"]);
  });

  it.each([
    ["src/a.ts", "process.env[name]"],
    ["src/a.ts", "schema.parse(process.env)"],
    ["src/a.ts", "cleanEnv(process.env, {})"],
    ["src/a.ts", "const { A, ...rest } = process.env;"],
    ["a.py", `os.environ[name]`],
    ["a.py", `dict(os.environ)`],
    ["a.py", `os.getenv(f"{P}_X")`],
    ["a.py", `for k, v in os.environ.items(): pass`],
    ["main.go", `viper.AutomaticEnv()`],
  ])("says that names are not all written: %s %s", (path, text) =>
    expect(read(path, text).wildcards).toHaveLength(1),
  );

  it("tells the prefix of a wildcard when it is written", () => {
    expect(
      read("a.py", `{k: v for k, v in os.environ.items() if k.startswith("APP_")}`).wildcards,
    ).toMatchObject([{ prefix: "APP_" }]);
    expect(read("a.py", `os.environ["A"]`).wildcards).toEqual([]);
    expect(read("a.ts", `process.env["A"]; process.env.B; const { C } = process.env;`).wildcards).toEqual([]);
  });

  it("marks what is fixed at build time", () => {
    const flags = read("src/a.ts", "process.env.NEXT_PUBLIC_A; process.env.B; import.meta.env.VITE_C").reads;
    expect(flags.map(each => each.buildTime)).toEqual([true, false, true]);
  });

  it("leaves out vendored files and tests", () => {
    for (const path of [
      "node_modules/a/i.js",
      "src/a.test.ts",
      "tests/a.js",
      "jest.config.js",
      "readme.md",
    ]) {
      expect(read(path, "process.env.A").reads).toEqual([]);
    }
  });

  it("never throws, and every place lies inside the text", () => {
    const piece = fc.constantFrom(
      "process.env",
      ".A",
      "['B']",
      " || ",
      "'c'",
      "os.environ",
      ".get(",
      '"D"',
      ", ",
      "default=",
      ")",
      "\n",
      "{",
      "}",
      "=",
      "class S(BaseSettings):",
      "    a: str",
      "env(",
      "#",
      "//",
      "`",
      '"""',
      "import.meta.env",
    );
    fc.assert(
      fc.property(
        fc.constantFrom("a.py", "a.ts", "a.go", "a.rb"),
        fc.array(fc.oneof(piece, fc.string()), { maxLength: 30 }),
        (path, pieces) => {
          const text = pieces.join("");
          const { reads, wildcards } = read(path, text);
          for (const at of [
            ...reads.flatMap(each => [each.at, each.default?.at ?? each.at]),
            ...wildcards.map(each => each.at),
          ]) {
            expect(at.span.start >= 0 && at.span.start <= at.span.end && at.span.end <= text.length).toBe(
              true,
            );
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it("stays linear on hostile text", () => {
    const started = performance.now();
    for (const piece of [
      "process.env ",
      "const {a,",
      "os.environ.get( ",
      "'",
      "`",
      '"""',
      "env(\n",
      "/*",
      "class S(BaseSettings):\n a:",
    ]) {
      read("a.py", piece.repeat(20_000));
      read("a.ts", piece.repeat(20_000));
    }
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
