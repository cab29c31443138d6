import type { Location, Source } from "../core/source.ts";
import type { JsEntry, JsFunction, JsStatement, JsValue } from "./javascript-tree.ts";

/** An ESTree node as the parser gives it. Fields are asked for by name and checked on the way. */
export interface EsNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

const deepest = 150;

function isNode(value: unknown): value is EsNode {
  return typeof value === "object" && value !== null && "type" in value;
}

function node(value: unknown): EsNode | undefined {
  return isNode(value) ? value : undefined;
}

function nodes(value: unknown): EsNode[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function words(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Wrappers that change the type only. */
const transparent = new Set([
  "TSAsExpression",
  "TSSatisfiesExpression",
  "TSNonNullExpression",
  "TSTypeAssertion",
  "ParenthesizedExpression",
  "ChainExpression",
  "AwaitExpression",
]);

/** Turns ESTree nodes of one file into ours. */
export class Reader {
  private depth = 0;
  private readonly source: Source;

  constructor(source: Source) {
    this.source = source;
  }

  private at(each: EsNode): Location {
    const end = Math.min(each.end, this.source.text.length);
    return { file: this.source.path, span: { start: Math.min(each.start, end), end } };
  }

  private other(each: EsNode): JsValue {
    return { kind: "other", text: this.source.text.slice(each.start, each.end), at: this.at(each) };
  }

  body(statements: readonly EsNode[]): JsStatement[] {
    if (this.depth > deepest) return [];
    this.depth++;
    const read = statements.flatMap(each => this.statement(each, false));
    this.depth--;
    return read;
  }

  private bodyOf(each: EsNode | undefined): JsStatement[] {
    if (!each) return [];
    return this.body(each.type === "BlockStatement" ? nodes(each.body) : [each]);
  }

  private statement(each: EsNode, exported: boolean): JsStatement[] {
    const at = this.at(each);
    switch (each.type) {
      case "ExpressionStatement":
        return [{ kind: "expression", value: this.value(node(each.expression)!), at }];
      case "VariableDeclaration":
        return nodes(each.declarations).flatMap(declaration => this.declarator(declaration, exported));
      case "FunctionDeclaration":
        return [{ kind: "function", value: this.functionValue(each), exported, at }];
      case "ClassDeclaration":
        return [this.classStatement(each)];
      case "ReturnStatement": {
        const value = node(each.argument);
        return [value ? { kind: "return", value: this.value(value), at } : { kind: "return", at }];
      }
      case "IfStatement": {
        const bodies = [this.bodyOf(node(each.consequent)), this.bodyOf(node(each.alternate))];
        return [{ kind: "block", form: "if", test: this.value(node(each.test)!), bodies, at }];
      }
      case "TryStatement": {
        const parts = [node(each.block), node(node(each.handler)?.body), node(each.finalizer)];
        return [{ kind: "block", form: "try", bodies: parts.map(part => this.bodyOf(part)), at }];
      }
      case "ForStatement":
      case "ForOfStatement":
      case "ForInStatement":
      case "WhileStatement":
      case "DoWhileStatement":
        return [{ kind: "block", form: "loop", bodies: [this.bodyOf(node(each.body))], at }];
      case "SwitchStatement":
        return [
          {
            kind: "block",
            form: "if",
            bodies: nodes(each.cases).map(one => this.body(nodes(one.consequent))),
            at,
          },
        ];
      case "BlockStatement":
        return [{ kind: "block", form: "plain", bodies: [this.body(nodes(each.body))], at }];
      case "ImportDeclaration":
        return [this.importStatement(each)];
      case "ExportDefaultDeclaration":
        return [{ kind: "default", value: this.value(node(each.declaration)!), at }];
      case "ExportAllDeclaration":
        return [
          {
            kind: "export",
            names: [{ name: "*", as: words(node(each.exported)?.name) || "*" }],
            module: this.moduleOf(each),
            at,
          },
        ];
      case "ExportNamedDeclaration":
        return this.namedExport(each);
      default:
        return [{ kind: "other", at }];
    }
  }

  private moduleOf(each: EsNode): string {
    return words(node(each.source)?.value);
  }

  private importStatement(each: EsNode): JsStatement {
    const names = nodes(each.specifiers).map(one => ({
      name:
        one.type === "ImportDefaultSpecifier"
          ? "default"
          : one.type === "ImportNamespaceSpecifier"
            ? "*"
            : this.nameOf(node(one.imported)),
      as: this.nameOf(node(one.local)),
    }));
    return { kind: "import", module: this.moduleOf(each), names, at: this.at(each) };
  }

  private nameOf(each: EsNode | undefined): string {
    return words(each?.name) || words(each?.value);
  }

  private namedExport(each: EsNode): JsStatement[] {
    const declaration = node(each.declaration);
    if (declaration) return this.statement(declaration, true);
    const names = nodes(each.specifiers).map(one => ({
      name: this.nameOf(node(one.local)),
      as: this.nameOf(node(one.exported)),
    }));
    const module = each.source ? { module: this.moduleOf(each) } : {};
    return [{ kind: "export", names, ...module, at: this.at(each) }];
  }

  private declarator(each: EsNode, exported: boolean): JsStatement[] {
    const id = node(each.id);
    const init = node(each.init);
    const value = init ? { value: this.value(init) } : {};
    const at = this.at(each);
    if (id?.type === "Identifier")
      return [{ kind: "variable", name: words(id.name), ...value, exported, at }];
    if (id?.type !== "ObjectPattern") return [{ kind: "other", at }];
    return nodes(id.properties).flatMap((property): JsStatement[] => {
      const target = node(property.value);
      const name = target?.type === "AssignmentPattern" ? node(target.left) : target;
      if (name?.type !== "Identifier" || property.computed) return [];
      const key = this.nameOf(node(property.key));
      return [
        {
          kind: "variable",
          name: words(name.name),
          ...value,
          property: key,
          exported,
          at: this.at(property),
        },
      ];
    });
  }

  private classStatement(each: EsNode): JsStatement {
    const methods = nodes(node(each.body)?.body).flatMap(member => {
      const value = node(member.value);
      if (!value || !/Function/.test(value.type)) return [];
      const method = this.functionValue(value, this.nameOf(node(member.key)));
      const decorators = this.decorators(member);
      return [decorators.length === 0 ? method : { ...method, decorators }];
    });
    return {
      kind: "class",
      name: words(node(each.id)?.name),
      methods,
      decorators: this.decorators(each),
      at: this.at(each),
    };
  }

  private decorators(each: EsNode): readonly JsValue[] {
    return nodes(each.decorators).map(one => this.value(node(one.expression)!));
  }

  private functionValue(each: EsNode, named?: string): JsFunction {
    const name = named ?? words(node(each.id)?.name);
    const body = node(each.body);
    let statements: JsStatement[];
    if (body && body.type !== "BlockStatement" && each.type === "ArrowFunctionExpression") {
      statements = [{ kind: "return", value: this.value(body), at: this.at(body) }];
    } else statements = this.bodyOf(body);
    return {
      kind: "function",
      ...(name && { name }),
      params: nodes(each.params).map(param => words(param.name)),
      body: statements,
      at: this.at(each),
    };
  }

  value(each: EsNode): JsValue {
    if (this.depth > deepest) return this.other(each);
    this.depth++;
    const value = this.read(each);
    this.depth--;
    return value;
  }

  private read(each: EsNode): JsValue {
    const at = this.at(each);
    if (transparent.has(each.type)) return this.value(node(each.expression) ?? node(each.argument)!);
    switch (each.type) {
      case "Literal":
        return this.literal(each);
      case "TemplateLiteral":
        return this.template(each);
      case "ArrayExpression":
        return { kind: "array", items: nodes(each.elements).map(item => this.value(item)), at };
      case "ObjectExpression":
        return { kind: "object", entries: nodes(each.properties).map(entry => this.entry(entry)), at };
      case "Identifier":
        return each.name === "undefined"
          ? { kind: "none", at }
          : { kind: "name", name: words(each.name), at };
      case "ThisExpression":
        return { kind: "name", name: "this", at };
      case "MetaProperty":
        return {
          kind: "member",
          object: { kind: "name", name: words(node(each.meta)?.name), at },
          name: words(node(each.property)?.name),
          at,
        };
      case "MemberExpression":
        return this.member(each);
      case "CallExpression":
      case "NewExpression":
        return {
          kind: "call",
          callee: this.value(node(each.callee)!),
          args: nodes(each.arguments).map(arg => this.value(arg)),
          isNew: each.type === "NewExpression",
          at,
        };
      case "ImportExpression":
        // A dynamic import reads like a call of `import`.
        return {
          kind: "call",
          callee: { kind: "name", name: "import", at },
          args: [this.value(node(each.source)!)],
          isNew: false,
          at,
        };
      case "BinaryExpression":
      case "LogicalExpression":
        return {
          kind: "binary",
          operator: words(each.operator),
          left: this.value(node(each.left)!),
          right: this.value(node(each.right)!),
          at,
        };
      case "UnaryExpression":
        return {
          kind: "unary",
          operator: words(each.operator),
          operand: this.value(node(each.argument)!),
          at,
        };
      case "ConditionalExpression":
        return {
          kind: "conditional",
          test: this.value(node(each.test)!),
          yes: this.value(node(each.consequent)!),
          no: this.value(node(each.alternate)!),
          at,
        };
      case "AssignmentExpression":
        return {
          kind: "assign",
          target: this.value(node(each.left)!),
          value: this.value(node(each.right)!),
          at,
        };
      case "SpreadElement":
        return { kind: "spread", value: this.value(node(each.argument)!), at };
      case "ArrowFunctionExpression":
      case "FunctionExpression":
      case "FunctionDeclaration":
        return this.functionValue(each);
      default:
        return this.other(each);
    }
  }

  private literal(each: EsNode): JsValue {
    const at = this.at(each);
    const { value, regex } = each;
    if (typeof regex === "object" && regex !== null && "pattern" in regex && "flags" in regex) {
      return { kind: "regexp", source: words(regex.pattern), flags: words(regex.flags), at };
    }
    if (typeof value === "string") return { kind: "string", value, at };
    if (typeof value === "number") return { kind: "number", value, at };
    if (typeof value === "boolean") return { kind: "bool", value, at };
    return value === null ? { kind: "none", at } : this.other(each);
  }

  private template(each: EsNode): JsValue {
    const at = this.at(each);
    const quasis = nodes(each.quasis);
    const expressions = nodes(each.expressions);
    const parts: (string | JsValue)[] = [];
    quasis.forEach((quasi, i) => {
      const { value } = quasi;
      const cooked =
        typeof value === "object" && value !== null && "cooked" in value ? words(value.cooked) : "";
      if (cooked) parts.push(cooked);
      const expression = expressions[i];
      if (expression) parts.push(this.value(expression));
    });
    if (expressions.length === 0) return { kind: "string", value: parts.join(""), at };
    return { kind: "template", parts, at };
  }

  private member(each: EsNode): JsValue {
    const object = this.value(node(each.object)!);
    const property = node(each.property)!;
    const at = this.at(each);
    if (!each.computed) return { kind: "member", object, name: words(property.name), at };
    if (property.type === "Literal" && typeof property.value === "string") {
      return { kind: "member", object, name: property.value, at };
    }
    return { kind: "index", object, index: this.value(property), at };
  }

  private entry(each: EsNode): JsEntry {
    const at = this.at(each);
    if (each.type === "SpreadElement") return { value: this.value(node(each.argument)!), at };
    const key = node(each.key);
    const value = this.value(node(each.value)!);
    const name = key?.type === "Literal" ? String(key.value) : each.computed ? "" : words(key?.name);
    return { ...(name && { key: name }), value, at };
  }
}
