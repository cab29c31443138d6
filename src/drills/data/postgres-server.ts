import { NotSeen } from "../../core/drill.ts";
import type { Container, Engine } from "../../core/engine.ts";

/** What a PostgreSQL server holds, as far as a restore has to bring it back. */
export interface Holdings {
  /** By database: how many rows a table has and the sum of all their values, and where a sequence stands. */
  readonly databases: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly extensions: ReadonlyMap<string, readonly string[]>;
  readonly roles: readonly string[];
}

/** The image lets its own user in over the socket, under the name that it was made with. */
const client =
  'u="${POSTGRES_USER:-postgres}"; printf %s "$2" | psql -U "$u" -d "${1:-${POSTGRES_DB:-$u}}" -X -v ON_ERROR_STOP=1 -qtA -f -';

/** Runs statements in a database, the service's own when the name is empty. @throws NotSeen with the server's words. */
export async function sql(
  engine: Engine,
  container: Container,
  database: string,
  text: string,
): Promise<string[]> {
  const { code, stdout, stderr } = await engine.exec(container, ["sh", "-c", client, "sh", database, text], {
    timeoutMs: 120_000,
  });
  if (code !== 0) throw new NotSeen(stderr.trim().split("\n").at(-1) || `psql ended with ${code}`);
  return stdout.split("\n").filter(line => line !== "");
}

/** The databases that somebody uses: the service's own, those that it was given, and any that has a table. */
export async function usedDatabases(engine: Engine, container: Container): Promise<string[]> {
  const all = await sql(
    engine,
    container,
    "",
    "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1",
  );
  const [own] = await sql(engine, container, "", "SELECT current_database()");
  const used: string[] = [];
  for (const name of all)
    if (name !== "postgres" || name === own || (await sql(engine, container, name, tables)).length > 0)
      used.push(name);
  return used;
}

const ownTables = `FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`;
const tables = `SELECT n.nspname || '.' || c.relname ${ownTables} ORDER BY 1`;
/** The sum does not depend on the order of the rows. */
const counts = `SELECT format('SELECT %L, count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM %I.%I t', n.nspname || '.' || c.relname, n.nspname, c.relname) ${ownTables} ORDER BY 1 \\gexec
SELECT 'sequence ' || schemaname || '.' || sequencename, coalesce(last_value::text, 'unused'), '' FROM pg_sequences ORDER BY 1`;

export async function holdings(
  engine: Engine,
  container: Container,
  names: readonly string[],
): Promise<Holdings> {
  const databases = new Map<string, ReadonlyMap<string, string>>();
  const extensions = new Map<string, readonly string[]>();
  for (const name of names) {
    const lines = await sql(engine, container, name, counts);
    databases.set(
      name,
      new Map(
        lines.map(line => {
          const [what = "", ...values] = line.split("|");
          return [what, values.join(" ").trim()];
        }),
      ),
    );
    extensions.set(name, await sql(engine, container, name, "SELECT extname FROM pg_extension ORDER BY 1"));
  }
  const roles = await sql(
    engine,
    container,
    "",
    "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1",
  );
  return { databases, extensions, roles };
}

/** What was the same before and after a backup: only that can be asked of it. */
export function steadyPart(before: Holdings, after: Holdings): Holdings {
  const databases = new Map(
    [...before.databases].map(([name, held]) => {
      const later = after.databases.get(name);
      return [name, new Map([...held].filter(([what, value]) => later?.get(what) === value))] as const;
    }),
  );
  return { ...before, databases };
}

/** What is missing or different, in words; empty when everything is there. */
export function lost(wanted: Holdings, found: Holdings): string[] {
  const words: string[] = [];
  for (const [name, held] of wanted.databases) {
    const there = found.databases.get(name);
    for (const [what, value] of held) {
      const now = there?.get(what);
      const title = `${what} of database ${name}`;
      if (now === undefined) words.push(`${title} is not there`);
      else if (now !== value) words.push(`${title} has ${difference(value, now)}`);
    }
    for (const extension of wanted.extensions.get(name) ?? [])
      if (!found.extensions.get(name)?.includes(extension))
        words.push(`extension ${extension} of database ${name} is not there`);
  }
  for (const role of wanted.roles) if (!found.roles.includes(role)) words.push(`role ${role} is not there`);
  return words;
}

function difference(wanted: string, found: string): string {
  const [rows, count] = [wanted.split(" ")[0], found.split(" ")[0]];
  return rows === count ? "other values" : `${count} instead of ${rows}`;
}

export const markRows = 1_000;

/**
 * Writes a table of 1,000 rows with a mark, owned by whoever owns the other tables, in the schema where those are: a
 * backup that a role of the application makes can read it, and one of a single schema has it.
 */
export async function writeMark(
  engine: Engine,
  container: Container,
  database: string,
  mark: string,
): Promise<void> {
  const ask = (text: string) => sql(engine, container, database, text);
  const [place] = await ask(
    `SELECT quote_ident(schemaname) || '|' || quote_ident(tableowner) FROM pg_tables
WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema' GROUP BY schemaname, tableowner ORDER BY count(*) DESC LIMIT 1`,
  );
  const [owner] = await ask(
    "SELECT quote_ident(pg_get_userbyid(datdba)) FROM pg_database WHERE datname = current_database()",
  );
  const [schema = "public", role = owner!] = place?.split("|") ?? [];
  const table = `${schema}.shipworthy_drill`;
  const fill = `CREATE TABLE ${table} (id serial PRIMARY KEY, mark text NOT NULL, words text, amount numeric(9, 2), at timestamptz);
INSERT INTO ${table} (mark, words, amount, at) SELECT '${mark}', E'it''s \\\\ "' || n || E'"\\té\\n', n * 1.25, now() + n * interval '1 h' FROM generate_series(1, ${markRows}) n;`;
  try {
    await ask(`BEGIN; SET LOCAL ROLE ${role};\n${fill}\nCOMMIT;`);
  } catch (error) {
    if (!(error instanceof NotSeen)) throw error;
    // A role that may not make tables may still own one.
    await ask(`BEGIN;\n${fill}\nALTER TABLE ${table} OWNER TO ${role};\nCOMMIT;`);
  }
}

const markTable =
  "SELECT quote_ident(schemaname) || '.shipworthy_drill' FROM pg_tables WHERE tablename = 'shipworthy_drill'";

export async function removeMark(engine: Engine, container: Container, database: string): Promise<void> {
  for (const table of await sql(engine, container, database, markTable))
    await sql(engine, container, database, `DROP TABLE ${table}`);
}

/** Deletes every second row of the mark's table, as a wrong statement does. */
export async function loseRows(engine: Engine, container: Container, database: string): Promise<void> {
  for (const table of await sql(engine, container, database, markTable))
    await sql(engine, container, database, `DELETE FROM ${table} WHERE id % 2 = 0`);
}

/** Makes a database anew without anything in it, for the owner that it had. */
export async function makeEmpty(engine: Engine, container: Container, database: string): Promise<void> {
  const ask = (text: string) => sql(engine, container, "template1", text);
  const quoted = `"${database.replaceAll('"', '""')}"`;
  const [owner] = await ask(
    `SELECT quote_ident(pg_get_userbyid(datdba)) FROM pg_database WHERE datname = '${database.replaceAll("'", "''")}'`,
  );
  await ask(`DROP DATABASE IF EXISTS ${quoted} WITH (FORCE)`);
  await ask(`CREATE DATABASE ${quoted} TEMPLATE template0${owner === undefined ? "" : ` OWNER ${owner}`}`);
}

/** Gives every role that can log in another password. The result puts the old ones back. */
export async function changePasswords(
  engine: Engine,
  container: Container,
  password: string,
): Promise<{ readonly roles: readonly string[]; back(): Promise<void> }> {
  const rows = await sql(
    engine,
    container,
    "",
    "SELECT quote_ident(rolname) || '|' || quote_literal(rolpassword) FROM pg_authid WHERE rolcanlogin AND rolpassword IS NOT NULL",
  );
  const had = rows.map(row => ({
    role: row.slice(0, row.indexOf("|")),
    word: row.slice(row.indexOf("|") + 1),
  }));
  const set = (words: readonly { role: string; word: string }[]) =>
    sql(
      engine,
      container,
      "",
      words.map(({ role, word }) => `ALTER ROLE ${role} PASSWORD ${word};`).join("\n"),
    );
  await set(had.map(({ role }) => ({ role, word: `'${password}'` })));
  return { roles: had.map(({ role }) => role), back: async () => void (await set(had)) };
}
