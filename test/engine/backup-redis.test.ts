import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisBackup, redisConnect, redisRestore } from "../../src/remedies/backup-redis.ts";
import { countScript, healthyScript } from "../../src/remedies/backup-scripts.ts";
import { installed, ownedDirectory, type Sandbox, sandboxFor, serverEnvironment } from "./backup-scripts.ts";

/** The scripts of the backup service against a Redis of Debian's package: `tools/engine.sh oracles`. */

const present = installed("redis-server");
const port = "63791";
const password = `it's "4"`;
const data = ownedDirectory(undefined);
let server: ChildProcess;
let box: Sandbox;

function ask(...words: string[]): string {
  return execFileSync("redis-cli", ["-p", port, ...words], {
    encoding: "utf8",
    env: { ...serverEnvironment, REDISCLI_AUTH: password },
  }).trim();
}

function start(): void {
  const settings = ["--port", port, "--dir", data, "--appendonly", "yes", "--requirepass", password];
  // For the comparison of all that it holds.
  settings.push("--enable-debug-command", "local", "--repl-diskless-sync-delay", "0");
  server = spawn("redis-server", settings, { env: serverEnvironment, stdio: "ignore" });
}

async function answers(): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      if (ask("PING") === "PONG") return;
    } catch {
      // It does not listen yet.
    }
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  throw new Error("the server did not start");
}

function sum(): string {
  const digest = ask("DEBUG", "DIGEST");
  expect(digest).toMatch(/^[0-9a-f]{40}$/);
  return digest;
}
const named = () => readdirSync(join(box.root, "backups")).filter(name => /^2/.test(name));

describe.skipIf(!present)("redis-server", () => {
  beforeAll(async () => {
    start();
    await answers();
    box = sandboxFor(
      {
        "connect.sh": redisConnect,
        "count.sh": countScript,
        "backup.sh": redisBackup,
        "restore.sh": redisRestore,
        "healthy.sh": healthyScript,
      },
      { BACKUP_HOST: "127.0.0.1", REDIS_PORT: port, REDIS_PASSWORD: password, REDIS_SECOND: "127.0.0.1" },
    );
  });

  afterAll(async () => {
    server.kill("SIGKILL");
    await new Promise(resolve => server.on("exit", resolve));
    rmSync(data, { recursive: true });
    rmSync(box.root, { recursive: true });
  });

  it("saves the keys and brings them back as they were, for good", async () => {
    let ran = box.run("backup.sh");
    expect(ran.stderr).toContain("there is no key");
    expect(ran.status).not.toBe(0);
    expect(named()).toEqual([]);
    expect(box.run("count.sh")).toMatchObject({ status: 0, stdout: "0\n" });
    ask("EVAL", "for i = 1, 5000 do redis.call('HSET', 'booking:' .. i, 'guest', 'é' .. i) end", "0");
    ask("RPUSH", "late", "1", "2", "3");
    ask("SET", "session", "x", "EX", "3600");
    ask("-n", "3", "SET", "elsewhere", "y");
    const before = sum();
    expect(box.run("count.sh")).toMatchObject({ status: 0, stdout: "1\n" });
    expect(box.run("count.sh", [], { REDIS_PASSWORD: "wrong" }).status).not.toBe(0);
    ran = box.run("backup.sh");
    expect(ran).toMatchObject({ status: 0, stderr: "" });
    expect(box.run("healthy.sh").status).toBe(0);
    const [name] = named();
    ask("EVAL", "for i = 1, 2000 do redis.call('DEL', 'booking:' .. i) end", "0");
    ask("SET", "new", "1");
    const spoiled = sum();
    ran = box.run("restore.sh", [name!]);
    expect(ran).toMatchObject({ status: 0, stderr: "" });
    expect(ran.stdout).toContain("5003 keys");
    expect(sum()).toBe(before);
    expect(ask("INFO", "replication")).toContain("role:master");
    expect(ask("CONFIG", "GET", "masterauth").split("\n")[1] ?? "").toBe("");

    // It is on the disk: a server that is killed comes back with it.
    ask("WAIT", "0", "0");
    await new Promise(resolve => setTimeout(resolve, 1500));
    server.kill("SIGKILL");
    await new Promise(resolve => server.on("exit", resolve));
    start();
    await answers();
    expect(sum()).toBe(before);

    // What was there before the restore is a backup as well.
    expect(ran.stdout).toContain("the state from before is backup 2");
    const [, last] = named();
    expect(box.run("restore.sh", [last!]).status).toBe(0);
    expect(sum()).toBe(spoiled);
    expect(box.run("restore.sh", [name!]).status).toBe(0);
  });

  it("refuses what is not whole, and touches nothing", () => {
    const [name] = named();
    const dump = join(box.root, "backups", name!, "dump.rdb");
    const whole = readFileSync(dump);
    const before = sum();
    truncateSync(dump, whole.length >> 1);
    expect(box.run("restore.sh", [name!]).status).not.toBe(0);
    writeFileSync(dump, whole);
    expect(sum()).toBe(before);
  });

  it("makes no backup of what it could not read", () => {
    const good = named();
    const fails = (env: Record<string, string>, says: string) => {
      const ran = box.run("backup.sh", [], env);
      expect(ran.status).not.toBe(0);
      expect(ran.stderr).toContain(says);
      expect(readdirSync(join(box.root, "backups")).filter(each => /^2|partial/.test(each))).toEqual(good);
    };
    fails({ REDIS_PASSWORD: "wrong" }, "does not answer");
    // A file that was spoiled on its way.
    const fake = join(box.root, "fake");
    execFileSync("mkdir", [fake]);
    writeFileSync(
      join(fake, "redis-cli"),
      `#!/bin/sh\n${execFileSync("sh", ["-c", "command -v redis-cli"], { encoding: "utf8" }).trim()} "$@" || exit\nfor a in "$@"; do case $a in */dump.rdb) printf X | dd of="$a" bs=1 seek=2000 conv=notrunc 2>/dev/null ;; esac; done\n`,
      { mode: 0o755 },
    );
    fails({ PATH: `${fake}:${process.env["PATH"]}` }, "");
  });
});
