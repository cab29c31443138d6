import { basename } from "../core/path.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import type { Stack } from "./stack.ts";

/** Copies of a database that git tracks. */

export interface TrackedDump {
  readonly file: string;
  readonly at: Location;
  /** The table whose rows have passwords' hashes; undefined for a file that cannot be read. */
  readonly table?: string;
  /** Its name has the day on which it was made. */
  readonly dated?: boolean;
}

const packed = /\.(?:dump|pgdump|backup|sql\.(?:gz|xz|bz2|zst)|archive\.gz)$/i;
const dated = /(?:^|[^\d])20\d\d[-_.]?(?:0\d|1[0-2])[-_.]?(?:[0-2]\d|3[01])(?!\d)/;
const folder = /(?:^|\/)(?:db[_-]?)?(?:backups?|dumps?|bkp)\//i;
/** Made for tests, for a show, or for the first start of everybody. */
const aside =
  /(?:^|[/._-])(?:tests?|testing|testdata|specs?|e2e|fixtures?|examples?|samples?|demo|mocks?|seeds?|init|initdb|docs?|node_modules|vendor|migrations?|schema)(?:[/._-]|$)/i;

const most = 40;
const largest = 5_000_000;

export function trackedDumps(stack: Stack): TrackedDump[] {
  const found: TrackedDump[] = [];
  const texts: string[] = [];
  for (const file of stack.files.paths) {
    if (!/\.(?:sql|dump|pgdump|backup|gz|xz|bz2|zst)$/i.test(file) || aside.test(file)) continue;
    if (file.toLowerCase().endsWith(".sql")) texts.push(file);
    else if (packed.test(file) && (dated.test(basename(file)) || folder.test(file)) && isTracked(stack, file))
      found.push({ file, at: { file, span: { start: 0, end: 0 } }, dated: dated.test(basename(file)) });
  }
  for (const file of texts.slice(0, most)) {
    if (!isTracked(stack, file)) continue;
    const read = stack.files.read(file);
    if (!("source" in read) || read.source.text.length > largest) continue;
    const accounts = accountsIn(read.source);
    if (accounts) found.push({ file, ...accounts });
  }
  return found;
}

function isTracked(stack: Stack, file: string): boolean {
  return stack.files.tracked(file) === true;
}

const header = /^-- (?:PostgreSQL database dump|(?:MySQL|MariaDB) dump|phpMyAdmin SQL Dump)/m;
const filling =
  /^(?:COPY|INSERT INTO)\s+[`"]?(?:\w+[`"]?\.)?[`"]?(\w*(?:user|account|member|customer|login|usuario|utilisateur|employee|staff)\w*)[`"]?\s*(?:\(|VALUES)/gim;
const hash =
  /\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|pbkdf2_sha(?:1|256|512)\$\d+\$|pbkdf2:sha\d+:\d+\$|scrypt:\d+:\d+:\d+\$|\$argon2(?:id|i|d)\$v=/g;

/** Rows of people with the hashes of their passwords, as a dump writes them. */
function accountsIn(source: Source): { table: string; at: Location } | undefined {
  const { text } = source;
  if (!header.test(text)) return undefined;
  for (const match of text.matchAll(filling)) {
    const rest = text.slice(match.index, match.index + 20_000);
    const isCopy = /^copy/i.test(match[0]);
    const end = (isCopy ? /^\\\./m : /;[ \t]*$/m).exec(rest.slice(match[0].length));
    const rows = end ? rest.slice(0, match[0].length + end.index) : rest;
    const hashes = new Set(rows.match(hash) ?? []);
    const people = (rows.match(/[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g) ?? []).filter(
      mail =>
        !/@(?:[\w-]+\.)*(?:example|test|localhost|demo|email|mail|invalid)\.\w+$|\.(?:test|local|example)$/i.test(
          mail,
        ),
    );
    if (hashes.size === 0 || new Set(people).size < 2) continue;
    return { table: match[1]!, at: locate(source, match.index, match.index + match[0].trimEnd().length) };
  }
  return undefined;
}
