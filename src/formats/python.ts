import type { Parsed } from "../core/artifact.ts";
import type { Source } from "../core/source.ts";
import { locate } from "../core/source.ts";
import { type Node, Reader } from "./python-expressions.ts";
import { statementRanges } from "./python-part.ts";
import type { PyFunction, PyImport, PyModule, PyStatement, PyValue } from "./python-tree.ts";

type Parser = typeof import("@lezer/python").parser;

/** Larger files are data, not settings: they are not read. UTF-16 units. */
const largestFile = 1_000_000;
const deepestBlock = 60;

let parser: Parser | undefined;

/** Loads the Python grammar once (about 15 ms). To be awaited before `parsePython` is called. */
export async function loadPython(): Promise<void> {
  parser ??= (await import("@lezer/python")).parser;
}

const parsed = new WeakMap<Source, Parsed<PyModule>>();

/**
 * The statements of a Python file, each with its place. Never throws; a part that is not Python is `other`.
 * The same Source is read once. A grammar's error node is not reported: it also stands after valid code.
 */
export function parsePython(source: Source): Parsed<PyModule> {
  const known = parsed.get(source);
  if (known) return known;
  if (!parser) return refuse(source, "the Python reader was not loaded");
  if (source.text.length > largestFile) return refuse(source, "the file is too large to be read as Python");
  const tree = parser.parse(source.text);
  const reader = new Statements(source);
  const result = {
    model: { file: source.path, text: source.text, body: reader.body(tree.topNode, 0) },
    problems: [],
  };
  parsed.set(source, result);
  return result;
}

/**
 * As `parsePython`, but only with the top-level statements whose text matches (and perhaps others): a parse of a few
 * lines instead of a whole file. Places are those of the file.
 */
export function parsePythonPart(source: Source, wanted: RegExp): PyModule {
  const known = parsed.get(source);
  const ranges = known ? undefined : statementRanges(source.text);
  if (!parser || !ranges || source.text.length > largestFile) return parsePython(source).model;
  // The first range is always kept: the places of a tree count from its start.
  const kept = ranges.filter(
    ({ from, to }) => from === 0 || (to > from && wanted.test(source.text.slice(from, to))),
  );
  if (kept.length === ranges.length) return parsePython(source).model;
  const tree = parser.parse(source.text, [], joined(kept));
  return {
    file: source.path,
    text: source.text,
    body: new Statements(source).body(tree.topNode, 0),
  };
}

/** Ranges that touch as one. */
function joined(ranges: readonly { from: number; to: number }[]): { from: number; to: number }[] {
  const result: { from: number; to: number }[] = [];
  for (const { from, to } of ranges) {
    const last = result.at(-1);
    if (last?.to === from) last.to = to;
    else result.push({ from, to });
  }
  return result;
}

function refuse(source: Source, message: string): Parsed<PyModule> {
  return {
    model: { file: source.path, text: source.text, body: [] },
    problems: [{ at: locate(source, 0, 0), message }],
  };
}

const blocks: Readonly<Record<string, "with" | "for" | "while">> = {
  WithStatement: "with",
  ForStatement: "for",
  WhileStatement: "while",
};

/** Turns statement nodes into ours. A class only because expression reading shares its source and depth. */
class Statements extends Reader {
  body(parent: Node, depth: number): PyStatement[] {
    const statements: PyStatement[] = [];
    if (depth > deepestBlock) return statements;
    for (let node = parent.firstChild; node; node = node.nextSibling) {
      const statement = this.statement(node, depth);
      if (statement) statements.push(statement);
    }
    return statements;
  }

  private statement(node: Node, depth: number, decorators: readonly PyValue[] = []): PyStatement | undefined {
    const at = this.at(node);
    const block = blocks[node.name];
    if (block) return { kind: "block", form: block, body: this.bodies(node, depth).flat(), at };
    switch (node.name) {
      case "AssignStatement":
      case "UpdateStatement":
        return this.assignment(node);
      case "ExpressionStatement": {
        const value = node.firstChild;
        return value ? { kind: "expression", value: this.value(value), at } : undefined;
      }
      case "ImportStatement":
        return this.importStatement(node);
      case "IfStatement":
        return { kind: "if", branches: this.branches(node, depth), at };
      case "TryStatement":
        return this.tryStatement(node, depth);
      case "MatchStatement":
        return { kind: "block", form: "match", body: this.matchBodies(node, depth), at };
      case "FunctionDefinition":
        return this.functionDefinition(node, depth, decorators);
      case "ClassDefinition":
        return this.classDefinition(node, depth);
      case "DecoratedStatement":
        return this.decorated(node, depth);
      case "ReturnStatement": {
        const value = node.firstChild?.nextSibling;
        return value ? { kind: "return", value: this.sequence(value), at } : { kind: "return", at };
      }
      case "RaiseStatement":
        return { kind: "raise", at };
      case "StatementGroup":
        return { kind: "block", form: "with", body: this.body(node, depth + 1), at };
      case "Comment":
      case ":":
      case ";":
        return undefined;
      default:
        return { kind: "other", at };
    }
  }

  private bodies(node: Node, depth: number): PyStatement[][] {
    const bodies: PyStatement[][] = [];
    for (let child = node.firstChild; child; child = child.nextSibling) {
      if (child.name === "Body") bodies.push(this.body(child, depth + 1));
    }
    return bodies;
  }

  private matchBodies(node: Node, depth: number): PyStatement[] {
    const clauses = node.getChild("MatchBody")?.getChildren("MatchClause") ?? [];
    return clauses.flatMap(clause => this.bodies(clause, depth + 1).flat());
  }

  private assignment(node: Node): PyStatement {
    const targets: PyValue[] = [];
    let group: Node[] = [];
    let annotation: string | undefined;
    let update: string | undefined;
    let assigned = false;
    for (let child = node.firstChild; child; child = child.nextSibling) {
      if (child.name === "Comment") continue;
      if (child.name === "TypeDef") annotation = this.text(child).replace(/^:\s*/, "");
      else if (child.name === "AssignOp" || child.name === "UpdateOp") {
        if (child.name === "UpdateOp") update = this.text(child);
        if (group.length > 0) targets.push(this.group(group));
        group = [];
        assigned = true;
      } else group.push(child);
    }
    const last = group.length > 0 ? this.group(group) : undefined;
    if (!assigned && last) targets.push(last);
    return {
      kind: "assign",
      targets,
      ...(assigned && last && { value: last }),
      ...(annotation !== undefined && { annotation }),
      ...(update !== undefined && { update }),
      at: this.at(node),
    };
  }

  private importStatement(node: Node): PyImport {
    const at = this.at(node);
    // The node's text is short and its grammar regular: reading words is simpler than reading nodes.
    const words: readonly string[] =
      this.text(node)
        .replace(/#[^\n]*/g, "")
        .replace(/\\\r?\n/g, " ")
        .match(/[\p{L}\p{N}_]+|[.,*()]/gu) ?? [];
    const from = words[0] === "from";
    const split = from ? words.indexOf("import") : 0;
    const names: { name: string; as: string }[] = [];
    let path: string[] = [];
    let as: string | undefined;
    const finish = () => {
      const name = path.join("");
      if (name) names.push({ name, as: as ?? (from ? name : (name.split(".")[0] ?? name)) });
      path = [];
      as = undefined;
    };
    for (let i = split + 1; i < words.length; i++) {
      const word = words[i]!;
      if (word === ",") finish();
      else if (word === "as") as = words[++i];
      else if (word !== "(" && word !== ")") path.push(word);
    }
    finish();
    if (from) return { kind: "import", module: words.slice(1, Math.max(split, 1)).join(""), names, at };
    const first = names[0];
    // `import a, b`: the first is enough for what is asked of imports; the others bind their own name.
    return first
      ? { kind: "import", module: first.name, as: first.as, at }
      : { kind: "import", module: "", names: [], at };
  }

  private branches(node: Node, depth: number) {
    const branches: { test?: PyValue; body: PyStatement[] }[] = [];
    let test: PyValue | undefined;
    for (let child = node.firstChild; child; child = child.nextSibling) {
      if (child.name === "Body") {
        branches.push({ ...(test && { test }), body: this.body(child, depth + 1) });
        test = undefined;
      } else if (
        child.name !== "if" &&
        child.name !== "elif" &&
        child.name !== "else" &&
        child.name !== "Comment"
      ) {
        test = this.value(child);
      }
    }
    return branches;
  }

  private tryStatement(node: Node, depth: number): PyStatement {
    const body: PyStatement[] = [];
    const handlers: PyStatement[][] = [];
    let clause = "try";
    for (let child = node.firstChild; child; child = child.nextSibling) {
      if (child.name === "Body") {
        if (clause === "except") handlers.push(this.body(child, depth + 1));
        else body.push(...this.body(child, depth + 1));
      } else if (["try", "except", "else", "finally"].includes(child.name)) clause = child.name;
    }
    return { kind: "try", body, handlers, at: this.at(node) };
  }

  private functionDefinition(node: Node, depth: number, decorators: readonly PyValue[]): PyFunction {
    const name = node.getChild("VariableName");
    return {
      kind: "function",
      name: name ? this.text(name) : "",
      params: this.params(node.getChild("ParamList")),
      decorators,
      body: this.bodies(node, depth).flat(),
      at: this.at(node),
    };
  }

  private params(list: Node | null): PyFunction["params"] {
    const params: { name: string; default?: PyValue; rest: boolean }[] = [];
    let rest = false;
    let defaults = false;
    for (let child = list?.firstChild ?? null; child; child = child.nextSibling) {
      if (child.name === "*" || child.name === "**") rest = true;
      else if (child.name === "AssignOp") defaults = true;
      else if (child.name === ",") {
        rest = false;
        defaults = false;
      } else if (defaults) {
        const last = params.pop();
        if (last) params.push({ ...last, default: this.value(child) });
        defaults = false;
      } else if (child.name === "VariableName") params.push({ name: this.text(child), rest });
    }
    return params;
  }

  private classDefinition(node: Node, depth: number): PyStatement {
    const name = node.getChild("VariableName");
    const args = node.getChild("ArgList");
    return {
      kind: "class",
      name: name ? this.text(name) : "",
      nameAt: this.at(name ?? node),
      bases: args ? this.args(args).args : [],
      body: this.bodies(node, depth).flat(),
      at: this.at(node),
    };
  }

  private decorated(node: Node, depth: number): PyStatement | undefined {
    const decorators = node.getChildren("Decorator").map(each => this.decorator(each));
    const definition = node.getChild("FunctionDefinition") ?? node.getChild("ClassDefinition");
    return definition ? this.statement(definition, depth, decorators) : undefined;
  }
}
