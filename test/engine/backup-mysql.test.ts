import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mysqlBackup, mysqlConnect, mysqlRestore } from "../../src/remedies/backup-mysql.ts";
import { countScript, healthyScript } from "../../src/remedies/backup-scripts.ts";
import {
  installed,
  ownedDirectory,
  type Sandbox,
  sandboxFor,
  serverEnvironment,
  serverUser,
} from "./backup-scripts.ts";

/** The scripts of the backup service against a MariaDB of Debian's package: `tools/engine.sh oracles`. */

const present = installed("mariadbd");
const user = present ? serverUser("mysql") : undefined;
const data = ownedDirectory(user);
const port = "33061";
const password = `it's \\ 4 "test"`;
let server: ChildProcess;
let box: Sandbox;

function query(sql: string, database = "berths"): string {
  return execFileSync(
    "mariadb",
    ["-h", "127.0.0.1", "-P", port, "-u", "root", `-p${password}`, "-N", "-B", "-e", sql, database],
    { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
  ).trim();
}

const sums = () =>
  query("SELECT COUNT(*), SUM(CRC32(CONCAT_WS('|', id, guest, night))) FROM booking") +
  query("CHECKSUM TABLE berth");
const named = () => readdirSync(join(box.root, "backups")).filter(name => /^2/.test(name));

describe.skipIf(!present)("mariadbd", () => {
  beforeAll(async () => {
    execFileSync(
      "mariadb-install-db",
      [`--datadir=${data}/db`, "--auth-root-authentication-method=normal", "--skip-test-db"],
      { ...user, env: serverEnvironment, stdio: "ignore" },
    );
    const quoted = password.replace(/[\\']/g, "\\$&");
    writeFileSync(
      join(data, "init.sql"),
      `ALTER USER root@localhost IDENTIFIED BY '${quoted}';\nCREATE OR REPLACE USER root@'127.0.0.1' IDENTIFIED BY '${quoted}';\nGRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\n`,
    );
    server = spawn(
      "mariadbd",
      [
        "--no-defaults",
        `--datadir=${data}/db`,
        `--port=${port}`,
        "--bind-address=127.0.0.1",
        `--socket=${data}/sock`,
        `--init-file=${data}/init.sql`,
      ],
      { ...user, env: serverEnvironment, stdio: "ignore" },
    );
    for (let tries = 0; tries < 300; tries++) {
      try {
        query("CREATE DATABASE berths CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci", "mysql");
        return;
      } catch {
        await new Promise(resolve => setTimeout(resolve, 200));
      }
    }
    throw new Error("the server did not start");
  });

  afterAll(async () => {
    server.kill("SIGKILL");
    await new Promise(resolve => server.on("exit", resolve));
    rmSync(data, { recursive: true });
    rmSync(box.root, { recursive: true });
  });

  it("saves a database and brings it back as it was", () => {
    box = sandboxFor(
      {
        "connect.sh": mysqlConnect,
        "count.sh": countScript,
        "backup.sh": mysqlBackup("mariadb"),
        "restore.sh": mysqlRestore,
        "healthy.sh": healthyScript,
      },
      {
        BACKUP_HOST: "127.0.0.1",
        MYSQL_TCP_PORT: port,
        MARIADB_DATABASE: "berths",
        MARIADB_ROOT_PASSWORD: password,
      },
    );
    let ran = box.run("backup.sh");
    expect(ran.stderr).toContain("has no table");
    expect(ran.status).not.toBe(0);
    expect(named()).toEqual([]);
    expect(box.run("count.sh")).toMatchObject({ status: 0, stdout: "0\n" });
    query(`
    CREATE TABLE berth (id INT PRIMARY KEY, name VARCHAR(60), photo BLOB);
    CREATE TABLE booking (id INT AUTO_INCREMENT PRIMARY KEY, berth INT NOT NULL, guest TEXT, night DATE, FOREIGN KEY (berth) REFERENCES berth (id));
    CREATE VIEW late AS SELECT * FROM booking WHERE night > '2026-06-01';
    CREATE TRIGGER trim_guest BEFORE INSERT ON booking FOR EACH ROW SET NEW.guest = TRIM(NEW.guest);
    INSERT INTO berth SELECT seq, CONCAT('Berth ', seq, ' – é'), UNHEX('00FF275C22') FROM seq_1_to_300;
    INSERT INTO booking (berth, guest, night) SELECT 1 + seq MOD 300, MD5(seq), DATE('2026-01-01') + INTERVAL seq MOD 365 DAY FROM seq_1_to_100000;
  `);
    const before = sums();
    expect(box.run("count.sh")).toMatchObject({ status: 0, stdout: "2\n" });
    expect(box.run("count.sh", [], { MARIADB_ROOT_PASSWORD: "wrong" }).status).not.toBe(0);
    ran = box.run("backup.sh");
    expect(ran).toMatchObject({ status: 0, stderr: "" });
    expect(box.run("healthy.sh").status).toBe(0);
    const [name] = named();
    query("DELETE FROM booking WHERE id MOD 2; UPDATE berth SET name = ''");
    ran = box.run("restore.sh", [name!]);
    expect(ran.stderr).toBe("");
    expect(sums()).toBe(before);
    expect(query("SELECT COUNT(*) > 0 FROM late")).toBe("1");
    expect(
      query("SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = 'berths'"),
    ).toBe("utf8mb4_unicode_ci");
    expect(query("SHOW DATABASES LIKE 'restored%'")).toBe("");
    // What was there before the restore is a backup as well.
    expect(ran.stdout).toContain("the state from before is backup 2");
    expect(named()).toHaveLength(2);

    // A database that cannot even be saved is replaced only when that is said.
    query("DROP TABLE booking");
    expect(box.run("restore.sh", [name!]).stderr).toContain(`restore.sh ${name} anyway`);
    expect(box.run("restore.sh", [name!, "anyway"]).status).toBe(0);
    expect(sums()).toBe(before);
  });

  it("refuses what is not whole, and touches nothing", () => {
    const [name] = named();
    const dump = join(box.root, "backups", name!, "database.sql.gz");
    const whole = readFileSync(dump);
    const before = sums();
    truncateSync(dump, whole.length >> 1);
    expect(box.run("restore.sh", [name!]).status).not.toBe(0);
    writeFileSync(dump, whole);
    expect(sums()).toBe(before);
  });

  it("makes no backup of what it could not dump", async () => {
    const good = named();
    const fails = (env: Record<string, string>) => {
      expect(box.run("backup.sh", [], env).status).not.toBe(0);
      expect(readdirSync(join(box.root, "backups")).filter(each => /^2|partial/.test(each))).toEqual(good);
    };
    fails({ MARIADB_ROOT_PASSWORD: "wrong" });
    fails({ MARIADB_DATABASE: "nothing" });
    // A dump that ends early without an error, as through a full pipe.
    const fake = join(box.root, "fake");
    execFileSync("mkdir", [fake]);
    writeFileSync(
      join(fake, "mariadb-dump"),
      `#!/bin/sh\nfor a in "$@"; do case $a in --result-file=*) out=\${a#*=};; esac; done\n/usr/bin/mariadb-dump "$@" && head -n 60 "$out" >"$out.part" && mv "$out.part" "$out"\n`,
      { mode: 0o755 },
    );
    fails({ PATH: `${fake}:${process.env["PATH"]}` });
  });
});
