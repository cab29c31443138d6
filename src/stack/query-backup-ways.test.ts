import { expect, it } from "vitest";
import { pageFiles } from "../pages/page-files.ts";
import { link } from "./link.ts";
import { backupWays } from "./query-backup-ways.ts";

async function waysOf(files: Readonly<Record<string, string>>) {
  const stack = await link(
    pageFiles(
      Object.entries(files).map(([path, text]) => ({
        ...{ path, text, ignored: false, untracked: false, directory: false },
      })),
    ),
  );
  return backupWays(stack, stack.projects[0]!);
}

const db =
  '  db:\n    image: postgres:16\n    container_name: berths-db\n    volumes: ["data:/var/lib/postgresql/data"]\n';
const compose = (more = "") => `services:\n${db}${more}volumes:\n  data:\n  kept:\n`;
const dump = "docker exec berths-db pg_dump -U postgres berths > berths.sql\n";

it("finds a script of the server, and the restore beside it", async () => {
  const [way, ...others] = await waysOf({
    "compose.yml": compose(),
    "scripts/backup.sh": `#!/bin/bash\n${dump}`,
    "scripts/restore.sh":
      '#!/bin/sh\nread -r -p "Type go: " reply\n[ "$reply" = go ] || exit 1\npsql -f "$1"\n',
    // It does more than a backup.
    "scripts/deploy.sh": `#!/bin/bash\n${dump}docker compose up -d\n`,
  });
  expect(others).toEqual([]);
  expect(way).toMatchObject({
    name: "scripts/backup.sh",
    runs: { where: "server", argv: ["bash", "scripts/backup.sh"] },
    stores: [{ name: "db" }],
    restore: { name: "scripts/restore.sh", argv: ["sh", "scripts/restore.sh"], latest: false, answer: "go" },
  });
});

it("reads how a restore wants to be asked", async () => {
  const [way] = await waysOf({
    "compose.yml": compose(),
    "ops/db-backup.sh": `#!/bin/bash\n${dump}`,
    "ops/restore.sh": `#!/bin/bash
help() { cat <<EOF
  list              what there is
  database <file>   brings a dump back
EOF
}
read -p "Sure? (yes/no): " confirm
if [[ "\${confirm}" != "yes" ]]; then exit 0; fi
name=\${1:-latest}
`,
  });
  expect(way!.restore).toMatchObject({
    argv: ["bash", "ops/restore.sh", "database"],
    latest: true,
    answer: "yes",
  });
});

it("finds a script where its service sees it", async () => {
  const service =
    '  backup:\n    image: postgres:16\n    entrypoint: [/opt/save/loop.sh]\n    volumes: ["./save:/opt/save:ro", "kept:/kept"]\n';
  const script = "#!/bin/sh\npg_dump -h db -U postgres berths > /kept/x.sql\n";
  const files = {
    "compose.yml": compose(service),
    "save/backup.sh": script,
    "save/loop.sh": "#!/bin/sh\n/opt/save/backup.sh\n",
  };
  expect(await waysOf(files)).toMatchObject([
    {
      name: "save/backup.sh",
      runs: { where: "service", service: { name: "backup" }, argv: ["/opt/save/backup.sh"] },
    },
  ]);
  const built = "  backup:\n    build: ./save\n";
  const dockerfile = 'FROM postgres:16\nCOPY backup.sh loop.sh /usr/local/bin/\nCMD ["loop.sh"]\n';
  expect(
    await waysOf({ ...files, "compose.yml": compose(built), "save/Dockerfile": dockerfile }),
  ).toMatchObject([{ runs: { where: "service", argv: ["/usr/local/bin/backup.sh"] } }]);
});

it("finds a service that does it by itself, and a target of a Makefile", async () => {
  const service = (more: string) =>
    `  saver:\n    image: postgres:16\n${more}    command: sh -c "while :; do pg_dump -h db berths > /kept/x.sql; sleep 86400; done"\n`;
  expect(await waysOf({ "compose.yml": compose(service("")) })).toMatchObject([
    { name: "saver", runs: { where: "start", service: { name: "saver" } } },
  ]);
  expect(await waysOf({ "compose.yml": compose(service("    profiles: [by-hand]\n")) })).toMatchObject([
    { runs: { where: "server", argv: ["docker", "compose", "run", "--rm", "-T", "saver"] } },
  ]);
  expect(await waysOf({ "compose.yml": compose(), Makefile: `db-backup:\n\t${dump}\n` })).toMatchObject([
    {
      name: 'target "db-backup" of Makefile',
      runs: { argv: ["make", "--no-print-directory", "-f", "Makefile", "db-backup"] },
    },
  ]);
});

it("takes no service for one that brings backups back or copies them away", async () => {
  const more = 'image: postgres:16\n    volumes: ["./save:/opt/save:ro", "kept:/kept"]\n';
  const ways = await waysOf({
    "compose.yml": compose(
      `  backup:\n    ${more}    entrypoint: [/opt/save/backup.sh]\n  backup-restore:\n    ${more}    entrypoint: [/opt/save/restore.sh]\n    profiles: [restore]\n  backup-offsite:\n    image: restic/restic\n    profiles: [offsite]\n`,
    ),
    "save/backup.sh": "#!/bin/sh\npg_dump -h db -U postgres berths > /kept/x.sql\n",
    "save/restore.sh": '#!/bin/sh\npsql -h db -U postgres berths < "$1"\n',
  });
  expect(ways.map(({ name }) => name)).toEqual(["save/backup.sh"]);
});

it("has none where there is no database, or nothing saves it", async () => {
  expect(await waysOf({ "compose.yml": compose() })).toEqual([]);
  expect(
    await waysOf({
      "compose.yml": "services:\n  web:\n    image: nginx\n",
      "backup.sh": `#!/bin/sh\n${dump}`,
    }),
  ).toEqual([]);
});
