import { describe, expect, it } from "vitest";
import { defaultConfig } from "../config/config.ts";
import type { Severity, Violation } from "../core/finding.ts";
import type { Edit, Fix, FixGrade } from "../core/fix.ts";
import type { Rule } from "../core/rule.ts";
import { pageFiles } from "../pages/page-files.ts";
import { link } from "../stack/link.ts";
import type { Stack } from "../stack/stack.ts";
import type { Judge } from "./attempt.ts";
import { changesOf } from "./describe-fixes.ts";
import { type FixOptions, fixProject } from "./fix.ts";

const now = new Date("2026-11-21T12:00:00Z");

function project(files: Record<string, string>, ignored: readonly string[] = []) {
  return pageFiles(
    Object.entries(files).map(([path, text]) => ({
      ...{ path, text, untracked: false, directory: false },
      ignored: ignored.includes(path),
    })),
  );
}

/** The place of a text in a file. */
function edit(stack: Stack, file: string, from: string, text: string): Edit {
  const start = stack.sources.get(file)!.text.indexOf(from);
  return { at: { file, span: { start, end: start + from.length } }, text };
}

interface Made {
  readonly word: string;
  readonly into: string;
  readonly file?: string;
  readonly grade?: FixGrade;
  readonly severity?: Severity;
  readonly fix?: Partial<Fix>;
}

/** A rule that finds a word in a file, and puts another text in its place. */
function rule(
  id: string,
  { word, into, file = "compose.yml", grade = "safe", severity, fix }: Made,
): Rule<Stack> {
  return {
    ...{ id, title: "t", claim: "c", severity: "high", why: "w" },
    *check(stack): Iterable<Violation> {
      const text = stack.sources.get(file)?.text ?? "";
      if (!text.includes(word)) return;
      const change = edit(stack, file, word, into);
      yield {
        subject: file,
        message: `It holds ${word}.`,
        evidence: [{ at: change.at, shows: "here" }],
        ...(severity ? { severity } : {}),
        fix: () => ({ title: `Replace ${word}`, grade, edits: [change], ...fix }),
      };
    },
  };
}

/** A rule that has no fix. */
function alarm(id: string, when: (text: string) => Severity | undefined): Rule<Stack> {
  return {
    ...{ id, title: "t", claim: "c", severity: "high", why: "w" },
    *check(stack): Iterable<Violation> {
      const severity = when(stack.sources.get("compose.yml")?.text ?? "");
      const at = { file: "compose.yml", span: { start: 0, end: 1 } };
      if (severity) yield { subject: "s", message: "Alarm.", severity, evidence: [{ at, shows: "here" }] };
    },
  };
}

async function run(
  files: Record<string, string>,
  rules: readonly Rule<Stack>[],
  options: Partial<FixOptions> & { ignored?: readonly string[] } = {},
) {
  const tree = project(files, options.ignored);
  const outcome = await fixProject(tree, {
    ...{
      rules,
      config: defaultConfig,
      now,
      level: "big-change",
      link: (given: typeof tree) => link(given, { now }),
    },
    ...options,
  });
  const reasons = (list: typeof outcome.refused) =>
    Object.fromEntries(list.map(each => [each.finding.rule, each.reasons.join(" | ")]));
  return {
    made: outcome.made.map(({ finding }) => finding.rule),
    refused: reasons(outcome.refused),
    held: reasons(outcome.held),
    waiting: outcome.waiting.map(finding => finding.rule),
    texts: Object.fromEntries(changesOf(tree, outcome).map(({ file, after }) => [file, after])),
  };
}

const compose =
  "services:\n  web:\n    image: nginx:1.29 # one\n    command: two\n  db:\n    image: postgres:16\n";

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
            message: "m",
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

describe("the gate", () => {
  const good = rule("a/good", { word: "one", into: "1" });

  /** Each bad fix stands beside a good one, which must be made all the same. */
  const cases: [string, readonly Rule<Stack>[], string][] = [
    [
      "no longer parses",
      [rule("a/bad", { word: "command: two", into: "command: [two" })],
      "can no longer be read",
    ],
    [
      "leaves its finding",
      [rule("a/bad", { word: "two", into: "two too" })],
      "the finding is still there: It holds two.",
    ],
    [
      "lies outside the file",
      [
        rule("a/bad", {
          word: "two",
          into: "2",
          fix: { edits: [{ at: { file: "compose.yml", span: { start: 5_000, end: 5_001 } }, text: "" }] },
        }),
      ],
      "do not fit",
    ],
    [
      "brings a new finding",
      [
        rule("a/bad", { word: "two", into: "2" }),
        alarm("b/alarm", text => (text.includes("2\n") ? "low" : undefined)),
      ],
      "it brings a new finding, b/alarm (low): Alarm.",
    ],
    [
      "makes a finding worse",
      [
        rule("a/bad", { word: "two", into: "2" }),
        alarm("b/alarm", text => (text.includes("2\n") ? "high" : "low")),
      ],
      "it brings a new finding, b/alarm (high)",
    ],
    [
      "makes another rule fail",
      [
        rule("a/bad", { word: "two", into: "2" }),
        alarm("b/alarm", text => {
          if (text.includes("2\n")) throw new Error("broken");
          return undefined;
        }),
      ],
      "rule b/alarm cannot examine the result",
    ],
    [
      "opens a port",
      [rule("a/bad", { word: "command: two", into: 'ports: ["5432:5432"]' })],
      'it opens something: port 5432 of "web" is open to other machines',
    ],
    [
      "opens another port than it says",
      [
        rule("a/bad", {
          word: "command: two",
          into: 'ports: ["5432:5432"]',
          grade: "big-change",
          fix: { opens: ["443/tcp"] },
        }),
      ],
      "port 5432",
    ],
    [
      "opens a port as a safe change",
      [rule("a/bad", { word: "command: two", into: 'ports: ["443:443"]', fix: { opens: ["443/tcp"] } })],
      "port 443",
    ],
    [
      "shares the host's network",
      [rule("a/bad", { word: "command: two", into: "network_mode: host" })],
      "opens its ports on the host's network",
    ],
  ];

  it.each(cases)("refuses a fix that %s, and makes the others", async (_, rules, reason) => {
    const result = await run({ "compose.yml": compose }, [...rules, good]);
    expect(result.refused["a/bad"]).toContain(reason);
    expect(result.made).toEqual(["a/good"]);
    expect(result.texts).toEqual({ "compose.yml": compose.replace("one", "1") });
  });

  describe("with two projects whose services have the same names", () => {
    const nginx = (target: string) =>
      `server {\n  listen 80;\n  server_name shop.example;\n  location / { proxy_pass http://${target}; }\n}\n`;
    const stack = (conf: string, mark: string, more = "") =>
      `services:\n  nginx:\n    image: nginx:1.29 # ${mark}\n    ports: ["80:80"${more}]\n    volumes: ["./${conf}:/etc/nginx/conf.d/default.conf:ro"]\n  web:\n    image: example/web:1\n  api:\n    image: example/api:1\n`;
    const files = {
      "compose.yml": stack("dev.conf", "dev", ', "8080:80"'),
      "dev.conf": nginx("web:3000"),
      "compose.prod.yml": stack("prod.conf", "prod"),
      "prod.conf": nginx("api:8000"),
    };
    const inFile = (id: string, file: string, word: string, into: string) => rule(id, { word, into, file });

    it("makes a fix that changes nothing of the routes", async () => {
      const rules = [
        inFile("a/one", "compose.prod.yml", "# prod", "# live"),
        inFile("a/two", "compose.yml", "# dev", "# d"),
      ];
      const result = await run(files, rules);
      expect(result.refused).toEqual({});
      expect(result.made).toEqual(["a/one", "a/two"]);
    });

    it("refuses in one of them what the other one has", async () => {
      const rules = [
        inFile("a/port", "compose.prod.yml", '"80:80"', '"80:80", "8080:80"'),
        inFile("a/route", "prod.conf", "http://api:8000", "http://web:3000"),
        inFile("a/door", "compose.prod.yml", '["80:80"]', "[]"),
      ];
      const { made, refused } = await run(files, rules);
      expect(made).toEqual([]);
      expect(refused["a/port"]).toContain("port 8080");
      expect(refused["a/route"]).toContain("serves shop.example/ from web:3000");
      expect(refused["a/door"]).toContain("can no longer be reached");
    });
  });

  describe("of a fix that mends its finding in part", () => {
    /** Tells of every `x` of the file in one finding; the fix takes one out, or only says so. */
    const partly = (into: string, fix: Partial<Fix>): Rule<Stack> => ({
      ...rule("a/part", { word: "x", into: "x" }),
      *check(stack): Iterable<Violation> {
        const text = stack.sources.get("compose.yml")!.text;
        const places = [...text.matchAll(/# x/g)].map(({ index }) => ({
          at: { file: "compose.yml", span: { start: index, end: index + 3 } },
          shows: "here",
        }));
        const [first, ...more] = places;
        if (!first) return;
        yield {
          ...{ subject: "s", message: `${places.length} of x.`, evidence: [first, ...more] as const },
          fix: () =>
            places.length < 3
              ? undefined
              : {
                  title: "t",
                  grade: "needs-testing",
                  partial: true,
                  edits: [{ at: first.at, text: into }],
                  ...fix,
                },
        };
      },
    });
    const files = { "compose.yml": `${compose}# x\n# x\n# x\n` };

    it("minds only that there are fewer places", async () => {
      expect((await run(files, [partly("# y", {})])).made).toEqual(["a/part"]);
    });

    it.each<[string, string, Partial<Fix>]>([
      ["leaves all of them", "# x ", {}],
      ["is called safe", "# y", { grade: "safe" }],
      ["does not say that it is one", "# y", { partial: false }],
    ])("refuses one that %s", async (_, into, fix) => {
      const result = await run(files, [partly(into, fix), good]);
      expect(result.refused["a/part"]).toContain("still there");
      expect(result.made).toEqual(["a/good"]);
    });
  });

  it("lets a fix open what it says, when it is not safe", async () => {
    const opening = rule("a/open", {
      ...{ word: "command: two", into: 'ports: ["443:443"]', grade: "big-change" as const },
      fix: { opens: ["443/tcp"] },
    });
    expect((await run({ "compose.yml": compose }, [opening])).made).toEqual(["a/open"]);
  });

  it("does not mind that a finding weighs less, or that its lines move", async () => {
    const rules = [
      rule("a/fix", { word: "two", into: "2\n    tty: true" }),
      alarm("b/alarm", text => (text.includes("two") ? "high" : "low")),
    ];
    expect((await run({ "compose.yml": compose }, rules)).made).toEqual(["a/fix"]);
  });

  it("makes two fixes that only hold together", async () => {
    const rules = [
      rule("a/one", { word: "two", into: "2" }),
      rule("a/two", { word: "one", into: "1" }),
      alarm("b/alarm", text => (text.includes("two") === text.includes("one") ? undefined : "high")),
    ];
    expect((await run({ "compose.yml": compose }, rules)).made).toEqual(["a/one", "a/two"]);
  });

  it("tries a refused fix again once another one has been made", async () => {
    const rules = [
      rule("a/zero", { word: "image: nginx:1.29", into: "image: nginx:1.30" }),
      // It overlaps, and so comes in the second pass.
      rule("a/one", { word: "nginx:1", into: "nginx:2" }),
      rule("a/two", { word: "two", into: "2" }),
      alarm("b/alarm", text => (text.includes("two") || text.includes("nginx:2") ? undefined : "high")),
    ];
    const result = await run({ "compose.yml": compose }, rules);
    expect(result.refused).toEqual({});
    expect(result.texts["compose.yml"]).toContain("nginx:2.30");
    expect(result.texts["compose.yml"]).toContain("command: 2");
  });

  it("takes another program's word, where it accepted before", async () => {
    const judge: Judge = {
      name: "judge",
      refusals: async state => {
        const text = state.stack.sources.get("compose.yml")!.text;
        return new Map([
          ["always", "x"],
          ...(text.includes("two") ? [] : [["compose.yml", "no two"] as const]),
        ]);
      },
    };
    const result = await run({ "compose.yml": compose }, [rule("a/bad", { word: "two", into: "2" }), good], {
      judges: [judge],
    });
    expect(result.refused).toEqual({ "a/bad": "judge refuses compose.yml: no two" });
    expect(result.made).toEqual(["a/good"]);
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
