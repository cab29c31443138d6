import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { afterAll, describe, expect, it } from "vitest";

const bin = fileURLToPath(new URL("../../dist/shipworthy.js", import.meta.url));
const trees: string[] = [];
afterAll(() => {
  for (const tree of trees) rmSync(tree, { recursive: true, force: true });
});

const compose = "# ours\nservices:\n  web: # the site\n    image: nginx:1.29\n    ports: ['80:80']\n";
const restart = "    image: nginx:1.29\n    restart: unless-stopped\n";

function project(files: Record<string, string>, git = true): string {
  const tree = mkdtempSync(join(tmpdir(), "fix-"));
  trees.push(tree);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  if (git) commit(tree);
  return tree;
}

/** Of all programs git alone: others that are here or not must not decide a test, and take their time. */
const programs = mkdtempSync(join(tmpdir(), "programs-"));
trees.push(programs);
for (const program of ["git", "script"]) {
  const found = spawnSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).stdout.trim();
  if (found !== "") symlinkSync(found, join(programs, program));
}
const env = (home: string, path = programs) => ({ PATH: path, HOME: home });

function git(tree: string, ...words: string[]): string {
  const name = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
  return execFileSync("git", [...name, ...words], {
    cwd: tree,
    env: env(tree),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function commit(tree: string): void {
  git(tree, "init", "-q");
  git(tree, "add", "-A");
  git(tree, "commit", "-qm", "all");
}

function fix(tree: string, ...args: string[]) {
  return fixWith(env(tree), tree, ...args);
}

function fixWith(environment: Record<string, string>, tree: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, "fix", ...args], {
    ...{ cwd: tree, env: environment, encoding: "utf8", timeout: 60_000 },
  });
  // A stack trace is for --debug; a user gets a sentence.
  expect(stdout + stderr).not.toMatch(/\n\s+at \S+ \(|TypeError|RangeError|defect of ours/);
  return { status, stdout, stderr };
}

const read = (tree: string, path = "compose.yml"): string => readFileSync(join(tree, path), "utf8");

describe("a dry run", () => {
  it("shows each fix with its diff, and changes nothing", () => {
    const tree = project({ "compose.yml": compose });
    const { status, stdout } = fix(tree, "--rule", "recovery/restart-policy");
    expect(status).toBe(1);
    expect(stdout).toContain("Restart unless stopped  safe, recovery/restart-policy");
    expect(stdout).toContain("--- a/compose.yml\n+++ b/compose.yml\n@@ -2,4 +2,5 @@\n");
    expect(stdout).toContain("\n+    restart: unless-stopped\n");
    expect(stdout).toContain("Not written: 1 fix in 1 file");
    expect(read(tree)).toBe(compose);
    expect(git(tree, "status", "--porcelain")).toBe("");
  });

  it("has no colours in a pipe", () => {
    const tree = project({ "compose.yml": compose });
    expect(fix(tree).stdout).not.toContain("\u001b");
    expect(fixWith({ ...env(tree), FORCE_COLOR: "1" }, tree).stdout).toContain("\u001b[32m+");
  });

  it("ends with 0 when nothing is to be done", () => {
    const tree = project({ "compose.yml": compose });
    const { status, stdout } = fix(tree, "--rule", "health/probe-tool");
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining("Nothing to fix") });
  });

  it("ends with 3 when it could not look", () => {
    const { status, stdout } = fix(project({ "notes.txt": "" }, false));
    expect({ status, stdout }).toEqual({
      status: 3,
      stdout: expect.stringContaining("It holds no Compose file"),
    });
  });

  it("masks secrets in what it shows, and not in the patch", () => {
    const secret = `${compose}    environment:\n      SECRET_KEY: kq83hf71bznmx02\n`.replace(
      "image: nginx:1.29",
      "image: shop:1",
    );
    const tree = project({ "compose.yml": secret });
    const { stdout } = fix(tree, "--rule", "recovery/restart-policy", "--patch", "out.patch");
    expect(stdout).not.toContain("kq83hf71bznmx02");
    expect(fix(tree, "--json").stdout).not.toContain("kq83hf71bznmx02");
    git(tree, "apply", "out.patch");
    expect(read(tree)).toContain("kq83hf71bznmx02");
  });
});

describe("--write", () => {
  it("asks git about no file that it leaves alone", () => {
    const tree = project({ "compose.yml": compose, "old.txt": "old\n", "pages/index.html": "" });
    symlinkSync("pages", join(tree, "linked"));
    symlinkSync("nowhere", join(tree, "dangling"));
    git(tree, "add", "-A");
    git(tree, "commit", "-qm", "links");
    rmSync(join(tree, "old.txt"));
    const { status, stdout } = fix(tree, "--write", "--rule", "health/probe-tool");
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining("Nothing to fix") });
    expect(fix(tree, "--write", "--rule", "recovery/restart-policy").status).toBe(0);
  });

  it("writes, keeps modes and line ends, and says how to undo", () => {
    const windows = compose.replaceAll("\n", "\r\n");
    const tree = project({ "compose.yml": windows });
    chmodSync(join(tree, "compose.yml"), 0o640);
    const { status, stdout } = fix(tree, "--write", "--rule", "recovery/restart-policy");
    expect(status).toBe(0);
    expect(read(tree)).toBe(compose.replace("    image: nginx:1.29\n", restart).replaceAll("\n", "\r\n"));
    expect(stdout).toContain("To undo:\n  git restore -- compose.yml");
    expect(git(tree, "status", "--porcelain")).toBe(" M compose.yml\n");
    execFileSync("/bin/sh", ["-c", "git restore -- compose.yml"], { cwd: tree, env: env(tree) });
    expect(read(tree)).toBe(windows);
  });

  it("changes nothing when it is run again", () => {
    const tree = project({ "compose.yml": compose });
    fix(tree, "--write", "--needs-testing");
    const after = read(tree);
    git(tree, "commit", "-qam", "fixed");
    expect(fix(tree, "--write", "--needs-testing").status).toBe(0);
    expect(read(tree)).toBe(after);
  });

  it("keeps a patch that undoes it where there is no git", () => {
    const tree = project({ "compose.yml": compose }, false);
    const { status, stdout } = fix(tree, "--write");
    expect(status).toBe(0);
    expect(read(tree)).not.toBe(compose);
    const [, command] = /To undo:\n {2}(git apply \.shipworthy\/undo-[\d-]+\.patch)/.exec(stdout)!;
    execFileSync("/bin/sh", ["-c", command!], { cwd: tree, env: env(tree) });
    expect(read(tree)).toBe(compose);
  });

  it("works where git is not installed", () => {
    const tree = project({ "compose.yml": compose }, false);
    const { status, stdout } = fixWith(env(tree, "/nowhere"), tree, "--write");
    expect(status).toBe(0);
    expect(stdout).toContain("patch -p1 < .shipworthy/undo-");
  });
});

describe("a dirty tree", () => {
  it("is refused for the files that would change, and for no others", () => {
    const tree = project({ "compose.yml": compose, "README.md": "a\n" });
    writeFileSync(join(tree, "README.md"), "b\n");
    expect(fix(tree, "--write").status).toBe(0);
    git(tree, "checkout", "-q", ".");
    writeFileSync(join(tree, "compose.yml"), `${compose}# mine\n`);
    const { status, stderr } = fix(tree, "--write");
    expect(status).toBe(2);
    expect(stderr).toContain("compose.yml (changes that are not committed)");
    expect(read(tree)).toBe(`${compose}# mine\n`);
  });

  it("counts what is staged, what is in no commit, and what is not in git", () => {
    const staged = project({ "compose.yml": compose });
    writeFileSync(join(staged, "compose.yml"), `${compose}# mine\n`);
    git(staged, "add", "-A");
    expect(fix(staged, "--write").stderr).toContain("compose.yml (changes that are not committed)");
    const first = project({ "compose.yml": compose }, false);
    git(first, "init", "-q");
    expect(fix(first, "--write").stderr).toContain("compose.yml (not in git)");
    git(first, "add", "-A");
    expect(fix(first, "--write").stderr).toContain("compose.yml (changes that are not committed)");
  });

  it("is written all the same with --allow-dirty, and can be undone", () => {
    const tree = project({ "compose.yml": compose });
    writeFileSync(join(tree, "compose.yml"), `${compose}# mine\n`);
    const { status, stdout } = fix(tree, "--write", "--allow-dirty");
    expect(status).toBe(0);
    expect(read(tree)).toContain("restart: unless-stopped");
    const [, command] = /To undo:\n {2}(.+)/.exec(stdout)!;
    execFileSync("/bin/sh", ["-c", command!], { cwd: tree, env: env(tree) });
    expect(read(tree)).toBe(`${compose}# mine\n`);
  });

  it("runs nothing that a hostile repository names", () => {
    const tree = project({ "compose.yml": compose, ".gitattributes": "* filter=evil diff=evil\n" });
    const evil = join(tree, "evil.sh");
    writeFileSync(evil, `#!/bin/sh\ntouch '${tree}/owned'\ncat\n`, { mode: 0o755 });
    for (const key of [
      "core.fsmonitor",
      "filter.evil.clean",
      "filter.evil.smudge",
      "diff.evil.command",
      "diff.evil.textconv",
      "diff.external",
      "core.pager",
    ])
      git(tree, "config", key, evil);
    writeFileSync(join(tree, ".git/hooks/post-index-change"), readFileSync(evil), { mode: 0o755 });
    fix(tree, "--write");
    expect(existsSync(join(tree, "owned"))).toBe(false);
  });
});

describe("wrong usage and files that cannot be written", () => {
  it.each([
    [["--safe", "--big-change"], "More than one level"],
    [["--rule", "recovery/restart-polcy"], 'Did you mean "recovery/restart-policy"?'],
    [["--interactive"], "this is no terminal"],
    [["--interactive", "--json"], "--json cannot ask questions"],
    [["absent"], 'There is no directory "absent"'],
    [["--patch", "compose.yml/x"], "cannot be written"],
    [["--wirte"], "Did you mean --write?"],
  ])("%j ends with 2 and a hint", (args, message) => {
    const { status, stderr } = fix(project({ "compose.yml": compose }), ...args);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(message) });
  });

  it("applies nothing when one file is read-only", () => {
    const tree = project({ "a/compose.yml": compose, "b/compose.yml": compose });
    chmodSync(join(tree, "b/compose.yml"), 0o444);
    const { status, stderr } = fix(tree, "--write");
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining("b/compose.yml is read-only. Nothing was changed."),
    });
    expect(read(tree, "a/compose.yml")).toBe(compose);
  });

  it("does not write through a link", () => {
    const tree = project({ "real/compose.yml": compose });
    rmSync(join(tree, ".git"), { recursive: true });
    symlinkSync("real/compose.yml", join(tree, "compose.yml"));
    commit(tree);
    const { stdout } = fix(tree, "--write");
    expect(read(tree, "real/compose.yml")).toContain("restart: unless-stopped");
    expect(stdout).toContain("Written");
  });

  it("finishes an interrupted run first, and says so", () => {
    const tree = project({ "compose.yml": compose });
    mkdirSync(join(tree, ".shipworthy"));
    const journal = {
      version: 1,
      state: "prepare",
      process: 0,
      boot: "",
      directories: [],
      entries: [{ path: "compose.yml", temporary: ".compose.yml.shipworthy-0123456789ab", after: "" }],
    };
    writeFileSync(join(tree, ".compose.yml.shipworthy-0123456789ab"), "half");
    writeFileSync(join(tree, ".shipworthy/journal.json"), JSON.stringify(journal));
    const { stderr } = fix(tree);
    expect(stderr).toContain("An interrupted run was undone: compose.yml.");
    expect(existsSync(join(tree, ".compose.yml.shipworthy-0123456789ab"))).toBe(false);
  });
});

describe("--interactive", () => {
  /** A terminal made by script(1), where there is one. */
  const script = spawnSync("script", ["--version"]).status === 0;

  it.skipIf(!script)("asks for each fix, and writes those that were taken", () => {
    const tree = project({ "compose.yml": compose });
    const rules = "--rule observe/log-rotation --rule recovery/restart-policy";
    const { stdout } = spawnSync(
      "script",
      ["-qec", `${process.execPath} ${bin} fix --interactive ${rules}`, "/dev/null"],
      {
        ...{ cwd: tree, env: { ...env(tree), TERM: "dumb" }, encoding: "utf8", timeout: 60_000 },
        input: "x\nn\ny\n",
      },
    );
    expect(read(tree)).toBe(compose.replace("    image: nginx:1.29\n", restart));
    expect(stdout).toContain("Make this change (2 of 2)?");
    expect(stdout).toContain("y: make it, n: leave it");
  });
});

describe("the order of work", () => {
  const fits = (name: string, text: string) => {
    const schema = JSON.parse(
      readFileSync(new URL(`../../schema/${name}.schema.json`, import.meta.url), "utf8"),
    );
    const validate = new Ajv({ allErrors: true }).compile(schema);
    validate(JSON.parse(text));
    return validate.errors ?? [];
  };

  it("names steps and decisions by phase, and writes nothing", () => {
    const tree = project({ "compose.yml": compose });
    const { status, stdout } = fix(tree, "--roadmap");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Immediate {2}safe to apply now/);
    expect(stdout).toContain("1. high  Restart unless stopped");
    expect(git(tree, "status", "--porcelain")).toBe("");
  });

  it("and the fixes fit their schemas as JSON", () => {
    const tree = project({ "compose.yml": compose });
    expect(fits("roadmap", fix(tree, "--roadmap", "--json").stdout)).toEqual([]);
    expect(fits("fixes", fix(tree, "--needs-testing", "--json").stdout)).toEqual([]);
    expect(fits("roadmap", fix(tree, "--json").stdout)).not.toEqual([]);
  });

  it("takes no level, and is not written", () => {
    const { status, stderr } = fix(project({ "compose.yml": compose }), "--roadmap", "--write");
    expect(status).toBe(2);
    expect(stderr).toContain("Leave out the level");
  });
});
