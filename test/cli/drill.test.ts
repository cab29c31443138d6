import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { exitCodeOf } from "../../src/cli/drill.ts";
import { drillLine, drillSummary } from "../../src/cli/drill-text.ts";
import type { DrillReport, DrillRun, Outcome } from "../../src/core/drill.ts";

const bin = fileURLToPath(new URL("../../dist/shipworthy.js", import.meta.url));
const tree = mkdtempSync(join(tmpdir(), "drill-cli-"));
afterAll(() => rmSync(tree, { recursive: true, force: true }));
writeFileSync(
  join(tree, "compose.yml"),
  "name: shop\nservices:\n  web:\n    image: nginx:1.29\n    ports: ['80:80']\n    mem_limit: 64m\n",
);

/** With an engine that is not there. */
function run(...args: string[]) {
  const env = { PATH: process.env["PATH"] ?? "", HOME: tree, DOCKER_HOST: `unix://${tree}/none.sock` };
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: tree,
    env,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

describe("shipworthy drill without an engine", () => {
  it("lists what it would do, and needs no engine for that", () => {
    const { status, stdout } = run("drill", "--list");
    expect(status).toBe(0);
    expect(stdout).toContain("shop (compose.yml), in a clone of its own:");
    expect(stdout).toMatch(/recovery\/survives-kill +web\n/);
    expect(stdout).toMatch(/data\/data-survives-redeploy +nothing to do\n/);
    expect(stdout).not.toContain("MB of memory");
    expect(run("drill", "--plan").stdout).toContain("It will use up to 64 MB of memory in 1 containers");
  });

  it("keeps to the claims that are asked for", () => {
    const { stdout } = run("drill", "--list", "--claim", "survives-kill");
    expect(stdout).toContain("recovery/survives-kill");
    expect(stdout).not.toContain("boots-healthy");
  });

  it.each([
    [["drill", "--claim", "survive-kill"], 'Did you mean "survives-kill"?'],
    [["drill", "absent"], 'There is no directory "absent".'],
    [["drill"], "No engine answers at unix://"],
    [["lab", "clean"], "No engine answers at unix://"],
    [["audit", "--drills", "absent.json"], "cannot be read: it does not exist"],
    [["audit", "--drills", "compose.yml"], "is no report of drills"],
  ])("says what is wrong with %s", (args, words) => {
    const { status, stderr } = run(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain("at async");
  });

  it("makes nothing before it has an engine", () => {
    run("drill");
    expect(readdirSync(tree)).toEqual(["compose.yml"]);
  });

  it("explains a drill", () => {
    expect(run("explain", "recovery/survives-kill").stdout).toMatch(
      /^# A crashed service comes back by itself/,
    );
  });

  it("shows verdicts in the audit", () => {
    const report = reportOf("survives-kill", "web", "refuted");
    writeFileSync(join(tree, "drills.json"), JSON.stringify({ reports: [report] }));
    try {
      const { stdout } = run("audit", "--drills", "drills.json", "--fail-on", "never");
      expect(stdout).toMatch(/✗ survives-kill .*drills: 1 refuted \(web\)/);
      const json = JSON.parse(run("audit", "--drills", "drills.json", "--format", "json").stdout);
      const claim = json.claims.find((one: { id: string }) => one.id === "survives-kill");
      expect(claim.drills).toEqual([
        { drill: "x/survives-kill", subject: "web", outcome: "refuted", because: "It is down." },
      ]);
    } finally {
      rmSync(join(tree, "drills.json"));
    }
  });
});

function reportOf(claim: string, subject: string, outcome: Outcome): DrillReport {
  return {
    drill: `x/${claim}`,
    title: "T",
    claim,
    subject,
    outcome,
    because: "It is down.",
    ms: 1,
    journal: [],
  };
}

describe("what is printed", () => {
  const reports = [
    reportOf("a", "web", "proved"),
    reportOf("b", "db", "refuted"),
    reportOf("c", "", "not-applicable"),
  ];
  const whole: DrillRun = {
    ...{ project: "shop", files: ["compose.yml"], at: "2026-01-01T00:00:00Z", version: "1", engine: "20" },
    ...{ changes: ["web: 80 not published"], images: [], causes: [], reports },
  };

  it("has a line for each verdict, and what decided the bad ones", () => {
    expect(drillSummary(whole, false)).toBe(`
The clone is otherwise than the files in this:
  web: 80 not published

✗ refuted  x/b  db
      It is down.
✓ proved  x/a  web
- not applicable  x/c

1 proved, 1 refuted, 0 inconclusive, 1 not applicable.
`);
    const entry = { atMs: 1_500, phase: "holds" as const, what: "it serves", saw: "it runs" };
    expect(drillLine({ kind: "entry", entry }, false)).toBe("     1.5 s  holds    it serves: it runs\n");
  });

  it("ends with what was found", () => {
    expect(exitCodeOf(reports)).toBe(1);
    expect(exitCodeOf([reportOf("a", "web", "proved"), reportOf("a", "db", "inconclusive")])).toBe(3);
    expect(exitCodeOf([reportOf("a", "web", "proved"), reportOf("c", "", "not-applicable")])).toBe(0);
  });
});
