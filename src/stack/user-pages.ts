import { basename, dirname, join } from "../core/path.ts";
import type { Source } from "../core/source.ts";
import { defaultNames } from "./project-files.ts";

/** What the pages of a public project say a Compose file is for: of those who run the program, or who work on it. */

export interface Told {
  /** server: where it is deployed; users: where it is installed or tried; work: where it is developed or tested. */
  readonly kind: "server" | "users" | "work";
  /** The page that says it. */
  readonly page: string;
}

const page = /\.(?:md|mdx|markdown|rst|adoc)$|(?:^|\/)(?:readme|install)(?:\.txt)?$/i;
const server =
  /self[-_ ]?host|deploy|production|on[- _]prem|upgrad|administrat|\boperat(?:ion|e|ing)\b|\bserver\b/i;
const work =
  /develop|\bdev\b|contribut|hack(?:ing)?\b|\btest(?:s|ing)?\b|debug|\be2e\b|workspace|codebase|working on|local(?:ly)?\b|architecture|agents?\b|claude|copilot/i;
const aside =
  /(?:^|\/)(?:changelog|changes|history|news|release[-_ ]?notes?)\b|(?:^|\/)(?:node_modules|vendor|fixtures?)\//i;
/** Pages on the whole program: a command without a file in another one may be of another program. */
const general =
  /^(?:readme|contributing|develop\w*|hacking|docker|compose|setup|install\w*|quick-?start|getting[-_]started|self[-_]?host\w*|deploy\w*|production|running)\b/i;
const mostPages = 24;
const longest = 60_000;

/** The strongest word on the file: a server's before a user's before a developer's. Undefined where no page names it. */
export function toldIn(
  file: string,
  text: (path: string) => Source | undefined,
  paths: readonly string[],
  services?: ReadonlySet<string>,
): Told | undefined {
  let best: Told | undefined;
  for (const { path, rank } of pagesFor(file, paths)) {
    const source = text(path);
    if (!source || isOfAnother(path, file, paths) || (services && asksOthers(source, services))) continue;
    for (const told of mentions(source, file)) {
      // A page on Docker alone may be for either.
      if (rank > 1 && told.kind !== "work") continue;
      if (told.kind === "server") return told;
      if (best === undefined || (best.kind === "work" && told.kind === "users")) best = told;
    }
  }
  return best;
}

/** READMEs on the way down to the file, pages for developers at the root, and pages whose path says what they are of. */
function pagesFor(file: string, paths: readonly string[]): { path: string; rank: number }[] {
  const folders = new Set([""]);
  for (let folder = dirname(file); folder !== ""; folder = dirname(folder)) folders.add(folder);
  const named = (path: string): number => {
    if (folders.has(dirname(path)) && /^readme\b/i.test(basename(path))) return 0;
    if (server.test(path) || /install|quick-?start|getting[-_]started/i.test(path)) return 1;
    return work.test(basename(path)) || /docker|compose|setup/i.test(basename(path)) ? 2 : 3;
  };
  const ranked = paths.flatMap(path => {
    if (!page.test(path) || aside.test(path) || path.split("/").length > 5) return [];
    const rank = named(path);
    return rank < 3 ? [{ path, rank }] : [];
  });
  return ranked.sort((a, b) => a.rank - b.rank).slice(0, mostPages);
}

/** Between the root and the page lies a file of the same name: the page speaks of that one. */
function isOfAnother(page: string, file: string, paths: readonly string[]): boolean {
  const name = basename(file);
  const names = defaultNames.includes(name) ? defaultNames : [name];
  for (let folder = dirname(page); folder !== "" && folder !== dirname(file); folder = dirname(folder))
    if (names.some(each => paths.includes(join(folder, each)))) return true;
  return false;
}

const asking =
  /\bdocker[- ]compose (?:exec|logs|restart|stop|start)(?: -{1,2}[\w-]+)* ([a-z][\w-]*)(?=[\s`]|$)/gm;

/** Most of the services that its commands name are none of the file's: it speaks of another stack. */
function asksOthers({ text }: Source, services: ReadonlySet<string>): boolean {
  const named = [...text.slice(0, longest).matchAll(asking)].map(found => found[1]!);
  return named.length > 2 && named.filter(name => !services.has(name)).length * 2 > named.length;
}

/** A file that whoever reads it has, or had: not the one of the repository. */
const ofReader = /\b(?:hand-edited|legacy|(?:do not|don't|never) edit|your own)\b/i;

const starts = /\bdocker[- ]compose\b(?![^\n`]*\s-f\b)[^\n`|]*?\s(?:up|start|pull)\b/;

/** Each line of the page that names the file, or starts what lies in its directory, with what its headings say. */
function* mentions(source: Source, file: string): Generator<Told> {
  const text = source.text.slice(0, longest);
  const name = basename(file);
  const isDefault = defaultNames.includes(name);
  const near =
    dirname(source.path) === dirname(file) ||
    (dirname(file) === "" && general.test(basename(source.path))) ||
    text.includes(file);
  if (!(text.includes(name) || (isDefault && near && starts.test(text)))) return;
  const headings: { level: number; title: string }[] = [];
  let fenced = false;
  for (const line of text.split("\n")) {
    if (/^\s*(?:```|~~~)/.test(line)) fenced = !fenced;
    const heading = fenced ? null : /^(#{1,6}|={1,6})\s+(\S.*)/.exec(line);
    if (heading) {
      const level = heading[1]!.length;
      while (headings.length > 0 && headings.at(-1)!.level >= level) headings.pop();
      headings.push({ level, title: heading[2]! });
    }
    if (namesFile(line, name, file, source.path) || (isDefault && near && starts.test(line))) {
      // The first heading is the title of the page, in a README that of the program.
      const above = headings.slice(headings.length > 1 || /^readme\b/i.test(basename(source.path)) ? 1 : 0);
      yield { kind: kindOf(source.path, above.map(each => each.title).join("\n"), line), page: source.path };
    }
  }
}

function namesFile(line: string, name: string, file: string, page: string): boolean {
  if (!line.includes(name) || ofReader.test(line)) return false;
  if (line.includes(file)) return true;
  // Another directory's file of the same name is another file.
  const at = line.indexOf(name);
  if (/[\w./-]$/.test(line.slice(0, at)))
    return join(dirname(page), /[\w./-]*$/.exec(line.slice(0, at))![0] + name) === file;
  return dirname(page) === dirname(file) || dirname(file) === "";
}

function kindOf(path: string, headings: string, line: string): Told["kind"] {
  if (
    work.test(headings) ||
    work.test(basename(path)) ||
    /develop|contribut/i.test(path) ||
    /\bdevelop|\btest(?:s|ing)?\b|--watch\b/i.test(line)
  )
    return "work";
  return server.test(headings) || server.test(path) ? "server" : "users";
}
