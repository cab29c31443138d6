/** One token of nginx syntax, with offsets into the text. */
export interface NginxToken {
  readonly kind: "word" | "comment" | "semicolon" | "open" | "close";
  readonly start: number;
  readonly end: number;
  /** A word without quotes and escapes; empty for the other kinds. */
  readonly value: string;
  readonly quoted: boolean;
  /** A quote that has no partner; the word then ends with its line. */
  readonly unclosed: boolean;
  /** A quoted word with something other than a blank, `;`, `{` or `)` right behind it. */
  readonly glued: boolean;
  /** An unquoted word with a `{2,3}` repetition, which nginx would take for the start of a block. */
  readonly bareBraces: boolean;
}

function isBlank(char: string | undefined): boolean {
  return char === " " || char === "\t" || char === "\n" || char === "\r";
}

function mark(kind: NginxToken["kind"], start: number, end: number): NginxToken {
  return { kind, start, end, value: "", quoted: false, unclosed: false, glued: false, bareBraces: false };
}

/** The token at or after `offset`; `undefined` at the end. The rules are those of nginx's own reader. */
export function nextToken(text: string, offset: number): NginxToken | undefined {
  let start = offset;
  while (start < text.length && isBlank(text[start])) start++;
  const char = text[start];
  if (char === undefined) return undefined;
  if (char === ";") return mark("semicolon", start, start + 1);
  if (char === "{" && placeholderEnd(text, start) === undefined) return mark("open", start, start + 1);
  if (char === "}") return mark("close", start, start + 1);
  if (char === "#") {
    const end = text.indexOf("\n", start);
    return mark("comment", start, end === -1 ? text.length : end);
  }
  if (char === '"' || char === "'") return quotedWord(text, start, char);
  return bareWord(text, start);
}

function quotedWord(text: string, start: number, quote: string): NginxToken {
  let end = start + 1;
  while (end < text.length && text[end] !== quote) end += text[end] === "\\" ? 2 : 1;
  if (end >= text.length) {
    const line = text.indexOf("\n", start);
    const stop = text.slice(start, line === -1 ? text.length : line).trimEnd().length + start;
    return {
      ...mark("word", start, stop),
      value: decode(text.slice(start + 1, stop)),
      quoted: true,
      unclosed: true,
    };
  }
  const next = text[end + 1];
  const glued = next !== undefined && !isBlank(next) && next !== ";" && next !== "{" && next !== ")";
  const value = decode(text.slice(start + 1, end));
  return { ...mark("word", start, end + 1), value, quoted: true, glued };
}

/** What a script or Jinja fills in before nginx reads it: `{NAME}`, `{{ name }}`. */
const placeholder = /\{[A-Z_][A-Z0-9_]*\}|\{\{[^{}\n]{1,200}\}\}/y;

function placeholderEnd(text: string, at: number): number | undefined {
  placeholder.lastIndex = at;
  return placeholder.test(text) ? placeholder.lastIndex : undefined;
}

/** As the variable that it is: `${NAME}`. */
function asVariable(word: string): string {
  return word.replace(/(?<!\$)\{\{?\s*(\w*)[^{}\n]{0,200}\}\}?/g, "${$1}");
}

const repetition = /\{\d+(?:,\d*)?\}/y;

function bareWord(text: string, start: number): NginxToken {
  let end = start;
  let bareBraces = false;
  let isTemplate = false;
  for (; end < text.length; end++) {
    const char = text[end]!;
    if (char === "\\") {
      end++;
      continue;
    }
    if (char === ";" || isBlank(char)) break;
    if (char !== "{") continue;
    // `${NAME}` is one word.
    if (text[end - 1] === "$" && end > start) continue;
    const filled = placeholderEnd(text, end);
    if (filled !== undefined) {
      isTemplate = true;
      end = filled - 1;
      continue;
    }
    repetition.lastIndex = end;
    if (!repetition.test(text)) break;
    bareBraces = true;
    end = repetition.lastIndex - 1;
  }
  end = Math.min(end, text.length);
  const value = decode(text.slice(start, end));
  return { ...mark("word", start, end), value: isTemplate ? asVariable(value) : value, bareBraces };
}

const escapes: Readonly<Record<string, string>> = {
  t: "\t",
  r: "\r",
  n: "\n",
  '"': '"',
  "'": "'",
  "\\": "\\",
};

/** nginx resolves these six escapes in every word, quoted or not; other backslashes stay. */
function decode(raw: string): string {
  if (!raw.includes("\\")) return raw;
  return raw.replace(/\\([\s\S])/g, (whole, char: string) => escapes[char] ?? whole);
}

export function isLuaBlock(name: string): boolean {
  return name.endsWith("_by_lua_block");
}

const luaPiece = /--\[(=*)\[|--[^\n]*|\[(=*)\[|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'|[{}]/g;

/** The offset of the brace that ends a Lua block starting at `from`; strings and comments of Lua are skipped. */
export function luaBlockEnd(text: string, from: number): number | undefined {
  let depth = 1;
  luaPiece.lastIndex = from;
  for (let match = luaPiece.exec(text); match; match = luaPiece.exec(text)) {
    const [piece, comment, string] = match;
    if (piece === "{") depth++;
    else if (piece === "}" && --depth === 0) return match.index;
    const level = comment ?? string;
    if (level === undefined) continue;
    const end = text.indexOf(`]${level}]`, luaPiece.lastIndex);
    if (end === -1) return undefined;
    luaPiece.lastIndex = end + level.length + 2;
  }
  return undefined;
}
