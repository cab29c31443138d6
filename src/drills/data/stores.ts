import { NotSeen } from "../../core/drill.ts";
import type { Container, Engine } from "../../core/engine.ts";
import { dataDirectories, isMysql, isPostgres } from "../../stack/query-data.ts";
import type { Service } from "../../stack/stack.ts";

/** Writes something into a store that only the store's own program can give back, and reads it. */
export interface Keeper {
  readonly what: string;
  write(engine: Engine, container: Container, mark: string): Promise<void>;
  /** What is there now; undefined when it is gone. */
  read(engine: Engine, container: Container): Promise<string | undefined>;
  /** Takes it away again: what a drill leaves stands in the way of the project's own dumps. */
  remove(engine: Engine, container: Container): Promise<void>;
}

const rows = 1_000;

/** How data is put into a service; undefined when there is no way that we know. */
export function keeperOf(service: Service): Keeper | undefined {
  if (isPostgres(service))
    return sqlKeeper(psql, "SELECT count(*) || ' ' || max(mark) FROM shipworthy_drill");
  if (isMysql(service))
    return sqlKeeper(mysql, "SELECT concat(count(*), ' ', max(mark)) FROM shipworthy_drill");
  const directory = dataDirectories(service)[0]?.path;
  return directory === undefined ? undefined : fileKeeper(directory);
}

/** A file in a directory that is to outlive its container. */
export function fileKeeper(directory: string): Keeper {
  const path = `${directory.replace(/\/$/, "")}/shipworthy-drill`;
  return {
    what: `a file in ${directory}`,
    write: (engine, container, mark) => engine.copyIn(container, path, Buffer.from(mark)),
    read: (engine, container) =>
      engine.copyOut(container, path).then(
        content => Buffer.from(content).toString("utf8"),
        () => undefined,
      ),
    // Without a shell in the image it stays: a file of that name is in nobody's way.
    remove: async (engine, container) => {
      await engine.exec(container, ["rm", "-f", path], { user: "0", timeoutMs: 30_000 });
    },
  };
}

/** Runs a statement in a database as its owner; gives what it prints. */
export type Sql = (engine: Engine, container: Container, statement: string) => Promise<string>;

/** How statements are given to a service; undefined when it is no database that we know. */
export function sqlOf(service: Service): Sql | undefined {
  const client = isPostgres(service) ? psql : isMysql(service) ? mysql : undefined;
  return client && ((engine, container, statement) => runSql(client, engine, container, statement));
}

type Client = (statement: string) => readonly string[];

const psql: Client = statement => [
  ...["sh", "-c"],
  // The image lets its own user in over the socket, under the name that it was made with.
  'u="${POSTGRES_USER:-postgres}"; exec psql -U "$u" -d "${POSTGRES_DB:-$u}" -v ON_ERROR_STOP=1 -qtAc "$0"',
  statement,
];

const mysql: Client = statement => [
  ...["sh", "-c"],
  [
    'p="${MYSQL_ROOT_PASSWORD:-$MARIADB_ROOT_PASSWORD}"; f="${MYSQL_ROOT_PASSWORD_FILE:-$MARIADB_ROOT_PASSWORD_FILE}"',
    '[ -n "$p" ] || p="$(cat "$f")"; d="${MYSQL_DATABASE:-${MARIADB_DATABASE:-mysql}}"',
    'c=mysql; command -v mariadb >/dev/null && c=mariadb; MYSQL_PWD="$p" exec $c -uroot -N -B "$d" -e "$0"',
  ].join("; "),
  statement,
];

async function runSql(
  client: Client,
  engine: Engine,
  container: Container,
  statement: string,
): Promise<string> {
  const { code, stdout, stderr } = await engine.exec(container, client(statement), { timeoutMs: 60_000 });
  if (code !== 0) throw new NotSeen(stderr.trim().split("\n").at(-1) ?? `the client ended with ${code}`);
  return stdout.trim();
}

function sqlKeeper(client: Client, count: string): Keeper {
  const run = (engine: Engine, container: Container, statement: string) =>
    runSql(client, engine, container, statement);
  return {
    what: `${rows} rows`,
    async write(engine, container, mark) {
      await run(engine, container, "CREATE TABLE shipworthy_drill (id int PRIMARY KEY, mark varchar(40))");
      const values = Array.from({ length: rows }, (_, id) => `(${id}, '${mark}')`).join(", ");
      await run(engine, container, `INSERT INTO shipworthy_drill VALUES ${values}`);
    },
    read: (engine, container) =>
      run(engine, container, count).then(
        seen => seen.replace(new RegExp(`^${rows} `), ""),
        () => undefined,
      ),
    remove: async (engine, container) => {
      await run(engine, container, "DROP TABLE IF EXISTS shipworthy_drill");
    },
  };
}
