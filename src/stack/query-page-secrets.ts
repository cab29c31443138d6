import { type Location, locate } from "../core/source.ts";
import { credentialsInUrl, isPlaceholder, isSecretName, isWeakSecret } from "../formats/secret.ts";
import { committedKeys, keyFiles } from "./query-keys.ts";
import type { Stack } from "./stack.ts";

/** Secrets that git does not track where they are used, and that a page which it does track repeats. */
export interface PageSecret {
  /** The variable, or the file of the key. */
  readonly name: string;
  readonly usedAt: Location;
  /** Never empty. Each page once. */
  readonly pages: readonly Location[];
}

const page = /\.(?:md|markdown|mdx|rst|adoc|txt)$/i;
const mostPages = 400;

export function pageSecrets(stack: Stack): PageSecret[] {
  const hidden = [...variables(stack), ...keys(stack)];
  if (hidden.length === 0) return [];
  const pages = stack.files.paths.filter(path => page.test(path) && stack.files.tracked(path) === true);
  const found = new Map<string, { name: string; usedAt: Location; pages: Location[] }>();
  for (const path of pages.slice(0, mostPages)) {
    const read = stack.files.read(path);
    if (!("source" in read)) continue;
    for (const { name, value, usedAt } of hidden) {
      const start = read.source.text.indexOf(value);
      if (start === -1) continue;
      const secret = found.get(value) ?? { name, usedAt, pages: [] };
      found.set(value, secret);
      secret.pages.push(locate(read.source, start, start + value.length));
    }
  }
  return [...found.values()];
}

interface Hidden {
  readonly name: string;
  readonly value: string;
  readonly usedAt: Location;
}

/** What an env file holds that git does not track. A word that people invent stands in pages by itself. */
function* variables(stack: Stack): Generator<Hidden> {
  for (const file of stack.envFiles) {
    if (file.role === "example" || stack.files.tracked(file.file) !== false) continue;
    for (const { name, value, references } of file.entries) {
      if (references.length > 0) continue;
      const url = credentialsInUrl(value.value)?.password;
      const secret = url ?? (isSecretName(name.value) ? value.value : undefined);
      if (secret !== undefined && isTelling(secret))
        yield { name: name.value, value: secret, usedAt: name.at };
    }
  }
}

function isTelling(value: string): boolean {
  return (
    value.length >= 10 &&
    /\d/.test(value) &&
    /[a-z]/i.test(value) &&
    !/\s/.test(value) &&
    !isPlaceholder(value) &&
    !isWeakSecret(value)
  );
}

/** A line of the key itself, for each key that git does not track. */
function* keys(stack: Stack): Generator<Hidden> {
  const told = new Set(committedKeys(stack).map(({ file }) => file));
  for (const path of keyFiles(stack.files.paths)) {
    if (told.has(path) || stack.files.tracked(path) !== false) continue;
    const read = stack.files.read(path);
    const match = "source" in read ? /-----BEGIN [A-Z ]*PRIVATE KEY-----\r?\n/.exec(read.source.text) : null;
    if (!match || !("source" in read)) continue;
    // The first line of many keys is the same.
    const line = read.source.text.slice(match.index + match[0].length).split(/\r?\n/)[1] ?? "";
    if (/^[A-Za-z0-9+/=]{40,}$/.test(line))
      yield {
        name: path,
        value: line,
        usedAt: locate(read.source, match.index, match.index + match[0].trimEnd().length),
      };
  }
}
