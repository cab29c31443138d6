/**
 * BuildKit's shell-like lexer: quotes, escapes and `$NAME`, `${NAME:-word}` in Dockerfile words.
 * One pass, no backtracking; nesting is bounded because the input is hostile.
 */

/**
 * Looks a variable up: its value, `undefined` when it is not set, `null` when nobody can know (then it stays as written).
 * `hasDefault` is true for `${NAME:-word}` and `${NAME-word}`.
 */
export type Lookup = (name: string, hasDefault: boolean) => string | undefined | null;

export interface LexOptions {
  /** The escape character of the file, backslash or backtick. */
  readonly escape: string;
  /** Keep quotes in the output. */
  readonly rawQuotes?: boolean;
  /** Keep escape characters in the output. */
  readonly rawEscapes?: boolean;
  readonly lookup: Lookup;
}

export interface Lexed {
  /** The word after substitution and quote removal; variables that nobody knows are left as written. */
  readonly text: string;
  /** The same, split at blanks outside quotes. */
  readonly words: readonly string[];
  /** True when a variable that nobody can know takes part. */
  readonly unresolved: boolean;
  /** Why BuildKit refuses the word; `text` is then of no use. */
  readonly error?: string;
}

const deepest = 32;
const specialNames = "@*#?-$!0";

/** unicode.IsSpace of Go, which BuildKit uses: not the same set as `\s`. */
export function isSpace(character: string | undefined): boolean {
  if (character === undefined) return false;
  return character !== "\uFEFF" && (/\s/.test(character) || character === "\u0085");
}

class LexError extends Error {}

/** Lexes one line or word as BuildKit does. Never throws: a broken word is an `error`. */
export function lex(source: string, options: LexOptions): Lexed {
  const state = new Lexer(source, options);
  try {
    const text = state.until(undefined, options.rawEscapes === true, 0);
    state.endWord();
    return { text, words: state.words, unresolved: state.unresolved };
  } catch (error) {
    if (!(error instanceof LexError)) throw error;
    return { text: source, words: [], unresolved: state.unresolved, error: error.message };
  }
}

class Lexer {
  readonly words: string[] = [];
  unresolved = false;
  private at = 0;
  private word: string[] = [];
  private readonly source: string;
  private readonly options: LexOptions;

  constructor(source: string, options: LexOptions) {
    this.source = source;
    this.options = options;
  }

  endWord(): void {
    if (this.word.length > 0) this.words.push(this.word.join(""));
    this.word = [];
  }

  /** Reads to the stop character, or to the end when there is none. Only the outermost level collects words. */
  until(stop: string | undefined, rawEscapes: boolean, depth: number): string {
    if (depth > deepest) throw new LexError("substitutions are nested too deeply");
    const out: string[] = [];
    const collect = depth === 0;
    while (this.at < this.source.length) {
      const ch = this.source[this.at]!;
      if (ch === stop) {
        this.at++;
        return out.join("");
      }
      if (ch === "'" || ch === '"') {
        const text = ch === "'" ? this.singleQuoted() : this.doubleQuoted(rawEscapes, depth);
        out.push(text);
        if (collect && text !== "") this.word.push(text);
      } else if (ch === "$") {
        const text = this.dollar(depth);
        out.push(text);
        if (collect) for (const each of text) this.add(each);
      } else if (ch === "<") {
        const text = this.less();
        out.push(text);
        if (collect) this.word.push(text);
      } else if (ch === this.options.escape) {
        this.at++;
        const raw = rawEscapes ? ch : "";
        const next = this.source[this.at++] ?? "";
        out.push(raw + next);
        if (collect && raw + next !== "") this.word.push(raw + next);
      } else {
        this.at++;
        out.push(ch);
        if (collect) this.add(ch);
      }
    }
    if (stop !== undefined) throw new LexError(`"${stop}" is missing`);
    return out.join("");
  }

  private add(ch: string): void {
    if (isSpace(ch)) this.endWord();
    else this.word.push(ch);
  }

  private singleQuoted(): string {
    const end = this.source.indexOf("'", this.at + 1);
    if (end === -1) throw new LexError("a single quote is not closed");
    const inner = this.source.slice(this.at + 1, end);
    this.at = end + 1;
    return this.options.rawQuotes ? `'${inner}'` : inner;
  }

  private doubleQuoted(rawEscapes: boolean, depth: number): string {
    const out: string[] = this.options.rawQuotes ? ['"'] : [];
    this.at++;
    while (this.at < this.source.length) {
      const ch = this.source[this.at]!;
      if (ch === '"') {
        this.at++;
        if (this.options.rawQuotes) out.push('"');
        return out.join("");
      }
      if (ch === "$") {
        out.push(this.dollar(depth));
        continue;
      }
      this.at++;
      if (ch !== this.options.escape) {
        out.push(ch);
        continue;
      }
      if (rawEscapes) out.push(ch);
      const next = this.source[this.at];
      if (next === undefined) continue;
      if (next === '"' || next === "$" || next === this.options.escape) {
        out.push(next);
        this.at++;
      } else out.push(ch);
    }
    throw new LexError("a double quote is not closed");
  }

  /** `<<` keeps the blanks after it, so that `<< EOF` stays one word. */
  private less(): string {
    this.at++;
    if (this.source[this.at] !== "<") return "<";
    this.at++;
    const start = this.at;
    while (/[\t\r ]/.test(this.source[this.at] ?? "")) this.at++;
    return `<<${this.source.slice(start, this.at)}`;
  }

  private name(): string {
    const first = this.source[this.at] ?? "";
    if (first !== "0" && first !== "" && specialNames.includes(first)) {
      this.at++;
      return first;
    }
    const pattern = /[0-9]/.test(first) ? /[0-9]+/y : /[\p{L}\p{Nd}_]*/uy;
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source)?.[0] ?? "";
    this.at += found.length;
    return found;
  }

  private value(name: string, hasDefault = false): string | undefined | null {
    const value = this.options.lookup(name, hasDefault);
    if (value === null) this.unresolved = true;
    return value;
  }

  private dollar(depth: number): string {
    const start = this.at;
    this.at++;
    if (this.source[this.at] !== "{") {
      const name = this.name();
      if (name === "") return "$";
      const value = this.value(name);
      return value === null ? `$${name}` : (value ?? "");
    }
    this.at++;
    if (/[{}:]/.test(this.source[this.at] ?? "")) throw new LexError("bad substitution");
    const name = this.name();
    let operator = this.source[this.at++];
    if (operator === undefined) throw new LexError('"}" is missing');
    if (operator === "}") {
      const value = this.value(name);
      return value === null ? this.source.slice(start, this.at) : (value ?? "");
    }
    const emptyIsUnset = operator === ":";
    if (emptyIsUnset) operator = this.source[this.at++];
    const isPattern = operator === "#" || operator === "%" || operator === "/";
    if (operator === undefined || !"+-?#%/".includes(operator) || (emptyIsUnset && isPattern)) {
      throw new LexError(
        `unsupported modifier (${emptyIsUnset ? ":" : ""}${operator ?? ""}) in substitution`,
      );
    }
    const word = this.until("}", isPattern, depth + 1);
    const value = this.value(name, operator === "-");
    if (isPattern && value !== undefined && value !== null && value !== "") this.unresolved = true;
    if (value === null || (isPattern && value !== undefined)) return this.source.slice(start, this.at);
    const set = value !== undefined && !(emptyIsUnset && value === "");
    if (operator === "+") return set ? word : "";
    if (operator === "-") return set ? value : word;
    if (operator === "?" && !set)
      throw new LexError(`${name}: ${word === "" ? "is not allowed to be unset" : word}`);
    return value ?? "";
  }
}
