import { concrete, entryOf, type Lookup, type Value } from "../artifacts/value.ts";
import { evidence } from "./query.ts";

/** Options of database connections in Django's settings, and the engines that they belong to. */

export type Dict = Extract<Value, { kind: "dict" }>;
export type Family = "PostgreSQL" | "MySQL" | "SQLite";

const engineNames: Readonly<Record<Family, RegExp>> = {
  PostgreSQL: /postgres|postgis|timescale/,
  MySQL: /mysql/,
  SQLite: /sqlite/,
};
const families = Object.keys(engineNames) as Family[];

/** Options that exactly one family of drivers takes. */
const owners: Readonly<Record<string, Family>> = {
  init_command: "MySQL",
  charset: "MySQL",
  sql_mode: "MySQL",
  unix_socket: "MySQL",
  read_default_file: "MySQL",
  use_unicode: "MySQL",
  sslmode: "PostgreSQL",
  sslrootcert: "PostgreSQL",
  connect_timeout: "PostgreSQL",
  keepalives: "PostgreSQL",
  keepalives_idle: "PostgreSQL",
  target_session_attrs: "PostgreSQL",
  server_side_binding: "PostgreSQL",
  pool: "PostgreSQL",
  check_same_thread: "SQLite",
  transaction_mode: "SQLite",
};
/** MySQL's drivers take these too. */
const shared = new Set(["connect_timeout MySQL", "init_command SQLite", "pool Oracle"]);
export const ports: Readonly<Record<string, Family>> = { 3306: "MySQL", 5432: "PostgreSQL" };

/** What an entry of DATABASES gives its engine that only another one knows; undefined when nothing is wrong. */
export function foreign(entry: Value, lookup: Lookup) {
  const engine = entryOf(entry, "ENGINE");
  const name = engine && textOf(engine, lookup);
  const family = name === undefined ? undefined : familyOf(name);
  if (!engine || !family) return undefined;
  const options = entryOf(entry, "OPTIONS");
  const foreignOptions = (options?.kind === "dict" ? options.entries : []).filter(({ key }) =>
    isForeign(key, family),
  );
  const port = entryOf(entry, "PORT");
  const number = port && textOf(port, lookup);
  const portOf = number !== undefined && family !== "SQLite" ? ports[number] : undefined;
  const wrongPort = port && portOf !== undefined && portOf !== family ? port : undefined;
  const other = foreignOptions[0] ? owners[foreignOptions[0].key] : portOf;
  if (foreignOptions.length === 0 && !wrongPort) return undefined;
  return {
    engine: family,
    other: other!,
    port: number,
    options: foreignOptions.map(each => each.key),
    evidence: [
      ...foreignOptions.map(each =>
        evidence(each.value.at, `"${each.key}" is an option of ${owners[each.key]}`),
      ),
      ...(wrongPort ? [evidence(wrongPort.at, `the port of ${portOf}`)] : []),
      evidence(engine.at, `the engine of ${family}`),
    ],
  };
}

/** Whether a file can have such an entry at all: it names one engine, and an option or the port of another. */
export function mayBeForeign(text: string): boolean {
  const engines = families.filter(each => engineNames[each].test(text));
  const foreignTo = (family: Family) => engines.some(each => each !== family);
  return (
    Object.entries(ports).some(([port, family]) => text.includes(port) && foreignTo(family)) ||
    Object.entries(owners).some(([option, family]) => text.includes(option) && foreignTo(family))
  );
}

export function isForeign(option: string, family: Family): boolean {
  return Object.hasOwn(owners, option) && owners[option] !== family && !shared.has(`${option} ${family}`);
}

export function familyOf(engine: string): Family | undefined {
  if (engineNames.PostgreSQL.test(engine)) return "PostgreSQL";
  if (engine === "django.db.backends.mysql" || engine === "django.contrib.gis.db.backends.mysql")
    return "MySQL";
  return engine === "django.db.backends.sqlite3" ? "SQLite" : undefined;
}

/** The text under an environment, else what it is when nobody sets the variable. */
export function textOf(value: Value, lookup: Lookup): string | undefined {
  const known = concrete(value, lookup) ?? concrete(value, () => null);
  return typeof known === "string" || typeof known === "number" ? String(known) : undefined;
}
