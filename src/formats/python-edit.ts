import type { Edit } from "../core/fix.ts";
import type { Location, Source } from "../core/source.ts";
import { parsePython, parsePythonPart } from "./python.ts";
import type { PyAssign, PyImport, PyModule, PyStatement } from "./python-tree.ts";

/** Where text may be put into a Python file. The parser has to be loaded, as it is once anything was audited. */

/** The assignment of a file's top level that a place stands in; what stands in a block or function is not there. */
export function assignmentAt(source: Source, at: Location): PyAssign | undefined {
  if (at.file !== source.path) return undefined;
  const found = moduleOf(source).body.find(
    ({ at: whole }) => whole.span.start <= at.span.start && at.span.end <= whole.span.end,
  );
  return found?.kind === "assign" ? found : undefined;
}

/** The last plain assignment of a name at the file's top level. */
export function assignmentOf(source: Source, name: string): PyAssign | undefined {
  return moduleOf(source).body.findLast(
    (statement): statement is PyAssign =>
      statement.kind === "assign" &&
      !statement.update &&
      statement.targets.some(target => target.kind === "name" && target.name === name),
  );
}

/** Adds lines behind a statement of the top level, its comment on the same line included. */
export function addBehind(
  source: Source,
  statement: PyStatement,
  lines: readonly string[],
): Edit | undefined {
  const { text } = source;
  const { start } = statement.at.span;
  const end = start + text.slice(start, statement.at.span.end).trimEnd().length;
  const rest = /^[ \t]*(?:#[^\r\n]*)?(?=\r?\n|$)/.exec(text.slice(end));
  if (statement.at.file !== source.path || !rest) return undefined;
  const offset = end + rest[0].length;
  // Behind a list of many lines, a blank one shows where it ends.
  const gap = text.slice(start, end).includes("\n") && statement.kind === "assign" ? eolOf(text) : "";
  return insert(source, offset, gap + lines.map(line => eolOf(text) + line).join(""));
}

/** Adds lines at the end of a file. */
export function addAtEnd(source: Source, lines: readonly string[]): Edit {
  const { text } = source;
  const eol = eolOf(text);
  const before = text === "" || text.endsWith("\n") ? "" : eol;
  // Behind a block that is moved in, a blank line shows where it ends.
  const gap = /(?:^|\n)[ \t]+\S[^\n]*\n?$/.test(text) ? eol : "";
  return insert(source, text.length, before + gap + lines.map(line => line + eol).join(""));
}

/** Brings a module in under its own name; an empty list where it is there already. */
export function importModule(source: Source, name: string): Edit[] | undefined {
  // A few lines in place of a whole script, as long as one of them is an import.
  const some = importsOf(parsePythonPart(source, /\bimport\b/));
  const imports = some.length > 0 ? some : importsOf(moduleOf(source));
  // `import os.path` binds `os`, too.
  const binds = imports.some(
    ({ module, names, as = name, at }) =>
      names === undefined &&
      as === name &&
      (module === name ||
        (module.startsWith(`${name}.`) && !/ as /.test(source.text.slice(at.span.start, at.span.end)))),
  );
  if (binds) return [];
  const eol = eolOf(source.text);
  const first = imports.find(each => each.module !== "__future__");
  if (first)
    return isLineStart(source, first.at)
      ? [insert(source, first.at.span.start, `import ${name}${eol}`)]
      : undefined;
  const future = imports.at(-1);
  if (future) {
    const edit = addBehind(source, future, [`import ${name}`]);
    return edit && [edit];
  }
  // Behind the text that describes the module, which has to stay the first statement.
  const [head] = moduleOf(source).body;
  if (!head) return undefined;
  if (head.kind === "expression" && head.value.kind === "string") {
    const edit = addBehind(source, head, ["", `import ${name}`]);
    return edit && [edit];
  }
  return isLineStart(source, head.at)
    ? [insert(source, head.at.span.start, `import ${name}${eol}${eol}`)]
    : undefined;
}

/**
 * Brings one name of a module in, beside what is imported of that module on one line; an empty list where it is there.
 * Undefined where the name stands for something else.
 */
export function importName(source: Source, module: string, name: string): Edit[] | undefined {
  const imports = importsOf(moduleOf(source));
  const own = imports.find(each => each.module === module && each.names);
  if (own?.names?.some(each => each.name === name && each.as === name)) return [];
  if (new RegExp(`\\b${name}\\b`).test(source.text)) return undefined;
  const written = own && source.text.slice(own.at.span.start, own.at.span.end).trimEnd();
  // Functions in the order of the alphabet, behind classes: what sorters of imports want.
  if (own && written && /^from [\w.]+ import \w+(?:, \w+)*$/.test(written)) {
    const next = [...written.matchAll(/\w+/g)].find(
      (word, index) => index >= module.split(".").length + 2 && /^[a-z]/.test(word[0]) && word[0] > name,
    );
    const offset = own.at.span.start + (next?.index ?? written.length);
    return [insert(source, offset, next ? `${name}, ` : `, ${name}`)];
  }
  const first = imports.find(each => each.module !== "__future__");
  const before = imports.find(
    each => each.module > module && each.module.split(".")[0] === module.split(".")[0],
  );
  const place = before ?? own ?? first;
  const line = `from ${module} import ${name}${eolOf(source.text)}`;
  // A file without any import, as included parts of settings are, has none to stand beside.
  const [head] = moduleOf(source).body;
  if (!place && head?.kind === "assign" && isLineStart(source, head.at))
    return [insert(source, head.at.span.start, line + eolOf(source.text))];
  return place && isLineStart(source, place.at) ? [insert(source, place.at.span.start, line)] : undefined;
}

/** Adds an argument or item before the closing bracket that ends a place: of a call, a list, a dict. */
export function addInBrackets(source: Source, at: Location, text: string): Edit | undefined {
  const whole = source.text.slice(at.span.start, at.span.end);
  if (at.file !== source.path || !/[)\]}]$/.test(whole)) return undefined;
  const inner = whole.slice(0, -1).trimEnd();
  // A comment at the end would swallow what is added.
  const lastLine = inner.slice(inner.lastIndexOf("\n") + 1);
  if (/#/.test(lastLine)) return undefined;
  const offset = at.span.start + inner.length;
  if (/[([{]$/.test(inner)) return insert(source, offset, text);
  const isBlock = whole.slice(inner.length, -1).includes("\n");
  if (!isBlock) return insert(source, offset, inner.endsWith(",") ? ` ${text}` : `, ${text}`);
  const indent = /^[ \t]*/.exec(lastLine)![0];
  const comma = inner.endsWith(",") ? "" : ",";
  return insert(source, offset, `${comma}${eolOf(source.text)}${indent}${text},`);
}

const importsOf = ({ body }: PyModule): PyImport[] => body.filter(statement => statement.kind === "import");

const modules = new WeakMap<Source, PyModule>();

function moduleOf(source: Source): PyModule {
  let known = modules.get(source);
  if (!known) {
    known = parsePython(source).model;
    modules.set(source, known);
  }
  return known;
}

function isLineStart({ text }: Source, at: Location): boolean {
  const { start } = at.span;
  return start === 0 || text[start - 1] === "\n";
}

function insert(source: Source, offset: number, text: string): Edit {
  return { at: { file: source.path, span: { start: offset, end: offset } }, text };
}

function eolOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}
