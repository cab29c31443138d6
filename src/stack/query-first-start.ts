import { basename, inside, join } from "../core/path.ts";
import { isMysql, isPostgres } from "./query-data.ts";
import type { Service, Stack } from "./stack.ts";

/** What the scripts of a database's first start ask for before it is there. */

export interface EarlyStatement {
  readonly table: string;
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** A script that comes later makes the table. */
  readonly later?: string;
}

const folder = "/docker-entrypoint-initdb.d";

/**
 * The first statement that changes a table which no script before it makes. Undefined where all is there, or where not
 * all that runs can be read. The images run the scripts by their names, and stop at the first error.
 */
export function earlyStatement(stack: Stack, store: Service): EarlyStatement | undefined {
  if (!(isPostgres(store) || isMysql(store)) || store.entrypoint) return undefined;
  const scripts = orderedScripts(stack, store);
  if (!scripts || scripts.length === 0) return undefined;
  const made = new Map<string, string>();
  let early: EarlyStatement | undefined;
  for (const path of scripts) {
    const read = stack.files.read(path);
    if (!("source" in read)) return early;
    const text = plain(read.source.text);
    // What comes after the error does not run.
    if (foreign.test(text) || text.length > largest) return early;
    const inRoutines = routines(text);
    for (const { makes, table, start } of statements(text)) {
      // What a routine of MySQL does is done when it is called.
      if (!makes && inRoutines.some(([from, to]) => start > from && start < to)) continue;
      if (makes) made.set(table, path);
      else if (!early && !made.has(table) && !isOfSystem(table))
        early = { table, file: path, line: text.slice(0, start).split("\n").length };
    }
  }
  const later = early && made.get(early.table);
  return early && later !== undefined ? { ...early, later } : early;
}

const largest = 2_000_000;
/** Other files and programs bring tables, or the statements are put together. */
const foreign =
  /^[ \t]*\\(?:i|ir|include|copy)\b|^[ \t]*source[ \t]+\S+\.sql\b|\bcreate\s+extension\b[^;]{0,300}\b(?:postgis|timescaledb|pg_cron|citus|age)\b|\bimport\s+foreign\s+schema\b|\bexecute\b(?!\s+(?:function|procedure|on)\b)|\bprepare\b|\blike\s+\w+\s+including\b.{0,300}\bloop\b/im;

/** Every script that the image runs, in its order; undefined where one of them is no plain SQL. */
function orderedScripts(stack: Stack, store: Service): string[] | undefined {
  const found: { name: string; path: string }[] = [];
  for (const mount of store.mounts) {
    const below = inside(folder, mount.target);
    if (below === undefined) continue;
    const path = mount.type === "bind" ? mount.repositoryPath : undefined;
    if (path === undefined || below.includes("/")) return undefined;
    const kind = stack.files.has(path);
    if (kind === "directory" && below === "")
      found.push(...stack.files.list(path).map(name => ({ name, path: join(path, name) })));
    else if (kind === "file") found.push({ name: basename(mount.target), path });
    else return undefined;
  }
  for (const path of store.model?.list(folder) ?? []) {
    const { source } = store.model!.file(path);
    if (source === undefined) return undefined;
    found.push({ name: basename(path), path: source });
  }
  const run = found.filter(({ name }) => /\.(?:sql|sh)(?:\.(?:gz|xz|zst))?$/.test(name));
  if (run.some(({ name, path }) => !name.endsWith(".sql") || stack.files.has(path) !== "file"))
    return undefined;
  return run.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ path }) => path);
}

/** What is open at the end runs to the end: then no text takes longer than its length. */
const quoted =
  /\/\*(?!!)[\s\S]*?(?:\*\/|$)|--[^\n]*|\$(\w*)\$[\s\S]*?(?:\$\1\$|$)|'(?:[^'\\]|\\.|'')*(?:'|$)/g;

/** Comments, texts and the bodies of functions become blanks, so that places stay. */
function plain(text: string): string {
  return text.replace(quoted, found => found.replace(/[^\n]+/g, line => " ".repeat(line.length)));
}

/** From a delimiter of their own to the usual one. */
function routines(text: string): (readonly [number, number])[] {
  const marks = [...text.matchAll(/^[ \t]*delimiter[ \t]+(\S+)/gim)];
  return marks.flatMap(({ index, 1: mark }, i) =>
    mark === ";" ? [] : [[index, marks[i + 1]?.index ?? text.length] as const],
  );
}

const name = '(?:["`]?[\\w-]+["`]?\\s*\\.\\s*)?["`]?([A-Za-z_][\\w-]*)["`]?';
const statement = new RegExp(
  [
    `\\bcreate\\s+(?:or\\s+replace\\s+)?(?:(?:global|local|temp|temporary|unlogged|foreign|materialized|recursive)\\s+)*(?:table|view)\\s+(?:if\\s+not\\s+exists\\s+)?${name}`,
    `\\brename\\s+(?:to\\s+)${name}`,
    `\\balter\\s+table\\s+(?:only\\s+)?(?!if\\s+exists\\b)${name}`,
    `\\binsert\\s+(?:ignore\\s+)?into\\s+${name}`,
    `\\bcreate\\s+(?:unique\\s+)?index\\s+(?:concurrently\\s+)?(?:if\\s+not\\s+exists\\s+)?(?:["\`]?[\\w-]+["\`]?\\s+)?on\\s+(?:only\\s+)?${name}`,
  ].join("|"),
  "gi",
);

function* statements(text: string): Iterable<{ makes: boolean; table: string; start: number }> {
  for (const match of text.matchAll(statement)) {
    const [, created, renamed, ...used] = match;
    const table = (created ?? renamed ?? used.find(each => each !== undefined))!.toLowerCase();
    const makes = created !== undefined || renamed !== undefined;
    yield { makes, table, start: match.index };
  }
}

function isOfSystem(table: string): boolean {
  return /^(?:pg_|information_schema|mysql|user$|db$|spatial_ref_sys|if$|only$)/.test(table);
}
