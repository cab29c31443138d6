import { isTest, isVendored } from "../artifacts/project-files.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import { credentialsInUrl, isPlaceholder, isWeakSecret } from "../formats/secret.ts";
import { opensOutside } from "./query-example-secrets.ts";
import type { Stack } from "./stack.ts";

/** Pages and scripts that git tracks and that give both the address of a server on the internet and a password of it. */

export interface DocumentedLogin {
  readonly file: string;
  readonly address: Location;
  /** The same place as the address where one line tells both. */
  readonly password: Location;
  /** The password itself, to see that two files tell the same one. */
  readonly secret: string;
}

const page = /\.(?:md|markdown|mdx|rst|adoc|txt)$/i;
/** Of programs only those that somebody starts by hand: at the root, or in a folder for them. */
const byHand =
  /^(?:[^/]+|(?:.*\/)?(?:scripts?|tools?|bin|ops|deploy(?:ment)?s?|infra)\/[^/]+)\.(?:py|sh|bash|[cm]?js|ts|ps1|rb|php|pl|bat|cmd)$/i;
const mostPages = 400;
const mostText = 300_000;

export function documentedLogins(stack: Stack): DocumentedLogin[] {
  const pages = stack.files.paths.filter(
    path =>
      (page.test(path) || (byHand.test(path) && !isTest(path) && !isVendored(path))) &&
      stack.files.tracked(path) === true,
  );
  return pages.slice(0, mostPages).flatMap(path => {
    const read = stack.files.read(path);
    if (!("source" in read) || read.source.text.length > mostText) return [];
    return [...inUrls(read.source), ...inBlocks(read.source)].slice(0, 1);
  });
}

/** `postgresql://shop:...@93.184.216.34/shop`. */
function* inUrls(source: Source): Generator<DocumentedLogin> {
  // From the middle: a pattern that begins with the scheme is tried anew at every letter of the prose.
  for (const match of source.text.matchAll(/:\/\/[^\s"'`<>]+@[^\s"'`<>]+/g)) {
    const scheme = /[a-z][a-z+.-]*$/i.exec(
      source.text.slice(Math.max(0, match.index - 20), match.index),
    )?.[0];
    if (scheme === undefined) continue;
    const url = scheme + match[0];
    const login = credentialsInUrl(url);
    if (!login || /[$<{[*]|\.{3}/.test(url)) continue;
    const host = /@(\d{1,3}(?:\.\d{1,3}){3})(?=[:/?]|$)/.exec(url)?.[1];
    if (!opensOutside(url) && !(host && isPublic(host) && isReal(login.password))) continue;
    const at = locate(source, match.index - scheme.length, match.index + match[0].length);
    yield { file: source.path, address: at, password: at, secret: login.password };
  }
}

const near = 8;
const addressLine =
  /^\W*(?:export )?(\w*?)_?(?:HOST|HOSTNAME|SERVER|ADDRESS)\s*[=:]\s*["'`]?(\d{1,3}(?:\.\d{1,3}){3})["'`]?\s*$/i;
const passwordLine = /^\W*(?:export )?(\w*?)_?PASS(?:WORD|WD)?\s*[=:]\s*["'`]?([^\s"'`]+)["'`]?\s*$/i;

/** `DB_HOST=93.184.216.34` with `DB_PASSWORD=...` a few lines away. */
function* inBlocks(source: Source): Generator<DocumentedLogin> {
  if (!/\d\.\d{1,3}\.\d{1,3}\.\d/.test(source.text) || !/pass/i.test(source.text)) return;
  const lines = linesOf(source);
  for (const [index, line] of lines.entries()) {
    const address = addressLine.exec(line.text);
    if (!address || !isPublic(address[2]!)) continue;
    for (const other of lines.slice(Math.max(0, index - near), index + near + 1)) {
      const password = passwordLine.exec(other.text);
      if (!password || password[1]!.toLowerCase() !== address[1]!.toLowerCase() || !isReal(password[2]!))
        continue;
      yield {
        file: source.path,
        address: placeOf(source, line),
        password: placeOf(source, other),
        secret: password[2]!,
      };
      break;
    }
  }
}

interface Line {
  readonly text: string;
  readonly start: number;
}

function linesOf({ text }: Source): Line[] {
  const lines: Line[] = [];
  let start = 0;
  for (const line of text.split("\n")) {
    lines.push({ text: line.replace(/\r$/, ""), start });
    start += line.length + 1;
  }
  return lines;
}

function placeOf(source: Source, { text, start }: Line): Location {
  const from = start + text.length - text.trimStart().length;
  return locate(source, from, from + text.trim().length);
}

/** Not a word that stands for a password, and not one that guides show. */
export function isReal(password: string): boolean {
  return (
    password.length >= 6 &&
    !isPlaceholder(password) &&
    !/[$<{[*]|\.{3}/.test(password) &&
    !/^(?:postgres|password|passwd|secret|admin|root|pass|mysql|redis|mypassword|mysecretpassword)$/i.test(
      password,
    ) &&
    (/\d/.test(password) || !isWeakSecret(password))
  );
}

/** Addresses that guides invent. */
const invented =
  /^(?:1\.2\.3\.4|5\.6\.7\.8|12\.34\.56\.78|123\.45\.67\.8\d?|123\.123\.123\.123|8\.8\.[48]\.[48]|1\.[01]\.[01]\.1)$/;

/** An address on the internet: not private, not reserved, not one of those that documents are written with. */
export function isPublic(address: string): boolean {
  const parts = address.split(".").map(Number);
  const [a = 0, b = 0, c = 0] = parts;
  if (parts.some(part => part > 255) || invented.test(address) || new Set(parts).size === 1) return false;
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false;
  if (a === 100 && b >= 64 && b < 128) return false;
  if (a === 169 && b === 254) return false;
  if (a === 172 && b >= 16 && b < 32) return false;
  if (a === 192 && (b === 168 || (b === 0 && (c === 0 || c === 2)))) return false;
  if (a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100))) return false;
  return !(a === 203 && b === 0 && c === 113);
}
