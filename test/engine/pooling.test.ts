import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startScript } from "../../src/remedies/pooling.ts";
import { installed, ownedDirectory, serverEnvironment, serverUser } from "./backup-scripts.ts";

/** PgBouncer of Debian's package before a PostgreSQL of Debian's package, with the configuration that the script makes. */

const present = [installed("pgbouncer"), installed("initdb")].every(Boolean);
const user = present ? serverUser("postgres") : undefined;
const data = ownedDirectory(user);
const [database, pooled] = ["54392", "64321"];
const password = `a "b" c\\d`;
let pooler: ChildProcess;

function server(program: string, args: readonly string[]): void {
  execFileSync(program, args, { ...user, env: serverEnvironment, stdio: "ignore" });
}

function query(port: string, sql: string, more: Record<string, string> = {}) {
  return spawnSync("psql", ["-h", "127.0.0.1", "-p", port, "-U", "harbour", "-d", "berths", "-AtXqc", sql], {
    encoding: "utf8",
    env: { ...serverEnvironment, PGPASSWORD: password, ...more },
  });
}

describe.skipIf(!present)("pgbouncer", () => {
  beforeAll(async () => {
    writeFileSync(join(data, "password"), password);
    server("initdb", [
      "-D",
      `${data}/pg`,
      "-U",
      "harbour",
      "-A",
      "scram-sha-256",
      "--pwfile",
      `${data}/password`,
    ]);
    server("pg_ctl", [
      "-D",
      `${data}/pg`,
      "-w",
      "-l",
      `${data}/log`,
      "-o",
      `-p ${database} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=20 -c fsync=off`,
      "start",
    ]);
    execFileSync("createdb", ["-h", "127.0.0.1", "-p", database, "-U", "harbour", "berths"], {
      env: { ...serverEnvironment, PGPASSWORD: password },
    });
    writeFileSync(join(data, "start.sh"), startScript({ maxConnections: 20 }));
    chmodSync(join(data, "start.sh"), 0o755);
    mkdirSync(join(data, "home"));
    if (user) chownSync(join(data, "home"), user.uid, user.gid);
    pooler = spawn(join(data, "start.sh"), [], {
      ...user,
      env: {
        ...serverEnvironment,
        DATABASE_HOST: "127.0.0.1",
        DATABASE_PORT: database,
        DATABASE_USER: "harbour",
        DATABASE_NAME: "berths",
        DATABASE_PASSWORD: password,
        PGBOUNCER_PORT: pooled,
        PGBOUNCER_HOME: `${data}/home`,
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    pooler.stderr!.on("data", (text: Buffer) => {
      said += text;
    });
    for (let tries = 0; tries < 100; tries++) {
      if (query(pooled, "SELECT 1").status === 0) break;
      await new Promise(resolve => setTimeout(resolve, 200));
    }
    // A setting that this version does not have is refused at the start.
    expect(said).not.toMatch(/unknown parameter|invalid|FATAL/i);
  });

  afterAll(async () => {
    pooler.kill("SIGKILL");
    server("pg_ctl", ["-D", `${data}/pg`, "-m", "immediate", "stop"]);
    rmSync(data, { recursive: true });
  });

  it("lets through who has the password, and nobody else", () => {
    expect(query(pooled, "SELECT current_database()")).toMatchObject({ status: 0, stdout: "berths\n" });
    expect(query(pooled, "SELECT 1", { PGPASSWORD: "wrong" }).status).not.toBe(0);
  });

  it("serves more clients than the server has connections", async () => {
    const clients = Array.from({ length: 60 }, () =>
      spawn(
        "psql",
        ["-h", "127.0.0.1", "-p", pooled, "-U", "harbour", "-d", "berths", "-Xqc", "SELECT pg_sleep(0.2)"],
        {
          env: { ...serverEnvironment, PGPASSWORD: password },
          stdio: "ignore",
        },
      ),
    );
    const statuses = await Promise.all(
      clients.map(client => new Promise(resolve => client.on("exit", resolve))),
    );
    expect(new Set(statuses)).toEqual(new Set([0]));
    const held = Number(
      query(database, "SELECT count(*) FROM pg_stat_activity WHERE datname = 'berths'").stdout,
    );
    // 16 of 20 for the pool and its reserve, and this query.
    expect(held).toBeLessThanOrEqual(17);
  });
});
