import type { Location, Source } from "../core/source.ts";
import { locate } from "../core/source.ts";

/** An import that a bundler may have to resolve. `import type` is none. */
export interface ScriptImport {
  /** As written: `./menu`, `@/lib/format`, `react`. */
  readonly module: string;
  /** Without the quotes. */
  readonly at: Location;
  /** Whether the bundler sees it: TypeScript drops an import whose names are not used, or only as types. Slow. */
  isKept(): boolean;
}

// From the first column only: what stands deeper is in a comment, a text or a module declaration.
const statement = /^(import|export)\b(\s+type\b(?!\s*,))?([^"'`;()=]{0,4000}?)\s{0,20}(["'])([^"'\n]+)\4/gm;
// `import("./a").Name` and `typeof import(...)` are types.
const call =
  /(?<!typeof\s)\bimport\(\s*(?:\/\*[^*]*\*\/\s*)?(["'])([^"'\n]+)\1\s*,?\s*\)(?!\s*\.(?!then|catch|finally))/g;

// `const x = require("x")`, `app.use(require("x")())`: at the first column, so that nothing is tried or asked for later.
const required =
  /^(?!try\b|if\b|export\b|import\b)[\w$][^"'`\n]{0,400}?\brequire\(\s*(["'])([^"'\n]+)\1\s*\)/gm;

const parsed = new WeakMap<Source, readonly ScriptImport[]>();

/**
 * What a JavaScript or TypeScript file imports, told by its text: in time that grows with the text, without a parser.
 * In doubt an import is left out.
 */
export function scriptImports(source: Source): readonly ScriptImport[] {
  const known = parsed.get(source);
  if (known) return known;
  const found = read(source);
  parsed.set(source, found);
  return found;
}

function read(source: Source): ScriptImport[] {
  const { path, text } = source;
  if (/\.d\.[cm]?ts$/.test(path)) return [];
  const isTyped = /\.[cm]?tsx?$/.test(path);
  const found: ScriptImport[] = [];
  for (const match of text.matchAll(statement)) {
    const [whole, keyword, typed, clause = "", , module = ""] = match;
    if (typed || (keyword === "export" && !/\bfrom$/.test(clause)) || isComment(text, match.index)) continue;
    if (keyword === "import" && clause !== "" && !/\bfrom$/.test(clause)) continue;
    const names = keyword === "import" && clause !== "" ? localNames(clause) : undefined;
    const rest = () => text.slice(0, match.index) + text.slice(match.index + whole.length);
    const start = match.index + whole.length - 1 - module.length;
    found.push({
      module,
      at: locate(source, start, start + module.length),
      isKept: () =>
        !isTemplate(text, match.index) && (!isTyped || names === undefined || isUsed(names, rest())),
    });
  }
  // Most files have neither, and the patterns are slow.
  const calls = text.includes("import(") ? [...text.matchAll(call)] : [];
  const requires = text.includes("require(") ? [...text.matchAll(required)] : [];
  for (const match of [...calls, ...requires]) {
    if (isComment(text, match.index)) continue;
    const start = match.index + match[0].lastIndexOf(`${match[1]}${match[2]}${match[1]}`) + 1;
    found.push({
      module: match[2]!,
      at: locate(source, start, start + match[2]!.length),
      isKept: () => !isTemplate(text, match.index),
    });
  }
  return found;
}

/** A text with these signs counts, too: then the import is left out. */
function isComment(text: string, index: number): boolean {
  const line = text.lastIndexOf("\n", index - 1) + 1;
  if (text.slice(line, index).includes("//")) return true;
  const opened = text.lastIndexOf("/*", index);
  return opened !== -1 && text.indexOf("*/", opened + 2) > index;
}

/** Code that is shown in a page stands in a template. */
function isTemplate(text: string, index: number): boolean {
  return (text.slice(0, index).match(/(?<!\\)`/g)?.length ?? 0) % 2 === 1;
}

function localNames(clause: string): string[] {
  return clause
    .replace(/\bfrom$/, "")
    .split(/[{},]/)
    .map(each => each.trim())
    .filter(each => each !== "" && !/^type\s/.test(each))
    .map(each => /([\w$]+)$/.exec(each)?.[1] ?? "")
    .filter(each => each !== "");
}

/** Called, asked for a member, made an element or handed to one: no type is used like that. */
function isUsed(names: readonly string[], text: string): boolean {
  return names.some(name => {
    const safe = name.replaceAll("$", "\\$");
    return new RegExp(
      `(?<![\\w$.])${safe}(?:\\.[\\w$]+)*\\(|(?<![\\w$])<${safe}(?:\\.\\w+)?(?=\\s|/>|>[\\s\\w{<])|=\\{${safe}\\}`,
    ).test(text);
  });
}
