import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isSettled, openCodeCache } from "./code-cache.ts";

describe.skipIf(process.getuid === undefined)("the code cache", () => {
  let home = "";
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "shipworthy-cache-"));
    vi.stubEnv("XDG_CACHE_HOME", home);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  });
  const folder = () => join(home, "shipworthy");
  const fill = () => openCodeCache("b", [])!.write(Buffer.from("code"), 100);

  test("gives back what was written, and counts how often", () => {
    expect(openCodeCache("b", [])).toMatchObject({ data: undefined, generation: 0 });
    for (let n = 1; n <= 4; n++) {
      fill();
      expect(openCodeCache("b", [])).toMatchObject({ data: Buffer.from("code"), generation: n });
    }
    expect(isSettled(openCodeCache("b", [])!, 100)).toBe(true);
    expect(openCodeCache("another build", [])!.data).toBeUndefined();
  });

  test("takes more from a run that is much longer than those before", () => {
    for (let n = 1; n <= 4; n++) openCodeCache("b", [])!.write(Buffer.from("code"), n === 1 ? 5000 : 100 + n);
    // The first had no cache, and took longer for that alone.
    expect(openCodeCache("b", [])!.longest).toBe(104);
    expect(isSettled(openCodeCache("b", [])!, 150)).toBe(true);
    expect(isSettled(openCodeCache("b", [])!, 200)).toBe(false);
    openCodeCache("b", [])!.write(Buffer.from("code"), 1_000_000);
    expect(isSettled(openCodeCache("b", [])!, 90_000)).toBe(true);
  });

  test("is the user's alone, and leaves nothing beside it", () => {
    fill();
    expect(statSync(folder()).mode & 0o777).toBe(0o700);
    const files = readdirSync(folder());
    expect(files).toHaveLength(1);
    expect(statSync(join(folder(), files[0]!)).mode & 0o777).toBe(0o600);
  });

  test("removes what is a month old when a new build writes", () => {
    fill();
    const old = join(folder(), readdirSync(folder())[0]!);
    utimesSync(old, 1, 1);
    openCodeCache("c", [])!.write(Buffer.from("code"), 100);
    expect(readdirSync(folder())).toHaveLength(1);
    expect(openCodeCache("c", [])!.generation).toBe(1);
  });

  test("keeps the newest few builds, and whatever is not ours by its name", () => {
    fill();
    writeFileSync(join(folder(), "notes.txt"), "mine");
    utimesSync(join(folder(), "notes.txt"), 1, 1);
    for (let n = 1; n <= 9; n++) {
      openCodeCache(`build${n}`, [])!.write(Buffer.from("code"), 100);
      for (const name of readdirSync(folder()).filter(each => each.startsWith(`build${n}-`)))
        utimesSync(join(folder(), name), Date.now() / 1000 - 100 + n, Date.now() / 1000 - 100 + n);
    }
    const names = readdirSync(folder());
    expect(names).toContain("notes.txt");
    expect(names).toHaveLength(7);
    expect(openCodeCache("build9", [])!.data).toBeDefined();
    expect(openCodeCache("build1", [])!.data).toBeUndefined();
  });

  test("is not taken from a directory or a file that others may write", () => {
    fill();
    chmodSync(folder(), 0o777);
    expect(openCodeCache("b", [])).toBeUndefined();
    chmodSync(folder(), 0o700);
    chmodSync(join(folder(), readdirSync(folder())[0]!), 0o622);
    expect(openCodeCache("b", [])!.data).toBeUndefined();
  });

  test("does not follow a link to another directory", () => {
    const elsewhere = join(home, "elsewhere");
    mkdirSync(elsewhere, { mode: 0o700 });
    symlinkSync(elsewhere, folder());
    expect(openCodeCache("b", [])).toBeUndefined();
  });

  test("is never inside the tree that is audited", () => {
    expect(openCodeCache("b", [home])).toBeUndefined();
    const link = `${home}-link`;
    symlinkSync(home, link);
    try {
      expect(openCodeCache("b", [link])).toBeUndefined();
    } finally {
      rmSync(link);
    }
  });

  test("is not looked for below a relative path", () => {
    vi.stubEnv("XDG_CACHE_HOME", "cache");
    vi.stubEnv("HOME", home);
    fill();
    expect(readdirSync(home)).toEqual([".cache"]);
  });

  test.runIf(process.platform === "linux")("is given up where no directory can be made", () => {
    const script =
      'import { openCodeCache } from "./src/cli/code-cache.ts"; openCodeCache("b", [])?.write(Buffer.from("c"), 1);';
    const { status } = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      env: { ...process.env, XDG_CACHE_HOME: "/proc/none" },
      timeout: 60_000,
    });
    expect(status).toBe(0);
  });

  test("costs nothing where it cannot be written", () => {
    vi.stubEnv("XDG_CACHE_HOME", join(home, "absent"));
    expect(fill).not.toThrow();
  });
});
