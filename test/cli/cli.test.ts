import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { exitCode } from "../../src/cli/exit-code.ts";
import { useColor } from "../../src/cli/output.ts";
import { sample } from "../reporters/sample.ts";

const bin = fileURLToPath(new URL("../../dist/shipworthy.js", import.meta.url));
const trees: string[] = [];
afterAll(() => {
  for (const tree of trees) rmSync(tree, { recursive: true, force: true });
});

function project(files: Record<string, string>): string {
  const tree = mkdtempSync(join(tmpdir(), "project-"));
  trees.push(tree);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  return tree;
}

/** The built command line, with nothing of this machine's environment but the path. */
function run(cwd: string, ...args: string[]) {
  const env = { PATH: process.env["PATH"] ?? "", HOME: cwd };
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd,
    env,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

const compose = "services:\n  web:\n    image: nginx:1.29\n    ports: ['80:80']\n";

describe("usage", () => {
  const tree = project({ "compose.yml": compose, "shipworthy.yml": "" });

  it("prints version and help", () => {
    expect(run(tree, "--version")).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    const help = run(tree, "--help");
    expect(help.status).toBe(0);
    for (const word of ["audit", "explain", "Examples:", "Exit codes:"]) expect(help.stdout).toContain(word);
    expect(run(tree, "audit", "--help").stdout).toContain("--fail-on");
  });

  it.skipIf(process.getuid === undefined)("keeps compiled code of audits alone, not of wrong options", () => {
    const home = project({});
    const env = { PATH: process.env["PATH"] ?? "", HOME: home };
    const cached = () => existsSync(join(home, ".cache/shipworthy"));
    spawnSync(process.execPath, [bin, "audit", "--formt", "json", tree], { env });
    expect(cached()).toBe(false);
    spawnSync(process.execPath, [bin, "audit", tree], { env });
    expect(cached()).toBe(true);
  });

  it.each([
    [["audt"], "Did you mean audit?"],
    [["audit", "--formt", "json"], "Did you mean --format?"],
    [["audit", "--json", "--format", "sarif"], "'--json' cannot be used with option '-f, --format <FORMAT>'"],
    [["audit", "--format", "xml"], "Allowed choices are text, markdown, json, sarif, github"],
    [["audit", "absent"], 'There is no directory "absent".'],
    [["audit", "compose.yml"], "is a file"],
    [["audit", "--claim", "backup-restore"], 'Did you mean "backup-restores"?'],
    [["audit", "--config", "absent.yml"], "it does not exist"],
    [["audit", "--baseline", "compose.yml"], "is not a baseline"],
    [["audit", "--output", "compose.yml/x"], "cannot be written"],
    [["explain", "no-such/rule"], 'There is no rule or drill "no-such/rule".'],
  ])("%j ends with 2 and a hint", (args, message) => {
    const { status, stderr } = run(tree, ...args);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(message) });
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  it("refuses settings with the place and a suggestion", () => {
    const wrong = project({ "compose.yml": compose, "shipworthy.yml": "failon: low\n" });
    const { status, stderr } = run(wrong, "audit");
    expect(status).toBe(2);
    expect(stderr).toContain('shipworthy.yml:1:1: failon: unknown key, did you mean "failOn"?');
    expect(run(wrong, "audit", "--no-config", "--fail-on", "never").status).not.toBe(2);
  });

  it("lists claims and rules, and explains each rule", () => {
    expect(JSON.parse(run(tree, "claims", "--json").stdout)).toHaveLength(24);
    const rules = JSON.parse(run(tree, "rules", "--json").stdout) as { id: string }[];
    expect(run(tree, "rules").stdout.trim().split("\n")).toHaveLength(Math.max(1, rules.length));
    for (const { id } of rules.slice(0, 2)) expect(run(tree, "explain", id).stdout).toContain("## Bad");
  });
});

describe("audit", () => {
  const tree = project({ "compose.yml": compose });

  it("is quiet and plain when piped", () => {
    const { stdout, stderr } = run(tree, "audit", "--fail-on", "never");
    expect(stderr).toBe("");
    expect(stdout).not.toContain("\u001b");
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(/refuted, \d+ held/);
  });

  it("knows letters beyond ASCII as the tests of the sources do", () => {
    const readme = (tree: string): string =>
      `# Shop\n\n\`\`\`sh\n./deploy/restore.sh\n\`\`\`\n\n${tree} restore.sh\n`;
    const audited = (text: string): string =>
      run(project({ "compose.yml": compose, "README.md": text }), "audit", "--fail-on", "never", "--json")
        .stdout;
    expect(audited(readme("the"))).toContain("scripts/documented-command");
    expect(audited(readme("└──"))).not.toContain("scripts/documented-command");
  });

  it("says that it could not read JavaScript, and does not call that a whole audit", () => {
    const alone = project({ "package.json": "{}" });
    for (const file of ["shipworthy.js", "program.cjs"]) cpSync(join(dirname(bin), file), join(alone, file));
    const shop = project({
      "compose.yml": "services:\n  web:\n    build: .\n",
      Dockerfile: 'FROM node:22-slim\nCOPY . .\nCMD ["node", "server.js"]\n',
      "package.json": '{"dependencies": {"express": "5.1.0"}}',
      "server.js": 'require("express")().listen(3000);\n',
    });
    const { status, stdout } = spawnSync(
      process.execPath,
      [join(alone, "shipworthy.js"), "audit", shop, "--fail-on", "never"],
      { encoding: "utf8", env: { PATH: process.env["PATH"] ?? "", HOME: shop } },
    );
    expect(stdout).toMatch(/The reader of JavaScript and TypeScript cannot be\s+loaded/);
    expect(status).toBe(3);
  });

  it.each(["markdown", "json", "sarif"])("writes %s to a file", format => {
    const { stdout, status } = run(
      tree,
      "audit",
      "--format",
      format,
      "--output",
      "out/report",
      "--fail-on",
      "never",
    );
    expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
    expect(readFileSync(join(tree, "out/report"), "utf8").length).toBeGreaterThan(100);
    rmSync(join(tree, "out"), { recursive: true });
  });

  it("takes what is there as a baseline", () => {
    const bad = project({
      "compose.yml": "services:\n  db:\n    image: postgres:15\n    ports: ['5432:5432']\n",
    });
    const before = JSON.parse(run(bad, "audit", "--json").stdout) as { findings: unknown[] };
    expect(run(bad, "audit", "--write-baseline", "b.json").status).toBe(0);
    const after = run(bad, "audit", "--format", "json", "--baseline", "b.json", "--fail-on", "low");
    const report = JSON.parse(after.stdout) as { findings: unknown[]; accepted: unknown[] };
    expect([report.findings.length, report.accepted.length]).toEqual([0, before.findings.length]);
    expect(after.status).toBe(0);
  });

  it("says that there is nothing to audit", () => {
    const { status, stdout } = run(project({ "notes.txt": "x" }), "audit");
    expect(status).toBe(3);
    expect(stdout).toContain("It holds no Compose file");
  });

  it("audits the rest of a broken file, and ends with 3 or 1", () => {
    const { status, stdout, stderr } = run(
      project({ "compose.yml": "services:\n  web:\n\timage: x\n", "app/Dockerfile": "FROM x\n" }),
      "audit",
    );
    expect([1, 3]).toContain(status);
    expect(stdout).toContain("compose.yml:3");
    expect(stderr).toBe("");
  });

  it("survives a reader that goes away", async () => {
    const child = spawn(process.execPath, [bin, "audit", "--format", "json"], {
      cwd: tree,
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.destroy();
    let errors = "";
    child.stderr.on("data", data => {
      errors += data;
    });
    await new Promise(resolve => child.on("close", resolve));
    expect(errors).toBe("");
  });
});

describe("exit code", () => {
  const clean = { ...sample, findings: [], gaps: [] };
  it.each([
    ["findings at the threshold", { ...sample, gaps: [] }, "high", 1],
    [
      "findings below it",
      { ...sample, gaps: [], findings: sample.findings.filter(item => item.severity === "low") },
      "high",
      0,
    ],
    ["never", { ...sample, gaps: [] }, "never", 0],
    ["findings win over gaps", sample, "low", 1],
    ["gaps when nothing reaches the threshold", sample, "never", 3],
    ["a gap that is no failure", { ...clean, gaps: [{ about: "x", why: "y", fatal: false }] }, "low", 0],
    ["nothing", clean, "low", 0],
  ] as const)("%s", (_, report, failOn, code) => expect(exitCode(report, failOn)).toBe(code));
});

it.each([
  [{}, true, true],
  [{}, false, false],
  [{ TERM: "dumb" }, true, false],
  [{ NO_COLOR: "1" }, true, false],
  [{ NO_COLOR: "" }, true, true],
  [{ FORCE_COLOR: "1" }, false, true],
  [{ FORCE_COLOR: "0" }, true, false],
  [{ FORCE_COLOR: "1", NO_COLOR: "1" }, false, false],
])("colours with %j on a terminal (%s): %s", (env, terminal, expected) => {
  expect(useColor(env, terminal)).toBe(expected);
});
