import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { claims as ourClaims } from "../../src/claims/claims.ts";
import { rules } from "../../src/rules/registry.generated.ts";
import type { RunFinding } from "../../tools/recall-match.ts";
import { compare, shares } from "../../tools/recall-match.ts";
import { percentage, printed } from "../../tools/recall-print.ts";
import { placeOf, readMap, readTruth } from "../../tools/recall-truth.ts";

const truth = readTruth({
  missed: [
    {
      id: "M1",
      severity: "critical",
      title: "no such stage",
      evidence: ["compose.yml:20", "absent:web/public"],
    },
    {
      id: "M2",
      severity: "high",
      title: "the log says so",
      evidence: ["post:1", "seed:9"],
      rule_class: "history",
    },
    { id: "M3", severity: "high", title: "drift", evidence: ["api/models.py:3-5"] },
  ],
  claims: [
    {
      id: "C1",
      kind: "finding",
      verdict: "true",
      text: "port open",
      review_severity: "P1",
      evidence: ["backend:compose.yml:7"],
    },
    { id: "C2", kind: "finding", verdict: "false", text: "nonsense", evidence: ["web/nginx.conf:8"] },
    { id: "C3", kind: "strength", verdict: "true", text: "good", evidence: ["compose.yml:1"] },
    { id: "S1", kind: "strength", verdict: "false", text: "backups in place", evidence: ["backup.sh:1"] },
  ],
  false_positive_traps: [
    { what: "curl is in that image", why_fine: "it is", evidence: ["web/Dockerfile:23"] },
  ],
});

const finding = (
  rule: string,
  file: string,
  line: number,
  more: Partial<RunFinding> & { endLine?: number } = {},
): RunFinding => ({
  rule,
  severity: more.severity ?? "high",
  subject: more.subject ?? "",
  message: more.message ?? "",
  evidence: [{ file, line, endLine: more.endLine ?? line, shows: "" }],
});

const outcomeOf = (id: string, findings: readonly RunFinding[], map?: Record<string, unknown>) => {
  const recall = compare(truth, findings, map === undefined ? undefined : readMap(map));
  return [...recall.missed, ...recall.claims].find(one => one.item.id === id)?.outcome;
};

test("evidence strings become places", () => {
  expect(placeOf("a/b.yml:3")).toEqual({ kind: "lines", file: "a/b.yml", from: 3, to: 3 });
  expect(placeOf("backend:a/b.yml:3-9")).toEqual({ kind: "lines", file: "backend:a/b.yml", from: 3, to: 9 });
  expect(placeOf("absent:backend:.env")).toEqual({ kind: "absent", file: "backend:.env" });
  expect(placeOf("frontend:nginx.conf")).toEqual({
    kind: "lines",
    file: "frontend:nginx.conf",
    from: 1,
    to: 1,
  });
  expect(placeOf("seed:12")).toBeUndefined();
  expect(placeOf("post:scripts/x.sh:12")).toBeUndefined();
  expect(placeOf("git: ls-tree abc venv 12 entries")).toBeUndefined();
});

test("only true findings of the review are asked for", () => {
  expect(compare(truth, []).claims.map(one => one.item.id)).toEqual(["C1"]);
});

test("within three lines is a candidate, beyond is not", () => {
  expect(outcomeOf("M1", [finding("build/target", "compose.yml", 23)])).toBe("candidate");
  expect(outcomeOf("M1", [finding("build/target", "compose.yml", 24)])).toBe("not found");
  expect(outcomeOf("M1", [finding("build/target", "other.yml", 20)])).toBe("not found");
});

test("a finding about a whole block points at its first line only", () => {
  expect(outcomeOf("M1", [finding("build/target", "compose.yml", 5, { endLine: 18 })])).toBe("not found");
  expect(outcomeOf("M1", [finding("build/target", "compose.yml", 12, { endLine: 18 })])).toBe("candidate");
});

test("a path that is absent is found by its name, whole or from its context", () => {
  expect(outcomeOf("M1", [finding("build/copy", "x", 1, { message: "web/public is not there" })])).toBe(
    "candidate",
  );
  expect(outcomeOf("M1", [finding("build/copy", "x", 1, { message: "/app/public is not there" })])).toBe(
    "candidate",
  );
  expect(outcomeOf("M1", [finding("build/copy", "x", 1, { message: "a republic is there" })])).toBe(
    "not found",
  );
});

test("with a map only the rules that are listed count", () => {
  const there = [finding("build/target", "compose.yml", 20)];
  expect(outcomeOf("M1", there, { M1: ["build/target"] })).toBe("found");
  expect(outcomeOf("M1", there, { M1: ["health/tool"] })).toBe("not found");
  expect(outcomeOf("M1", there, { M1: [] })).toBe("not found");
  expect(outcomeOf("M1", there, { M2: ["build/target"] })).toBe("candidate");
});

test("what files cannot show stands apart, with the reason", () => {
  const recall = compare(
    truth,
    [finding("x/y", "api/models.py", 4)],
    readMap({ M3: { needs: "drill", why: "makemigrations" } }),
  );
  expect(recall.missed[1]).toMatchObject({
    outcome: "apart",
    class: "history",
    by: ["no audited file is named: post:1, seed:9"],
  });
  expect(recall.missed[2]).toMatchObject({ outcome: "apart", by: ["needs drill: makemigrations"] });
  expect(shares(recall.missed, () => "all")).toEqual([{ of: "all", found: 0, candidates: 0, all: 1 }]);
});

test("places of several repositories are told apart", () => {
  expect(outcomeOf("C1", [finding("access/port", "backend:compose.yml", 7)])).toBe("candidate");
  expect(outcomeOf("C1", [finding("access/port", "compose.yml", 7)])).toBe("not found");
});

test("a trap is reported at its own line, at medium or above, as the primary place", () => {
  const wrong = (...findings: RunFinding[]) => compare(truth, findings).wrong.length;
  expect(wrong(finding("health/tool", "web/Dockerfile", 23))).toBe(1);
  expect(wrong(finding("health/tool", "web/Dockerfile", 24))).toBe(0);
  expect(wrong(finding("health/tool", "web/Dockerfile", 23, { severity: "low" }))).toBe(0);
  const second = finding("health/tool", "compose.yml", 1);
  expect(
    wrong({
      ...second,
      evidence: [...second.evidence, { file: "web/Dockerfile", line: 23, endLine: 23, shows: "" }],
    }),
  ).toBe(0);
});

test("with a map a trap catches only the rules that it names", () => {
  const there = [finding("health/tool", "web/Dockerfile", 23)];
  expect(compare(truth, there, readMap({ "trap-1": ["build/user"] })).wrong).toEqual([]);
  expect(compare(truth, there, readMap({ "trap-1": ["health/tool"] })).wrong).toMatchObject([
    { judged: true },
  ]);
});

test("the print has shares for each severity and class, rounded down", () => {
  const recall = compare(
    truth,
    [finding("build/target", "compose.yml", 20)],
    readMap({ M1: ["build/target"], M3: { rules: [], class: "data" } }),
  );
  const text = printed(recall);
  expect(text).toContain("critical: 1 of 1 (100 %)");
  expect(text).toContain("class data: 0 of 1 (0 %)");
  expect(text).toContain("all that files can show: 1 of 2 (50 %)");
  expect(percentage(599, 1000)).toBe(59);
});

test("a file that is something else is refused", () => {
  expect(() => readTruth([])).toThrow("truth file");
  expect(() => readMap("x")).toThrow("map file");
});

test("a finding of the review that is none must not be repeated, at any severity", () => {
  const there = [finding("proxy/headers", "web/nginx.conf", 8, { severity: "low" })];
  expect(compare(truth, there).wrong).toMatchObject([{ trap: { id: "C2" }, judged: false }]);
  expect(compare(truth, there, readMap({ C2: ["proxy/headers"] })).wrong).toMatchObject([{ judged: true }]);
  expect(compare(truth, there, readMap({ C2: { rules: [], why: "it says something else" } })).wrong).toEqual(
    [],
  );
  const text = printed(compare(truth, there, readMap({ C2: ["proxy/headers"] })));
  expect(text).toContain("wrong    C2 low proxy/headers web/nginx.conf:8");
  expect(text).toContain("findings of the review that are none: 1, repeated: 1 (C2)");
});

test("a strength that is not there is refuted, undecided, or wrongly held", () => {
  const verdictOf = (entry: unknown, ...claims: { id: string; verdict: string }[]) =>
    compare(truth, [], readMap({ S1: entry }), claims).praise[0];
  const mapped = { rules: [], claims: ["backup-restores", "survives-kill"] };
  const [refuted, held, open] = ["refuted", "held", "undecided"].map(verdict => ({
    id: "backup-restores",
    verdict,
  })) as [{ id: string; verdict: string }, { id: string; verdict: string }, { id: string; verdict: string }];
  expect(verdictOf(mapped, refuted)).toMatchObject({ verdict: "refuted", by: ["backup-restores"] });
  expect(verdictOf(mapped, open)).toMatchObject({ verdict: "undecided" });
  // One repository of several that holds it is enough to praise what is not there.
  expect(verdictOf(mapped, refuted, held)).toMatchObject({ verdict: "held" });
  expect(verdictOf({ rules: [], needs: "nothing", why: "a document" }, held)).toMatchObject({
    verdict: "apart",
    by: ["a document"],
  });
  expect(verdictOf([], held)).toMatchObject({ verdict: "unmapped" });
  expect(printed(compare(truth, [], readMap({ S1: mapped }), [held]))).toContain("held, which is wrong (1)");
});

test("what is not decidable on paper is listed with the drill that decides it", () => {
  const map = readMap({ M3: { needs: "drill", drill: "migrates-safely", why: "makemigrations has to run" } });
  const text = printed(compare(truth, [], map), ourClaims);
  expect(text).toContain(
    "NOT DECIDABLE ON PAPER\n    M3 drift\n      makemigrations has to run; drill migrates-safely: Migrate from",
  );
  expect(printed(compare(truth, [], readMap({ M3: { needs: "drill" } })), ourClaims)).toContain(
    "no drill is named",
  );
});

const corpus = new URL("../corpus/", import.meta.url);
const maps = readdirSync(corpus).filter(name => name.endsWith(".map.json"));

test.each(maps)("%s names rules and claims that exist, and a drill for what needs one", name => {
  const map = readMap(JSON.parse(readFileSync(new URL(name, corpus), "utf8")));
  expect(map.size).toBeGreaterThan(10);
  const known = new Set(rules.map(rule => rule.id));
  const promises = new Set(ourClaims.map(claim => claim.id));
  for (const [id, entry] of map) {
    expect(
      entry.rules.filter(rule => !known.has(rule)),
      id,
    ).toEqual([]);
    expect(
      (entry.claims ?? []).filter(claim => !promises.has(claim)),
      id,
    ).toEqual([]);
    if (entry.needs === "drill") expect(promises.has(entry.drill ?? ""), `${id} names no drill`).toBe(true);
    if (entry.needs !== undefined) expect(entry.why ?? "", id).not.toBe("");
  }
});
