import { describe, expect, it } from "vitest";
import { compose, edit, rule, run } from "../../test/fix/projects.ts";
import type { Violation } from "../core/finding.ts";
import type { Rule } from "../core/rule.ts";
import type { Stack } from "../stack/stack.ts";

describe("picking", () => {
  const rules = [
    rule("a/safe", { word: "one", into: "1" }),
    rule("a/test", { word: "two", into: "2", grade: "needs-testing" }),
    rule("a/big", { word: "16", into: "17", grade: "big-change" }),
  ];

  it.each([
    ["safe", ["a/safe"]],
    ["needs-testing", ["a/safe", "a/test"]],
    ["big-change", ["a/safe", "a/test", "a/big"]],
  ] as const)("makes fixes of the level %s and the safer ones", async (level, made) => {
    expect((await run({ "compose.yml": compose }, rules, { level })).made).toEqual(made);
  });

  it("makes what is merely possible where its rule is named", async () => {
    const doubtful: Rule<Stack> = {
      ...rules[0]!,
      *check(stack) {
        for (const each of rules[0]!.check(stack)) yield { ...(each as Violation), confidence: "possible" };
      },
    };
    expect((await run({ "compose.yml": compose }, [doubtful])).made).toEqual([]);
    expect((await run({ "compose.yml": compose }, [doubtful], { only: ["a/safe"] })).made).toEqual([
      "a/safe",
    ]);
  });

  it("makes only those of the rules that are named", async () => {
    const result = await run({ "compose.yml": compose }, rules, { only: ["a/test"] });
    expect(result.made).toEqual(["a/test"]);
    expect(result.texts).toEqual({ "compose.yml": compose.replace("two", "2") });
  });
});

describe("passes", () => {
  it("writes a file anew before it changes parts of it", async () => {
    const rules = [
      rule("a/part", { word: "one", into: "1" }),
      rule("a/whole", { word: compose, into: compose.replace("one", "uno") }),
    ];
    const result = await run({ "compose.yml": compose }, rules);
    expect(result.made).toEqual(["a/whole"]);
  });

  it("makes what overlaps in the next pass, on the new text", async () => {
    const rules = [
      rule("a/one", { word: "image: nginx:1.29", into: "image: nginx:1.30" }),
      rule("a/two", { word: "nginx:1", into: "nginx-unprivileged:1" }),
    ];
    const result = await run({ "compose.yml": compose }, rules);
    expect(result.texts["compose.yml"]).toContain("image: nginx-unprivileged:1.30 # one");
  });

  it("puts lines of several fixes at one place, but a key only once", async () => {
    const insert = (id: string, key: string): Rule<Stack> => ({
      ...rule(id, { word: "x", into: "x" }),
      *check(stack): Iterable<Violation> {
        const text = stack.sources.get("compose.yml")!.text;
        if (text.includes(key)) return;
        const end = text.indexOf("# one") + 5;
        const at = { file: "compose.yml", span: { start: end, end } };
        yield {
          ...{ subject: id, message: `No ${key}.`, evidence: [{ at, shows: "here" }] },
          fix: () => ({ title: key, grade: "safe", edits: [{ at, text: `\n    ${key}: true` }] }),
        };
      },
    });
    const result = await run({ "compose.yml": compose }, [
      insert("a/a", "init"),
      insert("a/b", "tty"),
      insert("a/c", "init"),
    ]);
    expect(result.texts["compose.yml"]).toBe(
      compose.replace("# one", "# one\n    init: true\n    tty: true"),
    );
  });

  it("makes what belongs to the lines above before what is put in below them", async () => {
    const add = (id: string, key: string, text: string): Rule<Stack> => ({
      ...rule(id, { word: "x", into: "x" }),
      *check(stack): Iterable<Violation> {
        const source = stack.sources.get("compose.yml")!;
        if (source.text.includes(key)) return;
        const end = source.text.indexOf("postgres:16") + 11;
        const at = { file: "compose.yml", span: { start: end, end } };
        yield {
          ...{ subject: id, message: `No ${key}.`, evidence: [{ at, shows: "here" }] },
          fix: () => ({ title: key, grade: "safe", edits: [{ at, text }] }),
        };
      },
    });
    const service = add("a/service", "backup:", "\n\n  backup:\n    image: postgres:16\n    init: true");
    const key = add("a/key", "    tty", "\n    tty: true");
    const { texts, refused, made } = await run({ "compose.yml": compose }, [service, key]);
    expect(refused).toEqual({});
    expect(made).toEqual(["a/service", "a/key"]);
    expect(texts["compose.yml"]).toContain("  db:\n    image: postgres:16\n    tty: true\n\n  backup:\n");
  });

  it("tries once more what was refused beside others, on the new text", async () => {
    const add = (id: string, keys: readonly string[]): Rule<Stack> => ({
      ...rule(id, { word: "x", into: "x" }),
      *check(stack): Iterable<Violation> {
        const { text } = stack.sources.get("compose.yml")!;
        const missing = keys.filter(key => !text.includes(key));
        if (missing.length === 0) return;
        const end = text.indexOf("# one") + 5;
        const at = { file: "compose.yml", span: { start: end, end } };
        const lines = missing.map(key => `\n    ${key}: true`).join("");
        yield {
          ...{ subject: id, message: `No ${id}.`, evidence: [{ at, shows: "here" }] },
          fix: () => ({ title: id, grade: "safe", edits: [{ at, text: lines }] }),
        };
      },
    });
    const { made, texts } = await run({ "compose.yml": compose }, [
      add("a/one", ["tty"]),
      add("a/two", ["init", "tty"]),
    ]);
    expect(made).toEqual(["a/one", "a/two"]);
    expect(texts["compose.yml"]!.match(/tty/g)).toHaveLength(1);
  });

  it("stops when two fixes undo each other", async () => {
    const rules = [
      rule("a/one", { word: "two", into: "three" }),
      rule("a/two", { word: "three", into: "two" }),
    ];
    const { refused } = await run({ "compose.yml": compose }, rules);
    expect(Object.keys(refused)).toEqual(["a/one"]);
    expect(refused["a/one"]).toContain("new finding, a/two");
  });

  it("says what is left after the tenth pass", async () => {
    // All of them change the same number, so that each pass can make one.
    const counter: Rule<Stack> = {
      ...rule("a/counter", { word: "x", into: "x" }),
      *check(stack): Iterable<Violation> {
        const number = Number(/# (\d+)/.exec(stack.sources.get("compose.yml")!.text)?.[1]);
        for (let i = number; i > 0; i--) {
          const change = edit(
            stack,
            "compose.yml",
            `# ${number}`,
            `# ${number - 1} ${"!".repeat(number - i)}`,
          );
          const evidence = [{ at: change.at, shows: "here" }] as const;
          yield {
            subject: `s${i}`,
            message: `m${i}`,
            evidence,
            fix: () => ({ title: "t", grade: "safe", edits: [change] }),
          };
        }
      },
    };
    const { texts, made, waiting } = await run({ "compose.yml": compose.replace("one", "13") }, [counter]);
    expect(made).toHaveLength(10);
    expect(waiting).toHaveLength(3);
    expect(texts["compose.yml"]).toContain("# 3 ");
  });
});

describe("files that are not edited", () => {
  it("leaves what git ignores, and what is generated", async () => {
    const files = {
      "compose.yml": compose,
      "web/Dockerfile": "# Code generated by make; DO NOT EDIT.\nFROM nginx:1.29\n",
      "nginx.conf": "events {}\nhttp { server { listen 80; } }\n",
      "deploy.sh": "#!/bin/sh\ncat > nginx.conf <<EOF\nevents {}\nEOF\ndocker compose up -d\n",
      ".env": "A=one\n",
    };
    const rules = [
      rule("a/ignored", { file: ".env", word: "one", into: "1" }),
      rule("a/generated", { file: "web/Dockerfile", word: "1.29", into: "1.30" }),
      rule("a/written", { file: "nginx.conf", word: "80", into: "81" }),
      rule("a/locked", { word: "two", into: "2" }),
    ];
    const locked = (file: string) => (file === "compose.yml" ? "compose.yml is a link." : undefined);
    const result = await run(files, rules, { ignored: [".env"], locked });
    expect(result.held).toEqual({
      "a/ignored": expect.stringContaining("git ignores .env"),
      "a/generated": expect.stringContaining("web/Dockerfile is generated (line 1 says so)"),
      "a/written": expect.stringContaining("deploy.sh writes nginx.conf anew"),
      "a/locked": "compose.yml is a link.",
    });
    expect(result.made).toEqual([]);
  });
});
