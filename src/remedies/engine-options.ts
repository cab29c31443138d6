import { entryOf, type Lookup, type Value } from "../artifacts/value.ts";
import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import {
  type Dict,
  type Family,
  familyOf,
  foreign,
  isForeign,
  ports,
  textOf,
} from "../stack/query-engine-options.ts";
import type { Stack } from "../stack/stack.ts";

/**
 * A second connection without the options of another engine, where the first one has the same engine and is right. Each
 * has to stand in a line of its own. Undefined where it is the engine that may be wrong.
 */
export function withoutOptions(stack: Stack, databases: Dict, key: string, lookup: Lookup): Fix | undefined {
  const [first, entry] = ["default", key].map(
    name => databases.entries.find(each => each.key === name)?.value,
  );
  const engineOf = (value: Value | undefined) => {
    const engine = value && entryOf(value, "ENGINE");
    return engine && familyOf(textOf(engine, lookup) ?? "");
  };
  const options = entry && entryOf(entry, "OPTIONS");
  if (!first || options?.kind !== "dict" || engineOf(first) !== engineOf(entry) || foreign(first, lookup))
    return undefined;
  const edits = options.entries.map(({ key: name, value }) =>
    isForeign(name, engineOf(entry)!) ? lineOf(stack, name, value.at) : "stays",
  );
  if (edits.includes(undefined)) return undefined;
  edits.push(...portEdit(stack, entryOf(entry!, "PORT"), engineOf(entry)!));
  return {
    title: `Take the options of another engine out of the connection "${key}"`,
    grade: "needs-testing",
    edits: edits.filter(edit => edit !== undefined && edit !== "stays") as Edit[],
    test: `Use the connection once: python manage.py dbshell --database ${key}.`,
  };
}

/** A fallback of the port that came from the other engine, too. */
function portEdit(stack: Stack, port: Value | undefined, engine: Family): Edit[] {
  const own = Object.keys(ports).find(number => ports[number] === engine);
  const text = port && sourceOf(stack, port.at.file)?.text.slice(port.at.span.start, port.at.span.end);
  const found = [...(text ?? "").matchAll(/(?<=["'])(?:3306|5432)(?=["'])/g)];
  const [first] = found;
  if (!port || !first || found.length > 1 || own === undefined || first[0] === own) return [];
  const start = port.at.span.start + first.index;
  return [{ at: { file: port.at.file, span: { start, end: start + first[0].length } }, text: own }];
}

/** The line of an entry, as an edit that takes it away; undefined when it shares one. */
function lineOf(stack: Stack, name: string, at: Location): Edit | undefined {
  const text = sourceOf(stack, at.file)?.text;
  if (text === undefined) return undefined;
  const start = text.lastIndexOf("\n", at.span.start) + 1;
  const end = text.indexOf("\n", at.span.end) + 1;
  const before = text.slice(start, at.span.start).trim();
  const isAlone = /^["']\w+["']\s*:$/.test(before) && before.slice(1).startsWith(name);
  if (end === 0 || !isAlone || !/^,[ \t]*(?:#[^\n]*)?\r?\n$/.test(text.slice(at.span.end, end)))
    return undefined;
  return { at: { file: at.file, span: { start, end } }, text: "" };
}
