import { djangoRoots } from "../../artifacts/django.ts";
import { type DjangoSettings, readDjangoSettings } from "../../artifacts/django-settings.ts";
import { concrete, entryOf, type Lookup, type Value } from "../../artifacts/value.ts";
import type { Evidence, Severity } from "../../core/finding.ts";
import type { Edit, Fix } from "../../core/fix.ts";
import type { Location } from "../../core/source.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { settingsInForce } from "../../stack/query-settings.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/database-options",
  title: "Every database connection has the options of its own engine",
  claim: "boots-healthy",
  severity: "high",
  why: "The database's driver refuses an option that it does not know, so that every use of the connection fails.",
  *check(stack) {
    const told = new Set<string>();
    for (const { settings, lookup, severity } of allSettings(stack)) {
      const databases = settings.values.get("DATABASES");
      if (databases?.kind !== "dict") continue;
      for (const { key, value } of databases.entries) {
        const found = foreign(value, lookup);
        const place = `${value.at.file} ${value.at.span.start}`;
        if (!found || told.has(place)) continue;
        told.add(place);
        const refused = found.options.length > 0;
        yield {
          subject: `${settings.file} ${key}`,
          message: refused
            ? `The database connection "${key}" of ${value.at.file} is for ${found.engine}, and gives ${listNames(found.options)}, which only ${found.other} knows: every connection is refused as invalid.`
            : `The database connection "${key}" of ${value.at.file} is for ${found.engine}, and its port ${found.port} is that of ${found.other}.`,
          evidence: found.evidence as [Evidence],
          severity: key === "default" && refused ? severity : lower(severity),
          ...(key === "default" || found.options.length === 0
            ? {}
            : { fix: () => withoutOptions(stack, databases, key, lookup) }),
          ...(refused ? {} : { confidence: "likely" as const }),
        };
      }
    }
  },
});

/**
 * A second connection without the options of another engine, where the first one has the same engine and is right. Each
 * has to stand in a line of its own. Undefined where it is the engine that may be wrong.
 */
function withoutOptions(stack: Stack, databases: Dict, key: string, lookup: Lookup): Fix | undefined {
  const [first, entry] = ["default", key].map(
    name => databases.entries.find(each => each.key === name)?.value,
  );
  const engineOf = (value: Value | undefined) => {
    const engine = value && entryOf(value, "ENGINE");
    return engine && familyOf(textOf(engine, lookup) ?? "");
  };
  const options = entry && entryOf(entry, "OPTIONS");
  if (!first || options?.kind !== "dict" || engineOf(first) !== engineOf(entry) || foreign(first, lookup))
    return undefined;
  const edits = options.entries.map(({ key: name, value }) =>
    isForeign(name, engineOf(entry)!) ? lineOf(stack, name, value.at) : "stays",
  );
  if (edits.includes(undefined)) return undefined;
  edits.push(...portEdit(stack, entryOf(entry!, "PORT"), engineOf(entry)!));
  return {
    title: `Take the options of another engine out of the connection "${key}"`,
    grade: "needs-testing",
    edits: edits.filter(edit => edit !== undefined && edit !== "stays") as Edit[],
    test: `Use the connection once: python manage.py dbshell --database ${key}.`,
  };
}

/** A fallback of the port that came from the other engine, too. */
function portEdit(stack: Stack, port: Value | undefined, engine: Family): Edit[] {
  const own = Object.keys(ports).find(number => ports[number] === engine);
  const text = port && stack.sources.get(port.at.file)?.text.slice(port.at.span.start, port.at.span.end);
  const found = [...(text ?? "").matchAll(/(?<=["'])(?:3306|5432)(?=["'])/g)];
  const [first] = found;
  if (!port || !first || found.length > 1 || own === undefined || first[0] === own) return [];
  const start = port.at.span.start + first.index;
  return [{ at: { file: port.at.file, span: { start, end: start + first[0].length } }, text: own }];
}

/** The line of an entry, as an edit that takes it away; undefined when it shares one. */
function lineOf(stack: Stack, name: string, at: Location): Edit | undefined {
  const text = stack.sources.get(at.file)?.text;
  if (text === undefined) return undefined;
  const start = text.lastIndexOf("\n", at.span.start) + 1;
  const end = text.indexOf("\n", at.span.end) + 1;
  const before = text.slice(start, at.span.start).trim();
  const isAlone = /^["']\w+["']\s*:$/.test(before) && before.slice(1).startsWith(name);
  if (end === 0 || !isAlone || !/^,[ \t]*(?:#[^\n]*)?\r?\n$/.test(text.slice(at.span.end, end)))
    return undefined;
  return { at: { file: at.file, span: { start, end } }, text: "" };
}

interface Placed {
  readonly settings: DjangoSettings;
  readonly lookup: Lookup;
  readonly severity: Severity;
}

/** The settings that services run with, then the other ones that are kept for servers. */
function* allSettings(stack: Stack): Generator<Placed> {
  for (const { settings, lookup, service } of settingsInForce(stack))
    yield { settings, lookup, severity: weigh(service, "high") };
  for (const { django, files } of stack.components) {
    for (const { file, module } of django?.modules ?? []) {
      if (!files.read(file)?.text.includes("DATABASES")) continue;
      const settings = readDjangoSettings(files, file, djangoRoots(django!));
      if (!settings) continue;
      const severity = module === django!.defaultModule?.value ? "medium" : "low";
      yield { settings, lookup: () => undefined, severity };
    }
  }
}

function lower(severity: Severity): Severity {
  return severity === "high" || severity === "critical" ? "medium" : "low";
}

type Dict = Extract<Value, { kind: "dict" }>;
type Family = "PostgreSQL" | "MySQL" | "SQLite";

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
const ports: Readonly<Record<string, Family>> = { 3306: "MySQL", 5432: "PostgreSQL" };

function foreign(entry: Value, lookup: Lookup) {
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

function isForeign(option: string, family: Family): boolean {
  return Object.hasOwn(owners, option) && owners[option] !== family && !shared.has(`${option} ${family}`);
}

function familyOf(engine: string): Family | undefined {
  if (/postgres|postgis|timescale/.test(engine)) return "PostgreSQL";
  if (engine === "django.db.backends.mysql" || engine === "django.contrib.gis.db.backends.mysql")
    return "MySQL";
  return engine === "django.db.backends.sqlite3" ? "SQLite" : undefined;
}

/** The text under an environment, else what it is when nobody sets the variable. */
function textOf(value: Value, lookup: Lookup): string | undefined {
  const known = concrete(value, lookup) ?? concrete(value, () => null);
  return typeof known === "string" || typeof known === "number" ? String(known) : undefined;
}
