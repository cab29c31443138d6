import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UserError } from "../core/user-error.ts";
import { readGitIndex } from "./git-index.ts";
import { openWorkspace } from "./workspace.ts";

let outside: string;
let root: string;

beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), "workspace-"));
  root = join(outside, "project");
  mkdirSync(root);
});
afterEach(() => rmSync(outside, { recursive: true, force: true }));

function put(path: string, content: string | Buffer = ""): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

describe("openWorkspace", () => {
  it("says what is wrong with the root", () => {
    put("file");
    const failure = (path: string): unknown => {
      try {
        return openWorkspace(path);
      } catch (error) {
        return error;
      }
    };
    expect(failure(join(root, "none"))).toBeInstanceOf(UserError);
    expect(failure(join(root, "none"))).toMatchObject({
      message: expect.stringContaining("no folder"),
      hint: expect.stringMatching(/./),
    });
    expect(failure(join(root, "file"))).toMatchObject({ message: expect.stringContaining("not a folder") });
  });

  it("lists files, and asks the disk only for what it did not enter", () => {
    for (const path of [
      "a.txt",
      "b/c/d.txt",
      "app/node_modules/x/y.js",
      ".git/config",
      "env/pyvenv.cfg",
      "env/lib/z.py",
      ".next/x",
    ])
      put(path);
    const workspace = openWorkspace(root);
    expect([...workspace.files.keys()].sort()).toEqual(["a.txt", "b/c/d.txt"]);
    expect(workspace.has("app/node_modules")).toBe("directory");
    expect(workspace.has("app/node_modules/x/y.js")).toBe("file");
    expect(workspace.has("app/node_modules/x/none.js")).toBeUndefined();
    expect(workspace.has("env/lib/z.py")).toBe("file");
    expect(workspace.has("./b//c/")).toBe("directory");
    expect(workspace.has("b/../a.txt")).toBe("file");
    expect(workspace.has("A.txt")).toBeUndefined();
    expect(workspace.has("")).toBe("directory");
    expect(workspace.has("..")).toBeUndefined();
    expect(workspace.paths).toEqual(["a.txt", "b/c/d.txt"]);
    expect(workspace.list("")).toEqual([".git", ".next", "a.txt", "app", "b", "env"]);
    expect(workspace.list("./b/")).toEqual(["c"]);
    expect(workspace.list("none")).toEqual([]);
  });

  it("answers as the disk does, wherever the walk ended", () => {
    put("a/b/f.txt");
    put("node_modules/x/f.txt");
    put("a/env/pyvenv.cfg");
    put("a/env/lib/f.txt");
    symlinkSync("a", join(root, "linked"));
    symlinkSync("node_modules/x", join(root, "package"));
    const { has } = openWorkspace(root);
    const part = fc.constantFrom(
      "a",
      "b",
      "env",
      "lib",
      "linked",
      "package",
      "node_modules",
      "x",
      "f.txt",
      "none",
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), parts => {
        const path = parts.join("/");
        const there = existsSync(join(root, path)) ? statSync(join(root, path)) : undefined;
        expect(has(path)).toBe(there?.isDirectory() ? "directory" : there?.isFile() ? "file" : undefined);
      }),
      { numRuns: 2_000 },
    );
  });

  it("has a link under a name that Compose loads, and no other link to a file of its own", () => {
    put("stacks/simple.yml", "services: {}\n");
    put("docker-compose.prod.yml", "services: {}\n");
    symlinkSync("stacks/simple.yml", join(root, "compose.yml"));
    symlinkSync("stacks/simple.yml", join(root, "simple.yml"));
    symlinkSync("docker-compose.prod.yml", join(root, "docker-compose.yml"));
    const { paths, read } = openWorkspace(root);
    expect([...paths].sort()).toEqual(["compose.yml", "docker-compose.prod.yml", "stacks/simple.yml"]);
    expect(read("compose.yml").source?.text).toBe("services: {}\n");
  });

  it("never leaves the root", () => {
    writeFileSync(join(outside, "secret"), "s");
    mkdirSync(join(outside, "elsewhere"));
    writeFileSync(join(outside, "elsewhere", "f"), "s");
    put("in/f", "inside");
    symlinkSync("../secret", join(root, "out"));
    symlinkSync("../elsewhere", join(root, "outdir"));
    symlinkSync("in/f", join(root, "link"));
    symlinkSync("in", join(root, "linkdir"));
    symlinkSync(".", join(root, "loop"));
    symlinkSync("circle", join(root, "circle"));
    symlinkSync("nowhere", join(root, "dangling"));
    const workspace = openWorkspace(root);
    expect(Object.fromEntries([...workspace.files].map(([path, entry]) => [path, entry.kind]))).toEqual({
      out: "link-out",
      outdir: "link-out",
      link: "link",
      linkdir: "link",
      loop: "link",
      circle: "link-out",
      dangling: "link-out",
      "in/f": "file",
    });
    expect(workspace.paths).toEqual(["in/f"]);
    expect(workspace.read("link").source?.text).toBe("inside");
    expect(workspace.read("linkdir/f").source?.text).toBe("inside");
    expect(workspace.has("linkdir/f")).toBe("file");
    expect(workspace.has("linkdir")).toBe("directory");
    for (const path of [
      "out",
      "outdir/f",
      "../secret",
      `${outside}/secret`,
      "in/../../secret",
      "circle",
      "dangling",
      "a\0b",
      "",
    ]) {
      expect(workspace.read(path).source).toBeUndefined();
      expect(workspace.read(path).problem).toBeDefined();
    }
    expect(workspace.has("outdir/f")).toBeUndefined();
    expect(workspace.has("out")).toBeUndefined();
  });

  it("reads text and tells what is none", () => {
    put("bom", "\ufeffa: 1\r\n");
    put("utf16", Buffer.from("\ufeffab", "utf16le"));
    const packages = "\ufeffdjango==5.2\r\n";
    put("requirements.txt", Buffer.from(packages, "utf16le"));
    put("requirements-dev.txt", Buffer.from(packages, "utf16le").swap16());
    put("binary", Buffer.from([1, 0, 2]));
    put("latin", Buffer.from("caf\xe9", "latin1"));
    put("large", "x".repeat(2 * 1024 * 1024 + 1));
    const pipe = spawnSync("mkfifo", [join(root, "pipe")]).status === 0;
    const workspace = openWorkspace(root);
    expect(workspace.read("bom")).toEqual({ source: { path: "bom", text: "\ufeffa: 1\r\n" } });
    expect(workspace.read("bom")).toBe(workspace.read("bom"));
    expect(workspace.read("utf16").problem?.message).toContain("is UTF-16, not UTF-8");
    // pip takes the encoding from the mark.
    for (const path of ["requirements.txt", "requirements-dev.txt"])
      expect(workspace.read(path)).toEqual({ source: { path, text: "django==5.2\r\n" } });
    expect(workspace.read("binary").problem?.message).toContain("binary");
    expect(workspace.read("large").problem?.message).toContain("2 MB");
    expect(workspace.read("latin")).toMatchObject({
      source: { text: "café" },
      problem: { message: expect.stringContaining("Latin-1") },
    });
    if (pipe) expect(workspace.read("pipe").problem?.message).toContain("not a file");
    expect(workspace.problems).toEqual([]);
  });

  it.skipIf(process.getuid?.() === 0)("reports what it may not read", () => {
    put("closed/f");
    chmodSync(join(root, "closed"), 0);
    expect(openWorkspace(root).problems.map(problem => problem.at.file)).toEqual(["closed"]);
    chmodSync(join(root, "closed"), 0o755);
  });

  it("knows what is ignored, also without git", () => {
    put(".gitignore", ".env\nnode_modules/\n");
    put("app/.gitignore", "!.env\n");
    put("app/node_modules/x");
    const workspace = openWorkspace(root);
    expect(
      [".env", "app/.env", "api/.env", "app/node_modules", "app/node_modules/x", "a"].map(workspace.ignored),
    ).toEqual([true, false, true, true, true, false]);
    expect(workspace.tracked("app")).toBeUndefined();
  });
});

const hasGit = spawnSync("git", ["--version"]).status === 0;

describe.skipIf(!hasGit)("what git knows", () => {
  const git = (...args: string[]): string =>
    execFileSync(
      "git",
      ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "core.quotepath=off", ...args],
      { cwd: root, encoding: "utf8" },
    );

  it.each([2, 3, 4])("is read from an index of version %i", version => {
    git("init", "-q");
    git("config", "index.version", String(version));
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.string({ unit: fc.constantFrom(..."ab/é-".split("")), minLength: 1, maxLength: 12 }),
          { maxLength: 12 },
        ),
        names => {
          git("read-tree", "--empty");
          const usable = names.filter(name => /^[^/-]+(?:\/[^/-]+)*$/.test(name));
          for (const [i, name] of usable.entries()) {
            const taken = usable.some(
              other => other !== name && (other.startsWith(`${name}/`) || name.startsWith(`${other}/`)),
            );
            if (taken) continue;
            put(name, String(i));
            git("update-index", "--add", ...(version === 3 && i % 2 ? ["--info-only"] : []), name);
          }
          const expected = git("ls-files", "-z")
            .split("\0")
            .filter(name => name !== "")
            .sort();
          expect([...(openWorkspace(root).trackedPaths() ?? [])].sort()).toEqual(expected);
          git("rm", "-rq", "-f", "--ignore-unmatch", ".");
        },
      ),
      { numRuns: 8 },
    );
  });

  it("tells tracked files, folders and modes, also from a folder of the repository", () => {
    put("app/run.sh", "#!/bin/sh\n");
    put("app/start.sh", "#!/bin/sh\n");
    put("app/.env", "");
    put(".gitignore", "*.local\n");
    put("app/x.local", "");
    git("init", "-q");
    git("add", "app/run.sh", "app/start.sh");
    git("update-index", "--chmod=+x", "app/run.sh");
    for (const [folder, prefix] of [
      [root, "app/"],
      [join(root, "app"), ""],
    ] as const) {
      const workspace = openWorkspace(folder);
      expect(["run.sh", ".env"].map(name => workspace.tracked(prefix + name))).toEqual([true, false]);
      expect(workspace.executable(`${prefix}run.sh`)).toBe(true);
      expect(workspace.executable(`${prefix}start.sh`)).toBe(false);
      expect(workspace.ignored(`${prefix}x.local`)).toBe(true);
    }
    expect(openWorkspace(root).tracked("app")).toBe(true);
    expect(openWorkspace(root).tracked("none")).toBe(false);
    writeFileSync(join(root, ".git/info/exclude"), "run.sh\n");
    expect(openWorkspace(root).ignored("app/run.sh")).toBe(true);
  });

  it("a worktree's file is no folder of git", () => {
    put(".git", "gitdir: /elsewhere\n");
    expect(openWorkspace(root).tracked("a")).toBeUndefined();
  });

  it("never throws on a damaged index", () => {
    put("a");
    put("b/c");
    git("init", "-q");
    git("add", ".");
    const good = execFileSync("cat", [join(root, ".git/index")]);
    expect(readGitIndex(good)?.entries.size).toBe(2);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, length) => {
        const bad = Buffer.from(good.subarray(0, length));
        if (at < bad.length) bad[at] = byte;
        readGitIndex(bad);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("speed", () => {
  it("walks a large tree quickly", () => {
    for (let i = 0; i < 100; i++) {
      mkdirSync(join(root, `d${i}`));
      for (let j = 0; j < 100; j++) writeFileSync(join(root, `d${i}/f${j}`), "");
    }
    const started = performance.now();
    expect(openWorkspace(realpathSync(root)).files.size).toBe(10_000);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
