import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { postgresBackup, postgresConnect, postgresRestore } from "../../src/remedies/backup-postgres.ts";
import { countScript, healthyScript, scheduleScript } from "../../src/remedies/backup-scripts.ts";
import {
  installed,
  ownedDirectory,
  type Sandbox,
  sandboxFor,
  serverEnvironment,
  serverUser,
} from "./backup-scripts.ts";

/** The scripts of the backup service against a PostgreSQL of Debian's package: `tools/engine.sh oracles`. */

const present = installed("initdb");
const user = present ? serverUser("postgres") : undefined;
const data = ownedDirectory(user);
const port = "54391";
const password = 'it\'s \\ 4 "test"';
const environment = {
  BACKUP_HOST: "127.0.0.1",
  PGPORT: port,
  POSTGRES_USER: "harbour",
  POSTGRES_DB: "berths",
  POSTGRES_PASSWORD: password,
};
let box: Sandbox;

function server(program: string, args: readonly string[]): string {
  return execFileSync(program, args, {
    encoding: "utf8",
    ...user,
    env: serverEnvironment,
  });
}

function query(sql: string, database = "berths"): string {
  return execFileSync(
    "psql",
    [
      "-h",
      "127.0.0.1",
      "-p",
      port,
      "-U",
      "harbour",
      "-d",
      database,
      "-AtXq",
      "-v",
      "ON_ERROR_STOP=1",
      "-c",
      sql,
    ],
    {
      encoding: "utf8",
      env: { PATH: process.env["PATH"], PGPASSWORD: password },
    },
  ).trim();
}

const sums = () =>
  query("SELECT count(*), md5(string_agg(t::text, ',' ORDER BY id)) FROM booking t") +
  query("SELECT count(*), md5(string_agg(t::text, ',' ORDER BY id)) FROM berth t");
const named = () => readdirSync(join(box.root, "backups")).filter(name => /^2/.test(name));

describe.skipIf(!present)("initdb", () => {
  beforeAll(() => {
    writeFileSync(join(data, "password"), password);
    server("initdb", [
      "-D",
      join(data, "pg"),
      "-U",
      "harbour",
      "-A",
      "scram-sha-256",
      "--pwfile",
      join(data, "password"),
      "-E",
      "UTF8",
      "--locale",
      "C.UTF-8",
    ]);
    server("pg_ctl", [
      "-D",
      join(data, "pg"),
      "-w",
      "-l",
      join(data, "log"),
      "-o",
      `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off`,
      "start",
    ]);
    query("CREATE DATABASE berths", "template1");
  });

  afterAll(() => {
    server("pg_ctl", ["-D", join(data, "pg"), "-m", "immediate", "stop"]);
    rmSync(data, { recursive: true });
    rmSync(box.root, { recursive: true });
  });

  it("waits with the first backup until a new database has its schema", async () => {
    const fresh = sandboxFor(
      {
        "connect.sh": postgresConnect,
        "count.sh": countScript,
        "backup.sh": postgresBackup,
        "healthy.sh": healthyScript,
        "schedule.sh": scheduleScript,
      },
      environment,
    );
    const backups = join(fresh.root, "backups");
    // Every pause lasts until the test lets it end.
    mkdirSync(join(fresh.root, "slow"));
    const pause = `#!/bin/sh
cd ${fresh.root} && touch asleep
while [ -d ${fresh.root} ] && [ ! -e tick ]; do /bin/sleep 0.05; done
rm -f asleep
rm -f tick
`;
    writeFileSync(join(fresh.root, "slow/sleep"), pause, { mode: 0o755 });
    const until = (holds: () => boolean) =>
      vi.waitFor(() => expect(holds()).toBe(true), { timeout: 60_000, interval: 50 });
    const asleep = () => until(() => existsSync(join(fresh.root, "asleep")));
    const look = async () => {
      writeFileSync(join(fresh.root, "tick"), "");
      await until(() => !existsSync(join(fresh.root, "tick")));
      await asleep();
    };
    let said = "";
    const running = spawn(join(fresh.root, "opt/schedule.sh"), {
      env: { ...environment, PATH: `${fresh.root}/slow:${process.env["PATH"]}` },
    });
    for (const stream of [running.stdout, running.stderr]) stream.on("data", text => (said += text));
    try {
      await asleep();
      expect(fresh.run("healthy.sh")).toMatchObject({
        status: 0,
        stdout: "there is nothing to save yet, since 0 hours\n",
      });
      const since = Number(readFileSync(join(backups, "empty-since"), "utf8"));
      writeFileSync(join(backups, "empty-since"), `${since - 27 * 3600}\n`);
      expect(fresh.run("healthy.sh")).toMatchObject({
        status: 1,
        stdout: "there is nothing to save yet, since 27 hours\n",
      });
      // A schema that grows for a while.
      const tables = ["slip", "crane", "tide", "pilot"];
      for (const name of tables) {
        query(`CREATE TABLE ${name} (id int)`);
        await look();
      }
      await look();
      expect(existsSync(join(backups, "last-success"))).toBe(false);
      await look();
      expect(existsSync(join(backups, "empty-since"))).toBe(false);
      const [, name] = readFileSync(join(backups, "last-success"), "utf8").trim().split(" ");
      const contents = readFileSync(join(backups, name!, "contents"), "utf8");
      for (const table of tables) expect(contents).toContain(` ${table} `);
      expect(fresh.run("healthy.sh").status).toBe(0);
      expect(said).toMatch(/^there is nothing to save yet in 127\.0\.0\.1[^\n]*\nbackup \w+: /);
    } finally {
      running.kill();
      query("DROP TABLE IF EXISTS slip, crane, tide, pilot");
      rmSync(fresh.root, { recursive: true });
    }
  });

  it("tells what it cannot ask from what is empty", () => {
    const fresh = sandboxFor({ "connect.sh": postgresConnect, "count.sh": countScript }, environment);
    expect(fresh.run("count.sh")).toMatchObject({ status: 0, stdout: "0\n" });
    for (const wrong of [{ POSTGRES_PASSWORD: "wrong" }, { POSTGRES_DB: "nothing" }])
      expect(fresh.run("count.sh", [], wrong).status).not.toBe(0);
    rmSync(fresh.root, { recursive: true });
  });

  it("saves a database and its files, and brings both back as they were", async () => {
    box = sandboxFor(
      {
        "connect.sh": postgresConnect,
        "backup.sh": postgresBackup,
        "restore.sh": postgresRestore,
        "healthy.sh": healthyScript,
        "schedule.sh": scheduleScript,
      },
      environment,
    );

    // No table yet: a report of success would be about nothing.
    let ran = box.run("backup.sh");
    expect(ran.stderr).toContain("has no table");
    expect(ran.status).not.toBe(0);
    expect(box.run("healthy.sh").status).not.toBe(0);
    expect(named()).toEqual([]);

    query(`
    CREATE ROLE clerk;
    CREATE TABLE berth (id int PRIMARY KEY, name text NOT NULL, price numeric(9,2));
    CREATE TABLE booking (id bigserial PRIMARY KEY, berth int NOT NULL REFERENCES berth, guest text, night date, UNIQUE (berth, night));
    GRANT SELECT ON berth TO clerk;
    INSERT INTO berth SELECT n, 'Berth ' || n || ' – é "''', n * 1.25 FROM generate_series(1, 300) n;
    INSERT INTO booking (berth, guest, night) SELECT 1 + n % 300, md5(n::text), date '2026-01-01' + n / 300 FROM generate_series(0, 59999) n;
  `);
    mkdirSync(join(box.root, "uploads/media/a b"), { recursive: true });
    writeFileSync(join(box.root, "uploads/media/a b/plan.bin"), Buffer.from([0, 1, 2, 255]));
    const before = sums();
    expect(before).toMatch(/^60000\|\w+300\|/);

    ran = box.run("backup.sh");
    expect(ran).toMatchObject({ status: 0, stderr: "" });
    expect(box.run("healthy.sh").status).toBe(0);
    const [name] = named();
    expect(readdirSync(join(box.root, "backups", name!)).sort()).toEqual([
      "SHA256SUMS",
      "contents",
      "database.dump",
      "files-media.tar.gz",
      "roles.sql",
    ]);
    expect(readFileSync(join(box.root, "backups", name!, "roles.sql"), "utf8")).not.toContain("SCRAM");

    // A wrong statement and a lost file.
    query("DELETE FROM booking WHERE id % 2 = 0; DROP TABLE booking; UPDATE berth SET price = 0");
    writeFileSync(join(box.root, "uploads/media/a b/plan.bin"), "gone");
    ran = box.run("restore.sh");
    expect(ran.stderr).toBe("");
    expect(ran.status).toBe(0);
    expect(sums()).toBe(before);
    expect(query("SELECT has_table_privilege('clerk', 'berth', 'SELECT')")).toBe("t");
    expect(readFileSync(join(box.root, "uploads/media/a b/plan.bin"))).toEqual(Buffer.from([0, 1, 2, 255]));
    // The state from before is kept, and closed.
    expect(query("SELECT datallowconn FROM pg_database WHERE datname ~ '^replaced_'", "template1")).toBe("f");
    expect(
      query("INSERT INTO booking (berth, guest, night) VALUES (1, 'new', '2030-01-01') RETURNING guest"),
    ).toBe("new");
  });

  it("restores while the site is connected, and on a server that has nothing", () => {
    const holder = spawn(
      "psql",
      ["-h", "127.0.0.1", "-p", port, "-U", "harbour", "-d", "berths", "-c", "SELECT pg_sleep(60)"],
      {
        stdio: "ignore",
        env: { PATH: process.env["PATH"], PGPASSWORD: password },
      },
    );
    expect(box.run("restore.sh").status).toBe(0);
    holder.kill();
    query("DROP DATABASE berths WITH (FORCE)", "template1");
    query("DROP DATABASE IF EXISTS other", "template1");
    const ran = box.run("restore.sh");
    expect(ran.stderr).toBe("");
    expect(query("SELECT count(*) FROM berth")).toBe("300");
  });

  it("refuses a dump that was cut off, damaged or removed, and touches nothing", () => {
    const [name] = named();
    const dump = join(box.root, "backups", name!, "database.dump");
    const whole = readFileSync(dump);
    const before = sums();
    for (const spoil of [
      () => truncateSync(dump, whole.length >> 1),
      () => truncateSync(dump, 0),
      () =>
        writeFileSync(
          dump,
          Buffer.concat([whole.subarray(0, 5000), Buffer.from([whole[5000]! ^ 1]), whole.subarray(5001)]),
        ),
      () => rmSync(dump),
    ]) {
      spoil();
      expect(box.run("restore.sh").status).not.toBe(0);
      expect(sums()).toBe(before);
      expect(query("SELECT count(*) FROM pg_database WHERE datname ~ '^restored_'")).toBe("0");
      writeFileSync(dump, whole);
    }
    expect(box.run("restore.sh", ["20200101T000000Z"]).stderr).toContain(
      'there is no backup "20200101T000000Z"',
    );
    // Even with a sum that fits: the restore itself notices, and the live database is open again.
    writeFileSync(dump, whole.subarray(0, whole.length - 20_000));
    const resummed = execFileSync("sh", ["-c", "sha256sum -- *"], {
      cwd: join(box.root, "backups", name!),
      encoding: "utf8",
    })
      .split("\n")
      .filter(line => !line.includes("SHA256SUMS"))
      .join("\n");
    const sumsFile = join(box.root, "backups", name!, "SHA256SUMS");
    const kept = readFileSync(sumsFile);
    writeFileSync(sumsFile, resummed);
    expect(box.run("restore.sh").stderr).toContain("nothing was restored");
    expect(sums()).toBe(before);
    writeFileSync(dump, whole);
    writeFileSync(sumsFile, kept);
  });

  it("makes no backup of what it could not dump", async () => {
    const [good] = named();
    const fails = (env: Record<string, string>) => {
      const ran = box.run("backup.sh", [], env);
      expect(ran.status, ran.stderr).not.toBe(0);
      expect(readdirSync(join(box.root, "backups")).filter(each => /^2|partial/.test(each))).toEqual([good]);
    };
    fails({ POSTGRES_PASSWORD: "wrong" });
    fails({ POSTGRES_DB: "nothing" });
    // A dump that ends early without an error: only the full read notices.
    const fake = join(box.root, "fake");
    mkdirSync(fake);
    const half = `#!/bin/sh\nfor a in "$@"; do case $a in --file=*) out=\${a#*=};; esac; done\n/usr/bin/pg_dump "$@" && truncate -s -2000 "$out"\n`;
    writeFileSync(join(fake, "pg_dump"), half, { mode: 0o755 });
    fails({ PATH: `${fake}:${process.env["PATH"]}` });
    fails({ BACKUP_HOST: "192.0.2.1", PGCONNECT_TIMEOUT: "1" });
    expect(box.run("healthy.sh").status).toBe(0);

    // The dump is killed in the middle, by its connection and by a signal.
    query(
      "CREATE TABLE wide AS SELECT n, repeat(md5(n::text), 30) AS text FROM generate_series(1, 200000) n",
    );
    const kills: ((running: ChildProcess) => unknown)[] = [
      () =>
        query(
          "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'pg_dump'",
          "template1",
        ),
      running => execFileSync("pkill", ["-P", String(running.pid), "pg_dump"]),
      running => running.kill("SIGTERM"),
    ];
    for (const kill of kills) {
      const running = spawn(join(box.root, "opt/backup.sh"), {
        stdio: "ignore",
        env: { PATH: process.env["PATH"], ...environment },
      });
      await new Promise(resolve => setTimeout(resolve, 600));
      kill(running);
      const status = await new Promise(resolve => running.on("exit", resolve));
      expect(status).not.toBe(0);
      expect(named()).toEqual([good]);
    }
  });

  it("grows old, forgets and hands on", async () => {
    const backups = join(box.root, "backups");
    expect(box.run("backup.sh", [], { BACKUP_HOOK: "exit 7" }).status).not.toBe(0);
    expect(existsSync(join(backups, "last-success"))).toBe(true);
    const [when] = readFileSync(join(backups, "last-success"), "utf8").split(" ");
    const ran = box.run("backup.sh", [], {
      BACKUP_KEEP: "2",
      BACKUP_HOOK: 'test -s "$1/database.dump" && echo "sent $1"',
    });
    expect(ran.stdout).toContain("sent ");
    expect(named()).toHaveLength(2);
    writeFileSync(join(backups, "last-success"), `${Number(when) - 27 * 3600} ${named().at(-1)}\n`);
    expect(box.run("healthy.sh").status).not.toBe(0);
    expect(box.run("healthy.sh", ["30"]).status).toBe(0);
  });
});
