import { type Located, type Location, locate, type Source } from "../core/source.ts";
import { goDefault } from "./env-read-go.ts";
import { type EnvReadHow, type Language, mentions, type Pattern, patterns } from "./env-read-patterns.ts";
import { isTest, isVendored } from "./project-files.ts";

/** One place where a program reads an environment variable. */
export interface EnvRead {
  readonly name: string;
  readonly at: Location;
  /** The literal that is used when the variable is not set, as text without quotes. */
  readonly default?: Located<string>;
  /** The default also stands in for an empty value: `X || "a"`, `getenv("X") or "a"`. */
  readonly forEmpty?: boolean;
  /** True when the program stops or raises without it. */
  readonly required: boolean;
  readonly how: EnvReadHow;
  /** Fixed into the browser's code when it is built: setting it at run time does nothing. */
  readonly buildTime: boolean;
}

/** A place that reads variables whose names are not written there: "never read" cannot be said. */
export interface EnvWildcard {
  /** All variables that begin so; absent: any. */
  readonly prefix?: string;
  readonly at: Location;
  readonly because: string;
}

export interface EnvReads {
  readonly reads: readonly EnvRead[];
  readonly wildcards: readonly EnvWildcard[];
}

export type { EnvReadHow } from "./env-read-patterns.ts";

const nothing: EnvReads = { reads: [], wildcards: [] };

/** True for source files whose reads count: not vendored, not a test. */
export function mayReadEnvironment(path: string): boolean {
  return languageOf(path) !== undefined && !isVendored(path) && !isTest(path);
}

const languages: Readonly<Record<string, Language>> = {
  js: "script",
  jsx: "script",
  ts: "script",
  tsx: "script",
  mjs: "script",
  cjs: "script",
  mts: "script",
  cts: "script",
  vue: "script",
  svelte: "script",
  astro: "script",
  py: "python",
  go: "go",
  rb: "ruby",
  php: "php",
  java: "java",
  kt: "java",
};

function languageOf(path: string): Language | undefined {
  return languages[path.slice(path.lastIndexOf(".") + 1)];
}

const largest = 1_500_000;

const known = new WeakMap<Source, EnvReads>();

/** Every read of one file, by one scan; a file that mentions no environment costs a few substring searches. */
export function envReads(source: Source): EnvReads {
  let reads = known.get(source);
  if (!reads) {
    reads = readsOf(source);
    known.set(source, reads);
  }
  return reads;
}

function readsOf(source: Source): EnvReads {
  const language = languageOf(source.path);
  if (!language || source.text.length > largest || isVendored(source.path) || isTest(source.path))
    return nothing;
  if (!mentionsEnvironment(source.text, language)) return nothing;
  const found: Found = { source, language, reads: [], wildcards: [], comments: undefined };
  for (const pattern of patterns[language]) scan(found, pattern);
  if (language === "python") pydanticReads(found);
  found.reads.sort((a, b) => a.at.span.start - b.at.span.start);
  return { reads: found.reads, wildcards: found.wildcards };
}

function mentionsEnvironment(text: string, language: Language): boolean {
  // Every mention of a script has this in it: most files are put aside by one search instead of four.
  if (language === "script" && !text.includes(".env")) return false;
  return mentions[language].some(word => text.includes(word));
}

interface Found {
  readonly source: Source;
  readonly language: Language;
  readonly reads: EnvRead[];
  readonly wildcards: EnvWildcard[];
  comments: readonly (readonly [number, number])[] | undefined;
}

function scan(found: Found, pattern: Pattern): void {
  const { text } = found.source;
  pattern.expression.lastIndex = 0;
  for (let match = pattern.expression.exec(text); match; match = pattern.expression.exec(text)) {
    if (match[0].length === 0) pattern.expression.lastIndex++;
    if (inComment(found, match.index)) continue;
    const at = locate(found.source, match.index, match.index + match[0].trimEnd().length);
    if (pattern.wildcard !== undefined) {
      const prefix = prefixAfter(text, match.index + match[0].length);
      found.wildcards.push({ ...(prefix && { prefix }), at, because: pattern.wildcard });
    } else if (match[0].includes("{") && pattern.how === "process.env") destructured(found, match, pattern);
    else if (match[1] === undefined) found.reads.push(read(found, "DATABASE_URL", at, pattern));
    else if (!isWrite(found, match.index + match[0].length))
      found.reads.push(read(found, match[1], at, pattern));
  }
}

/** `process.env.X = "y"` sets, it does not read. */
function isWrite(found: Found, end: number): boolean {
  return /^\s*=[^=>]/.test(found.source.text.slice(end, end + 8)) && found.language !== "go";
}

function read(found: Found, name: string, at: Location, pattern: Pattern): EnvRead {
  const isGo = found.language === "go";
  const behind = isGo ? goDefault(found.source, at.span.start, at.span.end) : undefined;
  const fallback = behind ?? defaultAfter(found, at.span.end);
  const buildTime =
    found.language === "script" &&
    (pattern.how === "import.meta.env" ||
      /^(?:NEXT_PUBLIC_|VITE_|REACT_APP_|NUXT_PUBLIC_|GATSBY_|EXPO_PUBLIC_)/.test(name));
  const required = (pattern.required ?? false) && fallback === undefined;
  return {
    name,
    at,
    ...(fallback && fallback !== "computed" && { default: fallback }),
    ...(fallback &&
      fallback !== "computed" &&
      (isGo || replacesEmpty(found, at, fallback)) && { forEmpty: true }),
    required,
    how: pattern.how,
    buildTime,
  };
}

function replacesEmpty(found: Found, at: Location, fallback: Located<string>): boolean {
  return /\|\||\)\s*or\b/.test(found.source.text.slice(at.span.end, fallback.at.span.start));
}

const scriptDefault =
  /\s*(?:\|\||\?\?)\s*(?:(["'`])((?:(?!\1)[^\\\n$])*)\1|(\d[\w.]*|true|false)\b(?!\s*[-+*/?.])|(\S))/y;
const argumentDefault =
  /\s*(?:,\s*(?:default\s*=\s*)?(?:(["'])((?:(?!\1)[^\\\n])*)\1|(-?\d[\w.]*|True|False|true|false)(?=\s*[,)])|(\S))|\)\s*or\s*(?:(["'])((?:(?!\5)[^\\\n])*)\5|(\S)))/y;

/** The literal default behind a read; `computed` when there is one that is not a literal. */
function defaultAfter(found: Found, end: number): Located<string> | "computed" | undefined {
  const expression = found.language === "script" ? scriptDefault : argumentDefault;
  const { text } = found.source;
  // `environ["A"], "B"`: what follows a subscript is the next item, not a default.
  if (found.language === "python" && text[end - 1] === "]") return undefined;
  expression.lastIndex = found.language === "script" && text[end] === ")" ? end + 1 : end;
  const match = expression.exec(text);
  if (!match) return undefined;
  const value = match[2] ?? match[3] ?? match[6];
  if (value === undefined) {
    // `config("A", cast=int)` and `env("A", bool)` say a type, no default.
    const rest = text.slice(end, end + 200);
    if (/^\s*,\s*(?:cast|type|parser|subcast)\s*=/.test(rest)) return laterDefault(found, end);
    return /^\s*,\s*(?:bool|int|str|float|list)\b/.test(rest) ? laterDefault(found, end) : "computed";
  }
  const stop = expression.lastIndex;
  const start = text.lastIndexOf(value, stop);
  return { value, at: locate(found.source, start, start + value.length) };
}

/** `config("A", cast=int, default=1)`. */
function laterDefault(found: Found, end: number): Located<string> | "computed" | undefined {
  const rest = found.source.text.slice(end, end + 200);
  const close = rest.search(/\n\S|\)\s*(?:\n|$)/);
  const match = /\bdefault\s*=\s*(?:(["'])([^"'\n]*)\1|([\w.-]+))/.exec(
    close < 0 ? rest : rest.slice(0, close + 1),
  );
  if (!match) return undefined;
  const value = match[2] ?? match[3]!;
  const start = end + match.index + match[0].lastIndexOf(value);
  return { value, at: locate(found.source, start, start + value.length) };
}

function destructured(found: Found, match: RegExpExecArray, pattern: Pattern): void {
  const inner = match[1] ?? "";
  const start = match.index + match[0].indexOf("{") + 1;
  for (const part of inner.matchAll(/(?:^|,)\s*(\.\.\.)?([A-Za-z_$][\w$]*)[^,]*/g)) {
    const nameAt = start + part.index + part[0].indexOf(part[2]!);
    const at = locate(found.source, nameAt, nameAt + part[2]!.length);
    if (part[1]) found.wildcards.push({ at, because: "the rest of the environment is taken as a whole" });
    else found.reads.push({ ...read(found, part[2]!, at, pattern), required: false });
  }
}

/** `key.startswith("APP_")` near a loop over the environment. */
function prefixAfter(text: string, end: number): string | undefined {
  const near = text.slice(end, end + 160);
  return /\.(?:startswith|startsWith|HasPrefix)\(\s*["']([A-Za-z_]\w*)["']/.exec(near)?.[1];
}

/** Fields of `class Settings(BaseSettings)` are variables: by their names, a prefix before them, or an alias. */
function pydanticReads(found: Found): void {
  const { text } = found.source;
  if (!text.includes("BaseSettings")) return;
  const head = /^class\s+\w+\([^)\n]*(?:BaseSettings|Settings)\b[^)\n]*\)\s*:[^\n]*\n/gm;
  for (let match = head.exec(text); match; match = head.exec(text)) {
    const start = match.index + match[0].length;
    const end = /^(?=[^\s#])/gm;
    end.lastIndex = start;
    const stop = end.exec(text)?.index ?? text.length;
    classFields(found, start, stop);
  }
}

const longestType = 4000;

/** What stands behind `=` after the bracket that closes the one at `open`, on whatever line. */
function givenAfter(body: string, open: number): string | undefined {
  const text = body.slice(open, open + longestType);
  const parts = /"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[[\]]/g;
  let depth = 0;
  for (let part = parts.exec(text); part; part = parts.exec(text)) {
    if (part[0] === "[") depth++;
    else if (part[0] === "]" && --depth === 0)
      return /^[ \t]*=[ \t]*([^\n\r]*)/.exec(text.slice(part.index + 1))?.[1];
  }
  return undefined;
}

function classFields(found: Found, start: number, stop: number): void {
  const { text } = found.source;
  const body = text.slice(start, stop);
  const prefix = /\benv_prefix\s*=\s*["']([^"'\n]*)["']/.exec(body)?.[1] ?? "";
  const indent = /^[ \t]+/m.exec(body)?.[0] ?? "    ";
  const field = new RegExp(
    `^${indent}([A-Za-z]\\w*)[ \\t]*:[ \\t]*([^=\\n]+?)(?:[ \\t]*=[ \\t]*([^\\n]*))?[ \\t]*\\r?$`,
    "gm",
  );
  for (let match = field.exec(body); match; match = field.exec(body)) {
    const [, name, type] = match;
    const annotated = type!.startsWith("Annotated[");
    const given = annotated ? givenAfter(body, match.index + match[0].indexOf("[")) : match[3];
    if (
      name === "model_config" ||
      /ClassVar/.test(type!) ||
      /^(?:class|def|if|for|return|else|try)$/.test(name!)
    )
      continue;
    const at = locate(
      found.source,
      start + match.index + indent.length,
      start + match.index + indent.length + name!.length,
    );
    const alias = given && /\b(?:validation_alias|alias|env)\s*=\s*["'](\w+)["']/.exec(given)?.[1];
    const literal =
      given &&
      /^(?:Field\(\s*(?:default\s*=\s*)?)?(?:(["'])([^"'\n]*)\1|(-?\d[\w.]*|True|False)\b)/.exec(given);
    const value = literal ? (literal[2] ?? literal[3]!) : undefined;
    const valueStart =
      value === undefined
        ? -1
        : start + body.indexOf(given!, match.index + (annotated ? 0 : 1)) + given!.indexOf(value);
    found.reads.push({
      name: alias || (prefix + name!).toUpperCase(),
      at,
      ...(value !== undefined && {
        default: { value, at: locate(found.source, valueStart, valueStart + value.length) },
      }),
      required: given === undefined || /^(?:\.\.\.|Field\(\s*\.\.\.)/.test(given),
      how: "pydantic",
      buildTime: false,
    });
  }
}

/** Comments by a scan that knows strings, made once per file and only when something was found in it. */
function inComment(found: Found, offset: number): boolean {
  found.comments ??= commentsOf(found.source.text, found.language);
  let low = 0;
  let high = found.comments.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [start, end] = found.comments[middle]!;
    if (offset < start) high = middle - 1;
    else if (offset >= end) low = middle + 1;
    else return true;
  }
  return false;
}

function commentsOf(text: string, language: Language): readonly (readonly [number, number])[] {
  const hash = language === "python" || language === "ruby";
  const token = hash
    ? /"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|#[^\n]*/g
    : /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;
  const comments: [number, number][] = [];
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const first = match[0][0];
    if (match[0].length === 0) token.lastIndex++;
    const docstring = match[0].startsWith('"""') || match[0].startsWith("'''");
    if (first === "#" || first === "/" || docstring)
      comments.push([match.index, match.index + match[0].length]);
  }
  return comments;
}
