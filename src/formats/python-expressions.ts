import type { Location, Source } from "../core/source.ts";
import type { PyEntry, PyKeyword, PyValue } from "./python-tree.ts";

/** A node of the grammar's tree, as much of it as is used here. */
export interface Node {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly firstChild: Node | null;
  readonly nextSibling: Node | null;
  getChild(name: string): Node | null;
  getChildren(name: string): Node[];
}

/** Deeper expressions than this are `other`: nobody writes them by hand, and recursion has an end. */
const deepest = 120;

const punctuation = new Set(["(", ")", "[", "]", "{", "}", ",", ":", "Comment", "⚠"]);

/** Reads expression nodes of one file. */
export class Reader {
  private depth = 0;
  private readonly source: Source;

  constructor(source: Source) {
    this.source = source;
  }

  protected text(node: Node): string {
    return this.source.text.slice(node.from, node.to);
  }

  protected at(node: Node): Location {
    return { file: this.source.path, span: { start: node.from, end: node.to } };
  }

  private other(node: Node): PyValue {
    return { kind: "other", text: this.text(node), at: this.at(node) };
  }

  protected value(node: Node): PyValue {
    if (this.depth > deepest) return this.other(node);
    this.depth++;
    const value = this.read(node);
    this.depth--;
    return value;
  }

  /** `return a, b`: a tuple without parentheses is given as its siblings. */
  protected sequence(first: Node): PyValue {
    const nodes: Node[] = [];
    for (let node: Node | null = first; node; node = node.nextSibling) nodes.push(node);
    return this.group(nodes);
  }

  protected group(nodes: readonly Node[]): PyValue {
    const parts = nodes.filter(node => !punctuation.has(node.name));
    const first = parts[0];
    if (!first) return this.other(nodes[0]!);
    if (parts.length === 1 && !nodes.some(node => node.name === ",")) return this.value(first);
    const span = { start: first.from, end: parts.at(-1)!.to };
    const items = parts.map(part => this.value(part));
    return { kind: "list", form: "tuple", items, at: { file: this.source.path, span } };
  }

  private read(node: Node): PyValue {
    const at = this.at(node);
    switch (node.name) {
      case "String":
        return { kind: "string", value: decodeString(this.text(node)), at };
      case "FormatString":
        return { kind: "format", parts: this.formatParts(node), at };
      case "ContinuedString":
        return this.continued(node);
      case "Number":
        return this.number(node);
      case "Boolean":
        return { kind: "bool", value: this.text(node) === "True", at };
      case "None":
        return { kind: "none", at };
      case "VariableName":
        return { kind: "name", name: this.text(node), at };
      case "ParenthesizedExpression": {
        const inner = this.children(node)[0];
        return inner ? this.value(inner) : this.other(node);
      }
      case "ArrayExpression":
        return { kind: "list", form: "list", items: this.items(node), at };
      case "TupleExpression":
        return { kind: "list", form: "tuple", items: this.items(node), at };
      case "SetExpression":
        return { kind: "list", form: "set", items: this.items(node), at };
      case "DictionaryExpression":
        return { kind: "dict", entries: this.entries(node), at };
      case "CallExpression":
        return this.call(node);
      case "MemberExpression":
        return this.member(node);
      case "BinaryExpression":
        return this.binary(node);
      case "UnaryExpression":
        return this.unary(node);
      case "ConditionalExpression":
        return this.conditional(node);
      case "ArrayComprehensionExpression":
      case "ComprehensionExpression":
      case "SetComprehensionExpression":
        return this.comprehension(node);
      default:
        return this.other(node);
    }
  }

  /** Children that carry meaning. */
  private children(node: Node): Node[] {
    const children: Node[] = [];
    for (let child = node.firstChild; child; child = child.nextSibling) {
      if (!punctuation.has(child.name)) children.push(child);
    }
    return children;
  }

  private items(node: Node): PyValue[] {
    const items: PyValue[] = [];
    let star: Node | undefined;
    for (const child of this.children(node)) {
      if (child.name === "*") star = child;
      else if (star) {
        items.push({ kind: "spread", value: this.value(child), at: this.at(child) });
        star = undefined;
      } else items.push(this.value(child));
    }
    return items;
  }

  private entries(node: Node): PyEntry[] {
    const entries: PyEntry[] = [];
    let key: PyValue | undefined;
    let spread = false;
    for (const child of this.children(node)) {
      if (child.name === "**") spread = true;
      else if (spread) {
        entries.push({ value: this.value(child) });
        spread = false;
      } else if (key === undefined) key = this.value(child);
      else {
        entries.push({ key, value: this.value(child) });
        key = undefined;
      }
    }
    return entries;
  }

  private call(node: Node): PyValue {
    const callee = node.firstChild;
    const list = node.getChild("ArgList");
    if (!callee || !list) return this.other(node);
    return { kind: "call", callee: this.value(callee), ...this.args(list), at: this.at(node) };
  }

  protected args(list: Node): { args: PyValue[]; kwargs: PyKeyword[]; spread: boolean } {
    const args: PyValue[] = [];
    const kwargs: PyKeyword[] = [];
    let spread = false;
    const children = this.children(list);
    for (let i = 0; i < children.length; i++) {
      const child = children[i]!;
      if (child.name === "*" || child.name === "**") {
        spread = true;
        i++;
      } else if (child.name === "VariableName" && children[i + 1]?.name === "AssignOp") {
        const value = children[i + 2];
        if (value) kwargs.push({ name: this.text(child), value: this.value(value), at: this.at(child) });
        i += 2;
      } else if (child.name === "for" || child.name === "async") {
        // foo(x for x in y): one generator argument, not read further.
        return { args: [this.other(list)], kwargs, spread };
      } else args.push(this.value(child));
    }
    return { args, kwargs, spread };
  }

  private member(node: Node): PyValue {
    const object = node.firstChild;
    if (!object) return this.other(node);
    const property = node.getChild("PropertyName");
    const at = this.at(node);
    if (property) return { kind: "attribute", object: this.value(object), name: this.text(property), at };
    const inner = this.children(node).slice(1);
    if (inner.length !== 1) return this.other(node);
    return { kind: "subscript", object: this.value(object), index: this.value(inner[0]!), at };
  }

  private binary(node: Node): PyValue {
    const children = this.children(node);
    const left = children[0];
    const right = children.at(-1);
    if (!left || !right || children.length < 3) return this.other(node);
    const operator = children
      .slice(1, -1)
      .map(each => this.text(each))
      .join(" ");
    return { kind: "binary", operator, left: this.value(left), right: this.value(right), at: this.at(node) };
  }

  private unary(node: Node): PyValue {
    const [operator, operand] = this.children(node);
    if (!operator || !operand) return this.other(node);
    if (operator.name === "not") return { kind: "not", operand: this.value(operand), at: this.at(node) };
    const value = this.value(operand);
    if (value.kind === "number" && this.text(operator) === "-")
      return { ...value, value: -value.value, at: this.at(node) };
    return this.other(node);
  }

  private conditional(node: Node): PyValue {
    const parts = this.children(node).filter(each => each.name !== "if" && each.name !== "else");
    const [yes, test, no] = parts;
    if (!yes || !test || !no) return this.other(node);
    return {
      kind: "conditional",
      test: this.value(test),
      yes: this.value(yes),
      no: this.value(no),
      at: this.at(node),
    };
  }

  private comprehension(node: Node): PyValue {
    const [element, keyword, variable, within, iterable, ...rest] = this.children(node);
    if (
      !element ||
      keyword?.name !== "for" ||
      variable?.name !== "VariableName" ||
      within?.name !== "in" ||
      !iterable
    ) {
      return this.other(node);
    }
    const conditions: PyValue[] = [];
    for (const part of rest) {
      if (part.name === "for" || part.name === "async") return this.other(node);
      if (part.name !== "if") conditions.push(this.value(part));
    }
    return {
      kind: "comprehension",
      element: this.value(element),
      variable: this.text(variable),
      iterable: this.value(iterable),
      conditions,
      at: this.at(node),
    };
  }

  private number(node: Node): PyValue {
    const value = Number(this.text(node).replaceAll("_", ""));
    return Number.isNaN(value) ? this.other(node) : { kind: "number", value, at: this.at(node) };
  }

  private formatParts(node: Node): (string | PyValue)[] {
    const text = this.text(node);
    const opening = /^[a-zA-Z]*('''|"""|'|")/.exec(text);
    const raw = /^[a-z]*r/i.test(text.slice(0, opening ? opening[0].indexOf(opening[1]!) : 0));
    const close = opening && text.length >= opening[0].length + opening[1]!.length ? opening[1]!.length : 0;
    let from = node.from + (opening?.[0].length ?? 0);
    const parts: (string | PyValue)[] = [];
    const literal = (end: number) => {
      const piece = this.source.text.slice(from, end).replaceAll("{{", "{").replaceAll("}}", "}");
      if (piece) parts.push(raw ? piece : decodeEscapes(piece));
    };
    for (const replacement of node.getChildren("FormatReplacement")) {
      literal(replacement.from);
      const [expression, ...more] = this.children(replacement);
      // A conversion or a format spec changes the text: then the part is not read.
      if (expression && more.length === 0) parts.push(this.value(expression));
      else parts.push(this.other(replacement));
      from = replacement.to;
    }
    literal(node.to - close);
    return parts;
  }

  private continued(node: Node): PyValue {
    const pieces = this.children(node).map(each => this.value(each));
    const parts = pieces.flatMap(piece =>
      piece.kind === "format" ? piece.parts : piece.kind === "string" ? [piece.value] : [piece],
    );
    const at = this.at(node);
    if (parts.every(part => typeof part === "string")) return { kind: "string", value: parts.join(""), at };
    return { kind: "format", parts, at };
  }

  /** `@app.get("/x")` is a flat list of names, dots and at most one argument list. */
  protected decorator(node: Node): PyValue {
    let value: PyValue | undefined;
    for (let child = node.firstChild; child; child = child.nextSibling) {
      const at = {
        file: this.source.path,
        span: { start: value?.at.span.start ?? child.from, end: child.to },
      };
      if (child.name === "VariableName" || child.name === "PropertyName") {
        const name = this.text(child);
        value = value ? { kind: "attribute", object: value, name, at } : { kind: "name", name, at };
      } else if (child.name === "ArgList" && value)
        value = { kind: "call", callee: value, ...this.args(child), at };
      else if (child.name.endsWith("Expression")) value = this.value(child);
    }
    return value ?? this.other(node);
  }
}

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "0": "\0",
};

function decodeEscapes(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\(\r?\n|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[\s\S])/g, (whole, body: string) => {
    const first = body[0]!;
    if (first === "\n" || first === "\r") return "";
    if ((first === "x" || first === "u") && body.length > 1)
      return String.fromCharCode(Number.parseInt(body.slice(1), 16));
    if (first === "\\" || first === "'" || first === '"') return first;
    return escapes[first] ?? whole;
  });
}

/** The text that a string token stands for; bytes count as text. */
function decodeString(token: string): string {
  const opening = /^([a-zA-Z]*)('''|"""|'|")/.exec(token);
  if (!opening) return token;
  const quote = opening[2]!;
  const closed = token.length >= opening[0].length + quote.length && token.endsWith(quote);
  const inner = token.slice(opening[0].length, closed ? token.length - quote.length : token.length);
  return /r/i.test(opening[1]!) ? inner : decodeEscapes(inner);
}
