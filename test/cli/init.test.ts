import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";

const bin = fileURLToPath(new URL("../../dist/shipworthy.js", import.meta.url));
const trees: string[] = [];
afterAll(() => {
  for (const tree of trees) rmSync(tree, { recursive: true, force: true });
});

const application: Record<string, string> = {
  ".gitignore": "*.pyc\r\n",
  "requirements.txt": "fastapi==0.121.2\nuvicorn==0.38.0\nasyncpg==0.31.0\n",
  "main.py":
    'import os\nfrom fastapi import FastAPI\n\napp = FastAPI()\nurl = os.environ["DATABASE_URL"]\n\n\n@app.get("/health")\ndef health():\n    return {}\n',
};

function project(files: Record<string, string>): string {
  const tree = mkdtempSync(join(tmpdir(), "init-"));
  trees.push(tree);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  const git = (...words: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...words], { cwd: tree });
  git("init", "-q");
  git("add", "-A");
  git("commit", "-qm", "all");
  return tree;
}

function init(tree: string, ...words: string[]) {
  return spawnSync("node", [bin, "init", tree, ...words], { encoding: "utf8" });
}

it("shows what it would write, and writes nothing", () => {
  const tree = project(application);
  const { status, stdout, stderr } = init(tree, "--name", "shop");
  expect([status, stderr]).toEqual([1, "Nothing is written yet: add --write.\n"]);
  expect(stdout).toContain("the fastapi application in the root");
  expect(stdout).toContain("+++ b/compose.yml");
  expect(existsSync(join(tree, "compose.yml"))).toBe(false);
});

it("writes a stack of which git can take the patch", () => {
  const tree = project(application);
  const patch = join(tree, "stack.patch");
  init(tree, "--patch", patch);
  execFileSync("git", ["apply", "--check", patch], { cwd: tree });
});

it("says what no file of a deployment can mend", () => {
  const clean = init(project(application), "--write").stdout;
  expect(clean).not.toContain("Left for you");
  const open = { ...application, "requirements.txt": "fastapi\nuvicorn\nasyncpg\n" };
  expect(init(project(open), "--write").stdout).toMatch(
    /\n\nLeft for you:\n {2}medium +build\/unlocked-dependencies {2}Dockerfile:\d+\n +Dockerfile installs versions/,
  );
});

it("writes, keeps the line ends of what it adds to, and refuses a second time", () => {
  const tree = project(application);
  const first = init(tree, "--write", "--name", "My Shop!");
  expect([first.status, first.stderr]).toEqual([0, ""]);
  expect(readFileSync(join(tree, "compose.yml"), "utf8")).toContain("name: my-shop\n");
  expect(readFileSync(join(tree, ".gitignore"), "utf8")).toBe(
    "*.pyc\r\n\r\n# Settings and secrets of the server\r\n.env\r\nsecrets/\r\n",
  );
  expect(statSync(join(tree, "scripts/make-settings.sh")).mode & 0o111).not.toBe(0);
  const second = init(tree, "--write");
  expect(second.status).toBe(2);
  expect(second.stderr).toContain("compose.yml is a deployment already");
});

it("needs two words on the server, makes up the rest, and keeps it", () => {
  const tree = project(application);
  init(tree, "--write");
  const make = (env: Record<string, string>) =>
    spawnSync("sh", ["scripts/make-settings.sh"], {
      cwd: tree,
      encoding: "utf8",
      input: "",
      env: { PATH: process.env["PATH"]!, ...env },
    });
  const missing = make({});
  expect(missing.status).toBe(1);
  expect(missing.stderr).toContain("SITE_DOMAIN is not set");
  const given = { SITE_DOMAIN: "shop.example", ACME_EMAIL: "ops@shop.example" };
  expect(make(given).status).toBe(0);
  const settings = readFileSync(join(tree, ".env"), "utf8");
  expect(settings).toMatch(/^SITE_DOMAIN='shop\.example'$/m);
  expect(settings).toMatch(/^DB_PASSWORD='[0-9a-f]{48}'$/m);
  expect(statSync(join(tree, ".env")).mode & 0o077).toBe(0);
  expect(make({}).status).toBe(0);
  expect(readFileSync(join(tree, ".env"), "utf8")).toBe(settings);
});

it("says what is missing where there is nothing to ship", () => {
  const { status, stderr } = init(project({ "README.md": "hello\n" }));
  expect(status).toBe(2);
  expect(stderr).toContain("There is no web application here that is known.");
});
