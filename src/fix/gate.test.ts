import { describe, expect, it } from "vitest";
import { alarm, compose, rule, run } from "../../test/fix/projects.ts";
import type { Violation } from "../core/finding.ts";
import type { Fix } from "../core/fix.ts";
import type { Rule } from "../core/rule.ts";
import type { Stack } from "../stack/stack.ts";
import type { Judge } from "./attempt.ts";

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
