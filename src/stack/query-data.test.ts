import { describe, expect, it } from "vitest";
import { tree } from "../../test/tree.ts";
import { link } from "./link.ts";
import { hasBackup, hasRestore, keptStores } from "./query-backups.ts";
import { accountsOf, dataDirectories, keepingOf, postgresMajor } from "./query-data.ts";
import {
  addressedContainers,
  createsContainer,
  isBackupWork,
  isPipefail,
  stopsOnError,
} from "./query-scripts.ts";
import { missingTargets } from "./query-targets.ts";
import type { Stack } from "./stack.ts";

/** A stack of one web service and one more, given by its lines. */
async function stackWith(lines: readonly string[], files: Record<string, string> = {}): Promise<Stack> {
  const compose = ["services:", "  web:", "    build: .", "  db:", ...lines.map(line => `    ${line}`)].join(
    "\n",
  );
  return link(tree({ "compose.yml": `${compose}\n`, ...files }));
}

async function keeping(...lines: string[]): Promise<string[]> {
  const service = (await stackWith(lines)).services.find(each => each.name === "db")!;
  return dataDirectories(service).map(directory => keepingOf(service, directory).in);
}

describe("where data lies", () => {
  it("knows the version of PostgreSQL by several ways of tagging", async () => {
    for (const [image, major] of [
      ["postgres:16-alpine", 16],
      ["pgvector/pgvector:pg17", 17],
      ["timescale/timescaledb:latest-pg14", 14],
      ["postgres:latest", undefined],
      ["postgres:alpine3.19", undefined],
    ] as const) {
      const { services } = await stackWith([`image: ${image}`]);
      expect(postgresMajor(services.find(each => each.name === "db")!), image).toBe(major);
    }
  });

  it("lets a declared volume shadow a mount above it", async () => {
    expect(await keeping("image: postgres:16", "volumes: [data:/var/lib/postgresql]")).toEqual(["anonymous"]);
    expect(await keeping("image: postgres:18", "volumes: [data:/var/lib/postgresql]")).toEqual(["volume"]);
    expect(await keeping("image: postgres:16", "volumes: [data:/var/lib/postgresql/data/]")).toEqual([
      "volume",
    ]);
    expect(await keeping("image: mysql:8", "volumes: [./data:/var/lib/mysql]")).toEqual(["bind"]);
    expect(await keeping("image: mysql:8", "tmpfs: /var/lib/mysql")).toEqual(["tmpfs"]);
  });

  it("says nothing where variables or options decide", async () => {
    expect(await keeping("image: mysql:8", "volumes_from: [web]")).toEqual(["unknown"]);
    expect(await keeping("image: mysql:8", "command: --datadir=/data")).toEqual([]);
    expect(await keeping("image: postgres:16", `environment: { PGDATA: "\${PGDATA}" }`)).toEqual([]);
  });

  it("knows the accounts that an image makes", async () => {
    const of = async (...lines: string[]) =>
      accountsOf((await stackWith(lines)).services.find(each => each.name === "db")!);
    expect(await of("image: postgres:16")).toMatchObject({ users: ["postgres"] });
    expect(await of("image: postgres:16", "environment: { POSTGRES_USER: shop }")).toMatchObject({
      users: ["shop"],
      databases: ["shop", "postgres", "template1", "template0"],
    });
    expect(await of("image: postgres:16", `environment: { POSTGRES_USER: "\${X}" }`)).toBeUndefined();
    expect(await of("image: postgres:16", "env_file: .env")).toBeUndefined();
  });
});

describe("what scripts do", () => {
  it("knows under which names a service's container runs", async () => {
    const named = (await stackWith(["image: postgres:16", "container_name: shop-db"])).services.find(
      s => s.name === "db",
    )!;
    expect(createsContainer(named, "shop-db")).toBe(true);
    expect(createsContainer(named, "shop-db-1")).toBe(false);
    const plain = (await stackWith(["image: postgres:16"])).services.find(s => s.name === "db")!;
    expect(createsContainer(plain, "shop-db-1")).toBe(true);
    expect(createsContainer(plain, "shop_db_1")).toBe(true);
    expect(createsContainer(plain, "db")).toBe(false);
  });

  it("reads names of containers, not of files, and leaves unknown ones out", async () => {
    const { calls } = await stackWith(["image: postgres:16"], {
      "x.sh":
        'docker cp shop-db:/etc/x .\ndocker exec "$1" ls\ndocker logs web\ndocker volume inspect data\n',
    });
    expect(calls.flatMap(({ call }) => addressedContainers(call).map(arg => arg.value))).toEqual([
      "shop-db",
      "web",
    ]);
  });

  it("reports a missing name once per file, with every place", async () => {
    const stack = await stackWith(["image: postgres:16"], {
      "backup.sh": "docker exec db pg_dump a\ndocker exec db pg_dump b\n",
    });
    const missing = missingTargets(stack);
    expect(missing).toHaveLength(1);
    expect(missing[0]).toMatchObject({ what: "container", name: "db" });
    expect(missing[0]!.addressed).toHaveLength(2);
    expect(missing[0]!.places.every(isBackupWork)).toBe(true);
  });

  it("tells which scripts notice a failure", async () => {
    const notices = async (path: string, text: string) => {
      const stack = await stackWith(["image: postgres:16"], { [path]: text });
      const placed = stack.calls.find(({ call }) => call.name === "pg_dump")!;
      return [isPipefail(stack, placed), stopsOnError(stack, placed)];
    };
    expect(await notices("x.sh", "pg_dump a | gzip\n")).toEqual([false, false]);
    expect(await notices("x.sh", "set -euo pipefail\npg_dump a | gzip\n")).toEqual([true, true]);
    expect(await notices("Makefile", ".SHELLFLAGS := -eu -o pipefail -c\nx:\n\tpg_dump a | gzip\n")).toEqual([
      true,
      true,
    ]);
  });
});

describe("backups", () => {
  const store = ["image: postgres:16", "volumes: [./data:/var/lib/postgresql/data]"];

  it("sees dumps, tools, services and files named for them", async () => {
    expect(keptStores(await stackWith(store)).map(service => service.name)).toEqual(["db"]);
    expect(hasBackup(await stackWith(store))).toBe(false);
    expect(
      hasBackup(await stackWith(store, { "x.sh": "docker compose exec -T db pg_dump a > a.sql\n" })),
    ).toBe(true);
    expect(hasBackup(await stackWith(store, { "x.sh": "restic backup /srv\n" }))).toBe(true);
    expect(
      hasBackup(
        await stackWith(store, { "x.sh": "docker run --rm -v data:/d busybox tar czf /b/d.tgz /d\n" }),
      ),
    ).toBe(true);
    expect(hasBackup(await stackWith(store, { "ops/backup.timer": "" }))).toBe(true);
    expect(hasBackup(await stackWith(store, { "src/BackupList.tsx": "" }))).toBe(false);
  });

  it("takes a schema for no restore", async () => {
    expect(hasRestore(await stackWith(store, { "x.sh": "psql -f schema.sql a\n", "schema.sql": "" }))).toBe(
      false,
    );
    expect(hasRestore(await stackWith(store, { "x.sh": "psql -f /backups/a.sql a\n" }))).toBe(true);
    expect(hasRestore(await stackWith(store, { "x.sh": "echo 'pg_restore it'\n" }))).toBe(false);
    expect(hasRestore(await stackWith(store, { "x.sh": "pg_restore -d a a.dump\n" }))).toBe(true);
  });
});
