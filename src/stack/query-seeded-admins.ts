import { basename } from "../core/path.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import { isPlaceholder } from "../formats/secret.ts";
import type { AppComponent } from "./app/detect.ts";
import { codeOf } from "./query-code.ts";
import { identitySeeds } from "./query-identity-seeds.ts";
import type { Stack } from "./stack.ts";

/** Administrators that a program makes when it starts or migrates, with a password that stands in its code. */

export interface SeededAdmin {
  readonly at: Location;
  /** Why it runs: a clause about the file. */
  readonly because: string;
  /** Where that is seen, when it is another file. */
  readonly runAt?: Location;
}

const longest = 200_000;
const mostFiles = 1_500;
const languages = /\.(?:[cm]?[jt]s|py|java|kt|cs|php)$/;
/** Run by hand, by tests, or for a show. */
const aside =
  /(?:^|\/)(?:scripts?|tools?|bin|examples?|samples?|docs?|mocks?|demo|factories)\/|(?:mock|example|sample|demo|factory|\.d)\.\w+$/i;

/** Calls that make the hash of a password, up to it. */
const hashing =
  /(?:\b(?:(?:get_password_hash|hash_password|hashPassword|generate_password_hash|make_password|password_hash|hashpw)|(?:\w*(?:pwd|password|crypt|argon2?|hasher|context)\w*)\.(?:hash|hashSync|hashpw|encode)|Hash::make|bcrypt)\(\s*b?|\b(?:\w+\.)?HashPassword\(\s*(?:(?:[\w!.]+|"[^"\n]{0,60}")\s*,\s*)?|\.CreateAsync\(\s*\w+\s*,\s*)(["'`])([^"'`\n${}]{3,60})\1/gi;
const hashingName =
  /\b(?:get_password_hash|hash_password|hashPassword|generate_password_hash|make_password|\w*(?:pwd|crypt|argon2?|hasher)\w*\.(?:hash|hashSync|encode))\(\s*([A-Za-z_$][\w$]*)\s*[,)]/gi;
/** A password in the clear beside the role, where the model hashes it. */
const plain =
  /\b(?:password|senha|contrasena|mot_de_passe|plainPassword|plain_password)["']?\s*[:=]\s*(["'`])([^"'`\n${}\s]{3,60})\1/gi;
const administrator =
  /\b(?:role(?:_?(?:code|name|key))?|rol|roles|user_?type|perfil)["']?\s*[:=]\s*\[?\s*["'`]?[\w.:]*(?:super)?_?admin|\bis_?(?:admin|super_?user|staff)["']?\s*[:=]\s*true|["'`](?:super)?admin(?:istrator)?(?:@[\w.-]+)?["'`]|ROLE_ADMIN|\bnew (?:Super)?Admin(?:istrator|User|Account|Entity|(?:Db)?Model)?\s*[({]/i;
const making =
  /\.(?:create|save|insert|add|add_all|insertOne|upsert|findOrCreate|persist|bulkCreate|insertMany)\w*\(|\bnew User|INSERT (?:OR \w+ )?INTO|->(?:insert(?:Batch)?|save)\(|(?:::|->)(?:create|firstOrNew|(?:first|update)OrCreate)\(/i;
/** It asks where it runs, or whether it is wanted. */
export const gated =
  /NODE_ENV|\bDEBUG\b|\bAPP_ENV|\bENV(?:IRONMENT)?\b|\b(?:settings|config|cfg)\.(?:debug|env|environment)|\.environment\b|[iI]s_?(?:[dD]ev|[pP]rod|[lL]ocal)|[dD]evelopment|(?:[eE]nv|environ|settings|config|cfg)\b[^\n]{0,20}SEED|ENABLE_|CREATE_(?:DEMO|DEFAULT|ADMIN|TEST)|@Profile|app\(\)->environment|DEMO/;

const known = new WeakMap<AppComponent, readonly SeededAdmin[]>();

const read = new WeakMap<AppComponent, ReadonlyMap<string, Source>>();

/** The code of a component that may run when it starts, by path. */
export function ownTexts(stack: Pick<Stack, "files">, component: AppComponent): ReadonlyMap<string, Source> {
  const before = read.get(component);
  if (before) return before;
  const texts = new Map<string, Source>();
  const paths = codeOf(component).filter(path => languages.test(path) && !aside.test(path));
  for (const path of paths.slice(0, mostFiles)) {
    const result = stack.files.read(path);
    if ("source" in result && result.source.text.length <= longest) texts.set(path, result.source);
  }
  read.set(component, texts);
  return texts;
}

/** Nobody's password, and what a form or a schema says about the field of one. */
const nobody = /^(?:dummy|invalid|unusable|string|text|bcrypt|argon2|required|min:)/i;
const field = /^(?:password|pass|senha)/i;

export function seededAdmins(stack: Pick<Stack, "files">, component: AppComponent): readonly SeededAdmin[] {
  const before = known.get(component);
  if (before) return before;
  const texts = ownTexts(stack, component);
  const found: SeededAdmin[] = [];
  for (const source of texts.values()) {
    if (!/admin/i.test(source.text) || !/hash|crypt|pass|senha|encode|CreateAsync/i.test(source.text))
      continue;
    const at = literalAdmin(source);
    const run = at && runBy(source, at, component, texts);
    if (run) found.push({ at, ...run });
  }
  for (const seed of identitySeeds(component, texts))
    if (!found.some(({ at }) => at.file === seed.at.file))
      found.push({ ...seed, because: "it does so when it starts" });
  known.set(component, found);
  return found;
}

/** A password in the clear for an administrator that the file makes, unless it asks where it runs. */
export function literalAdmin(source: Source): Location | undefined {
  const { text } = source;
  for (const pattern of [hashing, plain])
    for (const match of text.matchAll(pattern)) {
      const near = text.slice(Math.max(0, match.index - 500), match.index + 500);
      const value = match[2]!;
      if (isPlaceholder(value) && !/^change/i.test(value)) continue;
      const isWord = pattern === plain ? field.test(value) || nobody.test(value) : nobody.test(value);
      if (isWord && !/\d/.test(value)) continue;
      if (!administrator.test(near) || !making.test(text) || isComment(text, match.index)) continue;
      if (gated.test(text.slice(Math.max(0, match.index - 1_200), match.index + 200))) continue;
      return locate(source, match.index, match.index + match[0].length);
    }
  return namedIn(source);
}

/** `hash(FIRST_PASSWORD)`, where the file gives the name a literal. */
function namedIn(source: Source): Location | undefined {
  const { text } = source;
  for (const match of text.matchAll(hashingName)) {
    const name = match[1]!.replaceAll("$", "\\$");
    const near = text.slice(Math.max(0, match.index - 500), match.index + 500);
    if (!administrator.test(near) || !making.test(text) || isComment(text, match.index)) continue;
    if (gated.test(text.slice(Math.max(0, match.index - 1_200), match.index + 200))) continue;
    const given = new RegExp(
      String.raw`(?<![\w$.])${name}\s*(?::\s*\w+\s*)?=\s*(["'\x60])([^"'\x60\n${"$"}{}]{3,60})\1\s*(?:[;,#\n]|$)`,
    ).exec(text);
    if (given && !isPlaceholder(given[2]!))
      return locate(source, given.index, given.index + given[0].trimEnd().length);
  }
  return undefined;
}

const quoted = String.raw`(["'\x60])([^"'\x60\n${"$"}{}]{3,60})\1\s*(?:[;,)#\n]|$)`;

/** `const password = process.env.ADMIN_PASSWORD ?? FIRST_PASSWORD`: what the administrator gets where nobody sets it. */
export function fallbackAdmin(
  source: Source,
): { readonly at: Location; readonly variable: string; readonly value: string } | undefined {
  const { text } = source;
  for (const match of text.matchAll(hashingName)) {
    const near = text.slice(Math.max(0, match.index - 500), match.index + 500);
    if (!administrator.test(near) || !making.test(text) || isComment(text, match.index)) continue;
    const before = text.slice(Math.max(0, match.index - 1_200), match.index + 200);
    if (gated.test(before.replace(/process\.env\.\w*(?:PASS|MAIL|NAME|PHONE)\w*/g, ""))) continue;
    const head = String.raw`(?<![\w$.])${match[1]!.replaceAll("$", "\\$")}\s*=\s*process\.env\.(\w+)\s*(?:\|\||\?\?)\s*`;
    const [, variable = "", other] = new RegExp(`${head}([A-Z][A-Z0-9_]+\\b)?`).exec(text) ?? [];
    const literal = new RegExp(
      other ? `(?<![\\w$.])${other}\\s*=\\s*${quoted}` : head.replace("(\\w+)", "\\w+") + quoted,
    ).exec(text);
    if (!variable || !literal || isPlaceholder(literal[2]!)) continue;
    const end = literal.index + literal[0].replace(/[;,)#\s]+$/, "").length;
    return { at: locate(source, literal.index, end), variable, value: literal[2]! };
  }
  return undefined;
}

export function isComment(text: string, index: number): boolean {
  return /^\s*(?:\/\/|#|\*|\/\*|<!--)/.test(text.slice(text.lastIndexOf("\n", index) + 1, index));
}

type Run = Pick<SeededAdmin, "because" | "runAt">;

const atStart =
  /\bimplements\s+(?:CommandLineRunner|ApplicationRunner)|@PostConstruct|ApplicationReadyEvent|:\s*(?:CommandLineRunner|ApplicationRunner)\b|\b(?:CommandLineRunner|ApplicationRunner)\s+\w+\(|on_event\(\s*["']startup|\blifespan\b|@app\.before_first_request|onModuleInit|onApplicationBootstrap|\bHasData\(/;
const migration = /(?:^|\/)(?:migrations?|versions)\/(?:[^/]*\d{4,}[^/]*|[0-9a-f]{10,}_[^/]*)\.\w+$/i;

/** Another file takes this one in: what stands outside its functions runs. */
function isImported(texts: ReadonlyMap<string, Source>, path: string, stem: string): boolean {
  const name = stem === "index" || stem === "__init__" ? (path.split("/").at(-2) ?? stem) : stem;
  const escaped = name.replace(/[^\w]/g, "\\$&");
  const taken = new RegExp(
    `(?:\\bfrom\\s+[\\w.]*\\b${escaped}\\s+import|\\bimport\\s+[\\w.]*\\b${escaped}\\b|(?:from|import|require\\()\\s*["'][^"']*\\b${escaped}(?:\\.[cm]?[jt]s)?["'])`,
  );
  return [...texts.values()].some(other => other.path !== path && taken.test(other.text));
}

/** What runs a place of a program's code when it starts or migrates; undefined where that is not seen. */
export function runBy(
  source: Source,
  at: Location,
  component: AppComponent,
  texts: ReadonlyMap<string, Source>,
): Run | undefined {
  const { path, text } = source;
  if (migration.test(path)) return { because: "a migration does it on every new database" };
  if (
    /seed|fixture|fake/i.test(basename(path)) &&
    /\b(?:require\.main === module|__name__ == ["']__main__["'])/.test(text)
  )
    return undefined;
  if (atStart.test(text)) return { because: "it does so when it starts" };
  const called = functionAround(text, at.span.start);
  if (component.entries.includes(path) || /^(?:main|app|server|index)\.\w+$/.test(basename(path))) {
    if (called === undefined || isCalled(text, called)) return { because: "it does so when it starts" };
  }
  // A factory in a package's own file, which whoever takes the package in calls.
  if (basename(path) === "__init__.py" && /\bdef create_app\(/.test(text))
    if (called === "create_app" || (called !== undefined && isCalled(text, called)))
      return { because: "it does so when it starts" };
  const stem = basename(path).replace(/\.\w+$/, "");
  if (called === undefined)
    return isImported(texts, path, stem) ? { because: "it does so when it starts" } : undefined;
  if (stem.length < 3) return undefined;
  // The function, or one of the file that calls it, is called by another file that starts the program.
  const ways = [called, ...callersOf(text, called)].join("|");
  for (const other of texts.values()) {
    const starts =
      component.entries.includes(other.path) ||
      /^(?:main|app|server|index|Program|Startup|database|db)\.\w+$/.test(basename(other.path)) ||
      atStart.test(other.text);
    if (other.path === path || !starts || !other.text.includes(stem)) continue;
    const call = new RegExp(`(?<!def |function |async )\\b(?:${ways})\\(`).exec(other.text);
    if (!call || isComment(other.text, call.index)) continue;
    if (gated.test(other.text.slice(Math.max(0, call.index - 300), call.index))) continue;
    return {
      because: "it does so when it starts",
      runAt: locate(other, call.index, call.index + call[0].length - 1),
    };
  }
  return undefined;
}

/** The name of the function that a place stands in. */
function functionAround(text: string, index: number): string | undefined {
  const heads =
    /(?:\bdef\s+|\bfunction\s+|\b(?:const|let)\s+)(\w+)\s*(?:=\s*(?:async\s*)?(?:\([^()]*\)\s*=>|function)|\()|\b(?:public|private|internal)\s+(?:static\s+)?(?:async\s+)?[\w<>]+\s+(\w+)\(/g;
  let name: string | undefined;
  for (const match of text.matchAll(heads)) {
    if (match.index >= index) break;
    name = match[1] ?? match[2];
  }
  return name;
}

function isCalled(text: string, name: string): boolean {
  return callsOf(text, name).length > 0;
}

function callsOf(text: string, name: string): readonly RegExpMatchArray[] {
  return [...text.matchAll(new RegExp(`(?<!def |function )\\b${name}\\(`, "g"))].filter(
    call => !isComment(text, call.index ?? 0),
  );
}

/** The functions of the same file that call one. */
function callersOf(text: string, name: string): readonly string[] {
  const around = callsOf(text, name).map(call => functionAround(text, call.index ?? 0));
  return [...new Set(around)].flatMap(each => (each && each !== name ? [each] : []));
}
