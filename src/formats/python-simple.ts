import type { Location, Source } from "../core/source.ts";
import { decodeString } from "./python-expressions.ts";
import type { PyEntry, PyKeyword, PyStatement, PyValue } from "./python-tree.ts";

/**
 * Most of a settings file is names that get literals, lists, and calls: these are read here in a fraction of the time
 * that the grammar needs when it runs cold. Whatever is not surely simple is left to the grammar.
 */

const blank = /[ \t]*/y;
const blankOrLines = /(?:[ \t\r\n]|#[^\n]*)*/y;
const quoted =
  /[rbuRBU]{0,2}(?:"""(?:[^"\\]|\\[\s\S])*?"""|'''(?:[^'\\]|\\[\s\S])*?'''|"(?!"")(?:[^"\\\n]|\\.)*"|'(?!'')(?:[^'\\\n]|\\.)*')/y;
const word = /[A-Za-z_]\w*/y;
const digits = /(?:0|[1-9]\d{0,14})(?:\.\d{1,14})?(?![\w.])/y;
/** Words that begin something else than a name. `print` and the like have grammars of their own in old versions. */
const reserved = new Set(
  "and as assert async await break case class continue def del elif else except exec finally for from global if import in is lambda match nonlocal not or pass print raise return try type while with yield".split(
    " ",
  ),
);
const targets = new Set<PyValue["kind"]>(["name", "attribute", "subscript"]);
const deepest = 40;

/** The one statement of a range, with comments around it; undefined when it is not simple. */
export function simpleStatement(source: Source, from: number, to: number): PyStatement | undefined {
  return new Simple(source, to).statement(from);
}

/** A class for the place that all its functions move on. Undefined everywhere means: not simple. */
class Simple {
  private readonly source: Source;
  private readonly text: string;
  private readonly end: number;
  private place = 0;
  private depth = 0;

  constructor(source: Source, end: number) {
    this.source = source;
    this.text = source.text;
    this.end = end;
  }

  statement(from: number): PyStatement | undefined {
    this.place = from;
    this.match(blankOrLines);
    const start = this.place;
    const first = start < this.end ? this.expression() : undefined;
    if (!first || this.place > this.end || (start > 0 && this.text[start - 1] !== "\n")) return undefined;
    const firstEnd = this.place;
    this.match(blank);
    if (this.text[this.place] === "=" && this.text[this.place + 1] !== "=" && targets.has(first.kind)) {
      this.place++;
      this.match(blank);
      const value = this.expression();
      const end = this.place;
      if (!value || !this.isOver()) return undefined;
      return { kind: "assign", targets: [first], value, at: this.at(start, end) };
    }
    if ((first.kind !== "call" && first.kind !== "string") || !this.isOver()) return undefined;
    return { kind: "expression", value: first, at: this.at(start, firstEnd) };
  }

  /** Nothing but comments is left, from the next line on. */
  private isOver(): boolean {
    this.match(blank);
    const next = this.text[this.place];
    if (this.place < this.end && next !== "\n" && next !== "#" && !this.text.startsWith("\r\n", this.place))
      return false;
    this.match(blankOrLines);
    return this.place >= this.end;
  }

  private match(expression: RegExp): string | undefined {
    expression.lastIndex = this.place;
    const found = expression.exec(this.text)?.[0];
    if (found !== undefined) this.place += found.length;
    return found;
  }

  private at(start: number, end = this.place): Location {
    return { file: this.source.path, span: { start, end } };
  }

  private expression(): PyValue | undefined {
    if (this.depth > deepest) return undefined;
    this.depth++;
    const value = this.atom();
    this.depth--;
    return value;
  }

  private atom(): PyValue | undefined {
    const start = this.place;
    const text = this.match(quoted);
    if (text !== undefined) return { kind: "string", value: decodeString(text), at: this.at(start) };
    const number = this.match(digits);
    if (number !== undefined) return { kind: "number", value: Number(number), at: this.at(start) };
    const opening = this.text[start];
    if (opening === "[" || opening === "(") return this.list(start, opening);
    if (opening === "{") return this.dict(start);
    const name = this.match(word);
    if (
      name === undefined ||
      reserved.has(name) ||
      this.text[this.place] === '"' ||
      this.text[this.place] === "'"
    )
      return undefined;
    if (name === "True" || name === "False")
      return { kind: "bool", value: name === "True", at: this.at(start) };
    if (name === "None") return { kind: "none", at: this.at(start) };
    return this.trailers({ kind: "name", name, at: this.at(start) }, start);
  }

  private trailers(first: PyValue, start: number): PyValue | undefined {
    let value = first;
    for (;;) {
      const next = this.text[this.place];
      if (next === ".") {
        this.place++;
        const name = this.match(word);
        if (name === undefined) return undefined;
        value = { kind: "attribute", object: value, name, at: this.at(start) };
      } else if (next === "[") {
        this.place++;
        this.match(blankOrLines);
        const index = this.expression();
        this.match(blankOrLines);
        if (!index || this.text[this.place++] !== "]") return undefined;
        value = { kind: "subscript", object: value, index, at: this.at(start) };
      } else if (next === "(") {
        const call = this.call(value, start);
        if (!call) return undefined;
        value = call;
      } else return value;
    }
  }

  private call(callee: PyValue, start: number): PyValue | undefined {
    const args: PyValue[] = [];
    const kwargs: PyKeyword[] = [];
    const closed = this.items(")", () => {
      const from = this.place;
      const name = this.match(word);
      const at = this.at(from);
      this.match(blank);
      if (name !== undefined && this.text[this.place] === "=" && this.text[this.place + 1] !== "=") {
        this.place++;
        this.match(blank);
        const value = this.expression();
        if (value) kwargs.push({ name, value, at });
        return value !== undefined;
      }
      this.place = from;
      const value = this.expression();
      if (value) args.push(value);
      return value !== undefined;
    });
    return closed === undefined
      ? undefined
      : { kind: "call", callee, args, kwargs, spread: false, at: this.at(start) };
  }

  /** Lists and tuples; an expression in parentheses is itself. */
  private list(start: number, opening: string): PyValue | undefined {
    const items: PyValue[] = [];
    const commas = this.items(opening === "[" ? "]" : ")", () => {
      const value = this.expression();
      if (value) items.push(value);
      return value !== undefined;
    });
    if (commas === undefined) return undefined;
    if (opening === "[") return { kind: "list", form: "list", items, at: this.at(start) };
    if (items.length === 0) return undefined;
    return commas === 0 ? items[0] : { kind: "list", form: "tuple", items, at: this.at(start) };
  }

  private dict(start: number): PyValue | undefined {
    const entries: PyEntry[] = [];
    const commas = this.items("}", () => {
      const key = this.expression();
      this.match(blankOrLines);
      if (!key || this.text[this.place++] !== ":") return false;
      this.match(blankOrLines);
      const value = this.expression();
      if (value) entries.push({ key, value });
      return value !== undefined;
    });
    return commas === undefined ? undefined : { kind: "dict", entries, at: this.at(start) };
  }

  /** Reads from an opening bracket to behind its closing one, and counts the commas between. */
  private items(closing: string, read: () => boolean): number | undefined {
    this.place++;
    let commas = 0;
    for (;;) {
      this.match(blankOrLines);
      if (this.text[this.place] === closing) break;
      if (!read()) return undefined;
      this.match(blankOrLines);
      if (this.text[this.place] === ",") {
        commas++;
        this.place++;
      } else if (this.text[this.place] !== closing) return undefined;
    }
    this.place++;
    return this.place <= this.end ? commas : undefined;
  }
}
