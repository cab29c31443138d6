import { describe, expect, it } from "vitest";
import { claims } from "../claims/claims.ts";
import { type Acceptance, type Config, defaultConfig } from "../config/config.ts";
import type { Violation } from "../core/finding.ts";
import type { Fix } from "../core/fix.ts";
import type { Report } from "../core/report.ts";
import type { Kept, Rule } from "../core/rule.ts";
import { locate, type Source } from "../core/source.ts";
import { pageFiles } from "../pages/page-files.ts";
import { type AuditOptions, audit } from "./audit.ts";
import type { Examined } from "./examined.ts";

const compose = (text: string): Source => ({ path: "compose.yml", text });

function stackOf(source: Source, more: Partial<Examined> = {}): Examined {
  return {
    files: pageFiles([]),
    sources: new Map([[source.path, source]]),
    problems: [],
    gaps: [],
    ...more,
  };
}

/** Reports every occurrence of a word. */
function wordRule(
  word: string,
  over: Partial<Rule<Examined>> & { violation?: Partial<Violation> } = {},
): Rule<Examined> {
  return {
    id: `test/${word}`,
    title: `No ${word}`,
    claim: "survives-kill",
    severity: "high",
    why: `${word} breaks.`,
    *check({ sources }): Iterable<Violation | Kept> {
      for (const source of sources.values()) {
        for (let at = source.text.indexOf(word); at !== -1; at = source.text.indexOf(word, at + 1)) {
          const place = { at: locate(source, at, at + word.length), shows: `${word} is here` };
          yield { subject: word, message: `There is ${word}.`, evidence: [place], ...over.violation };
        }
      }
    },
    ...over,
  };
}

const run = (
  source: Source,
  rules: Rule<Examined>[],
  over: Partial<AuditOptions> = {},
  more: Partial<Examined> = {},
): Report =>
  audit(stackOf(source, more), rules, {
    config: defaultConfig,
    claims,
    now: new Date("2026-05-01T12:00:00Z"),
    version: "1.2.3",
    ...over,
  });

const ids = (report: Report) => report.findings.map(finding => `${finding.rule}:${finding.evidence[0].line}`);
const withConfig = (config: Partial<Config>) => ({ config: { ...defaultConfig, ...config } });

describe("findings", () => {
  it("carry what the rule says, with places from 1", () => {
    const [finding] = run(compose("a: 1\nb: bad\n"), [wordRule("bad")]).findings;
    expect(finding).toMatchObject({
      rule: "test/bad",
      claim: "survives-kill",
      severity: "high",
      confidence: "certain",
    });
    expect(finding!.evidence).toEqual([
      {
        file: "compose.yml",
        line: 2,
        column: 4,
        endLine: 2,
        endColumn: 7,
        excerpt: "b: bad",
        shows: "bad is here",
      },
    ]);
  });

  it("keep their fingerprints when lines move, and differ from each other", () => {
    const before = run(compose("bad\nbad\n"), [wordRule("bad")]).findings.map(finding => finding.fingerprint);
    const after = run(compose("\n\n# x\nbad\n\nbad\n"), [wordRule("bad")]).findings.map(
      finding => finding.fingerprint,
    );
    expect(after).toEqual(before);
    expect(new Set(before).size).toBe(2);
    expect(before[0]).toMatch(/^[0-9a-f]{16}$/);
  });

  it("are joined when rule, subject and place are the same", () => {
    const twice: Rule<Examined> = {
      ...wordRule("bad"),
      *check(stack) {
        const [violation] = wordRule("bad").check(stack) as Iterable<Violation>;
        yield violation!;
        yield {
          ...violation!,
          severity: "critical",
          evidence: [{ ...violation!.evidence[0]!, shows: "and more" }],
        };
      },
    };
    const { findings } = run(compose("bad"), [twice]);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ severity: "critical" });
    expect(findings[0]!.evidence.map(item => item.shows)).toEqual(["bad is here", "and more"]);
  });

  it("come worst first, then in the order of the claims, then by place", () => {
    const source = compose("aa bb cc aa");
    const rules = [
      wordRule("aa", { severity: "medium" }),
      wordRule("bb", { claim: "failure-is-noticed" }),
      wordRule("cc", { claim: "builds" }),
    ];
    expect(run(source, rules).findings.map(finding => finding.rule)).toEqual([
      "test/cc",
      "test/bb",
      "test/aa",
      "test/aa",
    ]);
  });

  it("can be narrowed, and the report says how many are hidden", () => {
    const rules = [wordRule("aa", { severity: "low" }), wordRule("bb", { claim: "builds" })];
    const report = run(compose("aa bb"), rules, { show: { severity: "medium" } });
    expect(ids(report)).toEqual(["test/bb:1"]);
    expect(report.hidden).toBe(1);
    expect(ids(run(compose("aa bb"), rules, { show: { claims: ["survives-kill"] } }))).toEqual(["test/aa:1"]);
  });
});

describe("a rule that throws", () => {
  const failing: Rule<Examined> = {
    ...wordRule("x"),
    id: "test/failing",
    // biome-ignore lint/correctness/useYield: it fails before it has anything to say
    *check() {
      throw new Error("cannot read properties of undefined");
    },
  };

  it("is a fatal gap, and the other rules still run", () => {
    const report = run(compose("bad"), [failing, wordRule("bad")]);
    expect(ids(report)).toEqual(["test/bad:1"]);
    expect(report.gaps).toEqual([expect.objectContaining({ about: "rule test/failing", fatal: true })]);
    expect(report.gaps[0]!.why).not.toContain("audit.test.ts");
  });

  it("is what a rule without evidence becomes", () => {
    const report = run(compose("bad"), [wordRule("bad", { violation: { evidence: [] } })]);
    expect(report.findings).toEqual([]);
    expect(report.gaps).toEqual([expect.objectContaining({ about: "rule test/bad", fatal: true })]);
    expect(report.gaps[0]!.why).toContain("no evidence");
  });

  it("shows its stack under debug", () => {
    expect(run(compose("bad"), [failing], { debug: true }).gaps[0]!.why).toContain("audit.test.ts");
  });
});

describe("a fix", () => {
  const counted = (build: () => Fix | undefined) => {
    let built = 0;
    const fix = () => {
      built++;
      return build();
    };
    return { rule: wordRule("bad", { violation: { fix } }), times: () => built };
  };
  const mend = (): Fix => ({ title: "Mend it", grade: "safe", edits: [] });

  it("is built once for a report that shows it, and never for one without", () => {
    const { rule, times } = counted(mend);
    expect(run(compose("bad"), [rule], { withoutFixes: true }).findings[0]!.fix).toBeUndefined();
    expect(times()).toBe(0);
    expect(run(compose("bad"), [rule]).findings[0]!.fix).toMatchObject({ title: "Mend it" });
    expect(times()).toBe(1);
  });

  it("that throws is a fatal gap, and its finding stays", () => {
    const { rule } = counted(() => {
      throw new Error("no such span");
    });
    const report = run(compose("bad"), [rule]);
    expect(ids(report)).toEqual(["test/bad:1"]);
    expect(report.findings[0]!.fix).toBeUndefined();
    expect(report.gaps).toEqual([expect.objectContaining({ about: "the fix of test/bad", fatal: true })]);
  });
});

describe("acceptances", () => {
  const accept = (over: Partial<Acceptance> = {}): Acceptance => ({
    rule: "test/bad",
    reason: "known",
    by: "config",
    at: { file: "compose.yml", span: { start: 0, end: 1 } },
    ...over,
  });

  it.each([
    ["same line", "b: bad # shipworthy: accept test/bad -- known"],
    ["line above", "# shipworthy: accept test/bad -- known\nb: bad"],
    ["above further comments", "# shipworthy: accept test/bad -- known\n# more\n\nb: bad"],
    ["script comment", "// shipworthy: accept test/bad -- known\nb = bad"],
    ["still valid", "# shipworthy: accept test/bad until 2026-05-01 -- known\nb: bad"],
  ])("inline: %s", (_, text) => {
    const rule = { ...wordRule("bad"), check: lastOnly };
    const report = run(compose(text), [rule]);
    expect(report.findings).toEqual([]);
    expect(report.accepted).toEqual([expect.objectContaining({ reason: "known", by: "inline" })]);
  });

  /** The marker itself holds the word, so only its last occurrence outside comments counts. */
  function* lastOnly({ sources }: Examined): Iterable<Violation> {
    const source = sources.get("compose.yml")!;
    const at = source.text.search(/bad(?! (?:--|until))/);
    yield {
      subject: "bad",
      message: "There is bad.",
      evidence: [{ at: locate(source, at, at + 3), shows: "bad" }],
    };
  }

  it.each([
    ["# shipworthy: accept test/bad until 2026-04-30 -- known\nb: bad", "it ended on 2026-04-30"],
    ["# shipworthy: accept test/bad\nb: bad", "it gives no reason"],
    ["# shipworthy: accept test/bad until soon -- x\nb: bad", "is not an end date"],
    ["# shipworthy: accept -- x\nb: bad", "does not name a rule"],
    ["# shipworthy: accept test/other -- x\nb: bad", "nothing it names is reported"],
    ["# shipworthy: accept test/bad -- x\n\nok: 1\nb: bad", "nothing it names is reported"],
  ])("that does not apply is reported: %s", (text, why) => {
    const report = run(compose(text), [{ ...wordRule("bad"), check: lastOnly }]);
    expect(report.accepted).toEqual([]);
    const own = report.findings.filter(finding => finding.rule === "shipworthy/unused-acceptance");
    expect(own).toHaveLength(1);
    expect(own[0]!.message).toContain(why);
    expect(own[0]!.severity).toBe("low");
    expect(report.findings).toHaveLength(2);
  });

  it("from the settings match by rule, subject and path", () => {
    const accepted = (over: Partial<Acceptance>) =>
      run(compose("bad"), [wordRule("bad")], withConfig({ accept: [accept(over)] })).accepted.length;
    expect(accepted({})).toBe(1);
    expect(accepted({ subject: "bad", path: "*.yml" })).toBe(1);
    expect(accepted({ subject: "other" })).toBe(0);
    expect(accepted({ path: "app/**" })).toBe(0);
    expect(accepted({ until: "2026-04-30" })).toBe(0);
    expect(accepted({ fingerprint: "0" })).toBe(0);
  });

  it("of a baseline are silent when no longer needed", () => {
    const stale = accept({ rule: "test/gone", by: "baseline" });
    expect(ids(run(compose("ok"), [wordRule("bad")], withConfig({ accept: [stale] })))).toEqual([]);
  });
});

it("overrides severities and switches rules off", () => {
  const config = withConfig({
    severity: new Map([
      ["test/aa", "low"],
      ["test/bb", "off"],
    ]),
  });
  const { findings } = run(compose("aa bb"), [wordRule("aa"), wordRule("bb")], config);
  expect(findings.map(finding => [finding.rule, finding.severity])).toEqual([["test/aa", "low"]]);
});

describe("claim verdicts", () => {
  const keeps: Rule<Examined> = {
    ...wordRule("x"),
    id: "recovery/restart-policy",
    *check({ sources }) {
      const source = sources.get("compose.yml")!;
      yield { subject: "x", kept: { at: locate(source, 0, 1), shows: "x is fine" } };
    },
  };
  const verdict = (rules: Rule<Examined>[], text = "bad") =>
    run(compose(text), rules).claims.find(item => item.claim.id === "survives-kill")!;

  it("refuted by a finding above low", () => {
    expect(verdict([wordRule("bad"), keeps])).toMatchObject({
      verdict: "refuted",
      findings: 1,
      because: "There is bad.",
    });
  });
  it("not refuted by a low finding or a possibility", () => {
    expect(verdict([wordRule("bad", { severity: "low" }), keeps]).verdict).toBe("undecided");
    expect(verdict([wordRule("bad", { violation: { confidence: "possible" } }), keeps]).verdict).toBe(
      "undecided",
    );
  });
  it("held when something was seen to keep it", () => {
    expect(verdict([wordRule("bad"), keeps], "ok")).toMatchObject({
      verdict: "held",
      checkedBy: ["recovery/restart-policy"],
      evidence: [{ file: "compose.yml", line: 1, shows: "x is fine" }],
    });
  });
  it("undecided when what is kept stands beside the claim", () => {
    expect(verdict([{ ...keeps, id: "test/beside" }], "ok")).toMatchObject({
      verdict: "undecided",
      checkedBy: ["test/beside"],
    });
  });
  it("held shows each promise once before it shows one twice", () => {
    const twice: Rule<Examined> = {
      ...keeps,
      id: "test/twice",
      *check({ sources }) {
        const source = sources.get("compose.yml")!;
        for (const shows of ["one", "two"])
          yield { subject: shows, kept: { at: locate(source, 0, 1), shows } };
      },
    };
    const { evidence } = verdict([twice, keeps], "ok");
    expect(evidence.map(item => item.shows)).toEqual(["one", "x is fine", "two"]);
    expect(verdict([wordRule("bad"), twice], "bad").evidence).toEqual([]);
  });
  it("undecided names what a drill would do", () => {
    expect(verdict([wordRule("bad")], "ok").because).toContain("Crash the main process");
  });
});

it.each([
  [
    "the value alone",
    "URL: postgres://shop:hunter2@db/shop",
    "hunter2",
    ["URL: postgres://shop:", "@db/shop"],
  ],
  [
    "a word that is a name, too",
    "URL: postgres://shop:shop@db/shop",
    ":shop@",
    ["URL: postgres://shop", "db/shop"],
  ],
  ["a part of a secret", "URL: postgres://shop:hunter2@db/shop", "hun", undefined],
])("what stands beside a change is shown when no secret is cut: %s", (_, line, changed, beside) => {
  const source = compose(`${line}\n`);
  const start = line.lastIndexOf(changed);
  const fix: Fix = {
    title: "Take it from outside",
    grade: "needs-testing",
    edits: [{ at: locate(source, start, start + changed.length), text: "X" }],
    test: "Start it.",
  };
  const rule = wordRule("postgres", { violation: { fix: () => fix } });
  const report = run(source, [rule]);
  expect(report.findings[0]!.fix!.edits[0]!.beside).toEqual(beside);
});

it("masks secrets in excerpts, messages, remarks and fixes", () => {
  const source = compose("DB_PASSWORD: Tr0ub4dor9\n# Tr0ub4dor9 bad\n");
  const fix = () => ({
    title: "Remove Tr0ub4dor9",
    grade: "safe" as const,
    edits: [{ at: locate(source, 0, 3), text: "x Tr0ub4dor9" }],
  });
  const rule = wordRule("bad", { violation: { message: "It is Tr0ub4dor9.", subject: "Tr0ub4dor9", fix } });
  const report = run(
    source,
    [rule],
    {},
    {
      secrets: new Set(["Tr0ub4dor9"]),
      problems: [{ at: locate(source, 0, 11), message: "Tr0ub4dor9 is odd" }],
    },
  );
  expect(report.findings).toHaveLength(1);
  expect(JSON.stringify(report)).not.toContain("Tr0ub4dor9");
});

it("turns unreadable files into fatal gaps with a place", () => {
  const source = compose("a:\n\t- b\n");
  const problem = { at: locate(source, 3, 4), message: "A tab cannot indent YAML", hint: "Use spaces." };
  expect(run(source, [], {}, { problems: [problem] }).gaps).toEqual([
    {
      about: "compose.yml",
      why: "A tab cannot indent YAML. Use spaces.",
      fatal: true,
      place: expect.objectContaining({ line: 2 }),
    },
  ]);
});
