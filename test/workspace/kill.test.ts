import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { finishWrite } from "../../src/workspace/write.ts";

/** The writer as a process of its own, which is killed with SIGKILL. */
const folder = mkdtempSync(join(tmpdir(), "kill-"));
const writer = join(folder, "writer.cjs");
const killer = join(folder, "killer.cjs");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const old: Readonly<Record<string, string>> = {
  "compose.yml": "services: {}\n".repeat(400),
  "scripts/run.sh": "#!/bin/sh\n",
};
const fresh: Readonly<Record<string, string>> = {
  "compose.yml": "# new\n".repeat(30_000),
  "scripts/run.sh": "#!/bin/sh\nset -e\n",
  "backup/new/keep.sh": "#!/bin/sh\necho\n",
};

beforeAll(() => {
  const changes = Object.entries(fresh).map(([file, after]) => ({ file, before: old[file], after }));
  const module = fileURLToPath(new URL("../../src/workspace/write.ts", import.meta.url));
  buildSync({
    ...{ bundle: true, platform: "node", format: "cjs", outfile: writer, logLevel: "error" },
    stdin: {
      contents: `import { writeFiles } from ${JSON.stringify(module)};
        process.stdout.write("start\\n");
        writeFiles(process.argv[2], ${JSON.stringify(changes)});`,
      resolveDir: dirname(module),
    },
  });
  // Dies in the n-th call that reaches the disk.
  writeFileSync(
    killer,
    `const fs = require("node:fs");
    let left = Number(process.env.KILL_AT);
    const names = ["openSync", "writeFileSync", "fsyncSync", "closeSync", "renameSync", "rmSync", "mkdirSync", "chmodSync", "rmdirSync"];
    for (const name of names) {
      const original = fs[name];
      fs[name] = (...words) => {
        if (left-- === 0) {
          // A write may end in its middle.
          const half = words[1]?.slice?.(0, words[1].length / 2);
          try { if (name === "writeFileSync") original(words[0], half, words[2]); } catch {}
          process.kill(process.pid, "SIGKILL");
        }
        return original(...words);
      };
    }
    process.on("exit", () => process.stdout.write("calls left " + left));`,
  );
});

function lay(): string {
  const root = mkdtempSync(join(folder, "root-"));
  for (const [path, text] of Object.entries(old)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode: path.endsWith(".sh") ? 0o755 : 0o644 });
  }
  return root;
}

/** Every file whole, and after the next run all of them old or all of them new, with nothing left beside them. */
function inspect(root: string, when: string): "old" | "new" {
  const texts = (): Map<string, string | undefined> =>
    new Map(Object.keys(fresh).map(path => [path, textOf(root, path)]));
  for (const [path, text] of texts())
    expect([old[path], fresh[path]].includes(text), `${path} is torn when killed ${when}`).toBe(true);
  finishWrite(root);
  const after = texts();
  const isOld = [...after].every(([path, text]) => text === old[path]);
  const isNew = [...after].every(([path, text]) => text === fresh[path]);
  expect(isOld || isNew, `some files are old and some are new when killed ${when}`).toBe(true);
  const known = new Set([...Object.keys(isNew ? fresh : old), ".shipworthy/.gitignore"]);
  const files = readdirSync(root, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(root.length + 1))
    // An unfinished journal, which names nothing yet.
    .filter(path => !/^\.shipworthy\/journal-/.test(path));
  expect(
    files.filter(path => !known.has(path)),
    `left behind when killed ${when}`,
  ).toEqual([]);
  expect(statSync(join(root, "scripts/run.sh")).mode & 0o777).toBe(0o755);
  return isNew ? "new" : "old";
}

function textOf(root: string, path: string): string | undefined {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch {
    return undefined;
  }
}

it("leaves every file old or new when it is killed before any call that reaches the disk", () => {
  const seen = { old: 0, new: 0 };
  for (let call = 0; call < 300; call++) {
    const root = lay();
    const { signal, stdout, status } = spawnSync(process.execPath, ["-r", killer, writer, root], {
      ...{ encoding: "utf8", env: { KILL_AT: String(call) } },
    });
    seen[inspect(root, `at call ${call}`)]++;
    rmSync(root, { recursive: true });
    if (signal === "SIGKILL") continue;
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining("calls left") });
    break;
  }
  // It was killed on both sides of the moment in which the new files become the truth.
  expect(seen.old).toBeGreaterThan(10);
  expect(seen.new).toBeGreaterThan(5);
}, 120_000);

it("leaves every file old or new when it is killed at any moment", async () => {
  // Fixed moments, spread over the time that a whole run takes.
  for (let run = 0; run < 12; run++) {
    const root = lay();
    const child = spawn(process.execPath, [writer, root], { stdio: ["ignore", "pipe", "inherit"], env: {} });
    const ended = new Promise(done => child.once("close", done));
    await new Promise(done => child.stdout.once("data", done));
    await new Promise(done => setTimeout(done, run * 4));
    child.kill("SIGKILL");
    await ended;
    inspect(root, `in run ${run}`);
    rmSync(root, { recursive: true });
  }
}, 120_000);
