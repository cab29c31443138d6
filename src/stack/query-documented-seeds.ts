import { filesNamed, isTest, isVendored } from "../artifacts/project-files.ts";
import { basename } from "../core/path.ts";
import { type Location, locate } from "../core/source.ts";
import { phpRoots, phpSeeders } from "./query-php-seeds.ts";
import { wordsOf } from "./query-release.ts";
import { startsWith } from "./query-seed-calls.ts";
import { fallbackAdmin, literalAdmin } from "./query-seeded-admins.ts";
import type { PlacedCall, Service, Stack } from "./stack.ts";

/** Scripts that a page on deploying tells people to run on the server, and that make an administrator. */

export interface DocumentedSeed {
  readonly path: string;
  /** The password. */
  readonly at: Location;
  /** The command of the page. */
  readonly told: Location;
  /** The page tells people to take another password. */
  readonly isFollowed: boolean;
}

const forServer =
  /deploy|produc|\bprod\b|server|\blive\b|releas|rollout|\bvps\b|go-?live|bootstrap|servidor|desplieg|serveur|betrieb/i;
const forWork =
  /\bdev(?:elop\w*)?\b|\blocal(?:ly|host)?\b|contribut|\btests?\b|testing|\bdemo\b|\bsample|\boptional/i;
const seeding =
  /seed|create[-_]?(?:super)?(?:admin|user)|init[-_]?(?:admin|data|db|user)|initial[-_]?data|fixtures/i;
const another =
  /(?:chang|rotat|replac|rese?t|cambi|alter|troqu|änder|modifi|смен|измен|змін)[^\n]{0,60}(?:pass|contrase|senha|mot de passe|kennwort|парол)|(?:pass|contrase|senha|парол)[^\n]{0,60}(?:chang|cambi|alter|troqu|änder|modifi|смен|измен|змін)/i;

export function documentedSeeds(stack: Stack): DocumentedSeed[] {
  const found = new Map<string, DocumentedSeed>();
  for (const [file, source] of stack.sources) {
    if (stack.kinds.get(file) !== "runbook" || !seeding.test(source.text)) continue;
    for (const { line, start, headings } of lines(source.text)) {
      if (!seeding.test(line) || !isCommand(line)) continue;
      // The title of a page says less of what its parts are for.
      const isNamed = namesDeployed(stack, line);
      const said = `${headings.slice(1).join("\n")}\n${line}`;
      if (forWork.test(isNamed ? said.replace(/\boptional/gi, "") : said)) continue;
      if (!isNamed && !forServer.test(`${file}\n${headings.join("\n")}`)) continue;
      for (const path of seedFiles(stack, line)) {
        const at = found.has(path) ? undefined : adminIn(stack, path);
        if (!at) continue;
        const told = locate(source, start + line.search(/\S/), start + line.trimEnd().length);
        found.set(path, { path, at, told, isFollowed: another.test(source.text) });
      }
    }
  }
  return [...found.values()];
}

/** The same where a release, or the start of a server, runs a package's seed, whatever happens. PHP has its own: phpSeeds. */
export function ranSeeds(stack: Stack): { path: string; at: Location; run: PlacedCall; starts?: Service }[] {
  const found = new Map<string, { path: string; at: Location; run: PlacedCall; starts?: Service }>();
  for (const run of stack.calls) {
    const line = `${wordsOf(run.call)} `;
    if (
      !frameworks.test(line) ||
      run.call.command.within.some(({ construct }) => construct.kind !== "function")
    )
      continue;
    const starts = run.deploys ? undefined : startsWith(stack, run.caller.file);
    if (!run.deploys && !starts) continue;
    for (const path of seedFiles(stack, line)) {
      const at = found.has(path) ? undefined : adminIn(stack, path);
      if (at) found.set(path, { path, at, run, ...(starts ? { starts } : {}) });
    }
  }
  return [...found.values()];
}

const frameworks = /\bprisma db seed\b|\b(?:npm|yarn|pnpm)\b.*\bseed/;

interface Line {
  readonly line: string;
  readonly start: number;
  readonly headings: readonly string[];
}

function* lines(text: string): Iterable<Line> {
  const headings: string[] = [];
  let fenced = false;
  let start = 0;
  for (const line of text.split("\n")) {
    const [, marks = "", title = ""] = /^(#{1,6})\s+(.*)$/.exec(line) ?? [];
    if (/^\s*(?:```|~~~)/.test(line)) fenced = !fenced;
    else if (!fenced && title) {
      headings.length = marks.length - 1;
      headings.push(title);
    } else yield { line, start, headings: headings.filter(Boolean) };
    start += line.length + 1;
  }
}

/** It stands at the beginning of the line, and is no sentence about it. */
function isCommand(line: string): boolean {
  return /^\s*(?:[-*]\s+`|\d+\.\s+`|`|\$\s+)?(?:sudo\s+)?(?:docker|docker-compose|podman|npm|npx|yarn|pnpm|node|python3?|php|flask|(?:\.\/)?[\w./-]+\.(?:sh|py))\s/.test(
    line,
  );
}

/** `docker compose -f compose.prod.yml exec`: the file is the server's. */
function namesDeployed(stack: Stack, line: string): boolean {
  const files = [...line.matchAll(/\s(?:-f|--file)[ =](\S+)/g)].map(([, file]) => basename(file!));
  return (
    files.length > 0 &&
    stack.projects.some(
      ({ grade, files: own }) => grade === "deployed" && own.some(path => files.includes(basename(path))),
    )
  );
}

/** The files that a command runs: by name, as a module, as a command of the framework, or by a script of the package. */
function seedFiles(stack: Stack, line: string): string[] {
  const named = (name: string, part = ""): string[] =>
    filesNamed(stack.files, name).filter(path => path.includes(part) && !isVendored(path) && !isTest(path));
  const found: string[] = [];
  for (const [, path] of line.matchAll(/([\w./-]+\.(?:[cm]?[jt]s|py|sh))(?![\w.])/g)) {
    const name = basename(path!);
    found.push(...named(name), ...named(name.replace(/\.([cm]?)js$/, ".$1ts")));
  }
  for (const [, module] of line.matchAll(/\s-m\s+([\w.]+)/g)) {
    const path = `${module!.replaceAll(".", "/")}.py`;
    found.push(...named(basename(path)).filter(each => each.endsWith(path)));
  }
  for (const [, name] of line.matchAll(/manage\.py\s+(\w+)/g))
    found.push(...named(`${name}.py`, "/management/commands/"));
  if (/\bprisma\s+db\s+seed\b/.test(line))
    for (const ending of ["ts", "js", "mjs", "cjs", "mts"]) found.push(...named(`seed.${ending}`, "prisma/"));
  if (/\bartisan\b.*(?:db:seed|--seed)/.test(line))
    for (const root of phpRoots(stack)) found.push(...phpSeeders(stack, root, line).map(({ path }) => path));
  for (const [, name] of line.matchAll(/\b(?:npm|yarn|pnpm)\s+(?:run\s+)?([\w:-]+)/g))
    for (const { package: own } of stack.components) {
      const script = own?.scripts.get(name!)?.value;
      if (script && !/\b(?:npm|yarn|pnpm)\s+(?:run\s+)?[\w:-]+/.test(script))
        found.push(...seedFiles(stack, script));
    }
  return [...new Set(found)];
}

function adminIn(stack: Stack, path: string): Location | undefined {
  const read = stack.files.read(path);
  if (!("source" in read) || !/admin/i.test(read.source.text)) return undefined;
  const at = literalAdmin(read.source);
  const fallback = at ? undefined : fallbackAdmin(read.source);
  return at ?? (fallback && !isSet(stack, fallback) ? fallback.at : undefined);
}

/** Compose hands the variable on, or an env file shows another value: then people give one. */
function isSet(
  stack: Stack,
  { variable, value }: { readonly variable: string; readonly value: string },
): boolean {
  return (
    stack.services.some(({ environment }) => environment.some(({ name }) => name === variable)) ||
    stack.envFiles.some(({ entries }) =>
      entries.some(entry => entry.name.value === variable && entry.value.value !== value),
    )
  );
}
