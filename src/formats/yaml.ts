import type { Alias, Document, Node, ScalarTag } from "yaml";
import { isAlias, isMap, isScalar, isSeq, parseAllDocuments } from "yaml";
import type { Parsed } from "../core/artifact.ts";
import { type Fragment, mappedFragment } from "../core/fragment.ts";
import type { Problem } from "../core/problem.ts";
import { type Located, type Location, locate, type Source } from "../core/source.ts";
import { tooDeepAt } from "./yaml-depth.ts";
import { alignedFragment } from "./yaml-fragment.ts";

export interface YamlScalar {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  readonly at: Location;
  readonly style: "plain" | "single" | "double" | "literal" | "folded";
  readonly tag?: string;
  /** The value as text, as Compose prints it: a plain 3.10 is a number, and reads 3.1. Empty for null. */
  readonly text: string;
  /** Decoded text with the way back to the file. */
  readonly fragment: Fragment;
}

export interface YamlPair {
  readonly key: Located<string>;
  readonly value: YamlNode;
  /** From the key's start to the value's end. */
  readonly at: Location;
}

/** Merge keys (`<<`) and aliases are already resolved; places point to where a value is written. */
export interface YamlMap {
  readonly kind: "map";
  readonly entries: readonly YamlPair[];
  readonly at: Location;
  readonly tag?: string;
  readonly flow: boolean;
}

export interface YamlSeq {
  readonly kind: "seq";
  readonly items: readonly YamlNode[];
  readonly at: Location;
  readonly tag?: string;
  readonly flow: boolean;
}

export type YamlNode = YamlScalar | YamlMap | YamlSeq;

export interface YamlDocument {
  readonly root: YamlNode | undefined;
}

const maxText = 2 * 1024 * 1024;
const maxDepth = 200;
/** Nodes of one document after every alias is expanded; honest Compose files stay below a few thousand. */
const maxExpanded = 200_000;

// Compose reads YAML 1.1 octal integers (0440 is 288) while the core schema reads them as decimal.
const octal: ScalarTag = {
  tag: "tag:yaml.org,2002:int",
  identify: () => false,
  default: true,
  test: /^[-+]?0[0-7_]+$/,
  resolve: text => Number.parseInt(text.replace(/_/g, ""), 8),
};

const knownTags = ["!reset", "!override", "!vault", "!reference"];

/**
 * Reads every document of a YAML (or JSON) file. Never throws: a broken file gives the documents that could be
 * read and problems with places. Duplicate keys, aliases of nothing and alias bombs are problems.
 */
export function parseYaml(source: Source): Parsed<readonly YamlDocument[]> {
  if (source.text.length > maxText) {
    const at = locate(source, 0, 0);
    return {
      model: [],
      problems: [
        {
          at,
          message: `The file has ${source.text.length} characters; YAML files of over 2 MB are not read.`,
        },
      ],
    };
  }
  const problems: Problem[] = [];
  const tooDeep = tooDeepAt(source.text);
  if (tooDeep !== undefined) {
    const at = locate(source, tooDeep, tooDeep + 1);
    return {
      model: [],
      problems: [
        { at, message: `Collections are nested more than ${maxDepth} deep here: the file is not read.` },
      ],
    };
  }
  const documents = withoutTraces(() => parseDocuments(source.text));
  const list = Array.isArray(documents) ? (documents as Document.Parsed[]) : [];
  const model = list.map(document => convertDocument(source, document, problems));
  return { model, problems };
}

/** Text that is no YAML has an error in each word, and each would carry a trace of the stack. */
function withoutTraces<T>(parse: () => T): T {
  const usual = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return parse();
  } finally {
    Error.stackTraceLimit = usual;
  }
}

function parseDocuments(text: string): unknown {
  return parseAllDocuments(text, {
    uniqueKeys: false,
    logLevel: "silent",
    strict: false,
    // Places are ours; the library's sentences about them take as long for each error as the text is long.
    prettyErrors: false,
    customTags: tags => [
      octal,
      ...tags,
      ...knownTags.map(tag => ({ tag, resolve: (value: string) => value })),
    ],
  });
}

/** What follows in a document that is no YAML at all says nothing new. */
const mostErrors = 20;

function convertDocument(source: Source, document: Document.Parsed, problems: Problem[]): YamlDocument {
  for (const error of document.errors.slice(0, mostErrors)) {
    // The library points past the end for what is missing there.
    const end = Math.min(error.pos[1], source.text.length);
    const start = Math.min(error.pos[0], end);
    const at = locate(source, start, end);
    // Other readers take a text in quotes that goes on at the indentation of its key.
    const lenient = document.errors[0]!.message.startsWith("Missing closing");
    problems.push({ at, message: describe(error.message), ...(lenient ? {} : { refused: true }) });
  }
  const context: Context = {
    source,
    document,
    problems,
    anchors: new Map(),
    sizes: new Map(),
    active: new Set(),
    bomb: false,
  };
  const root = document.contents ? convert(context, document.contents as Node, 0) : undefined;
  return { root };
}

function describe(message: string): string {
  return `Not valid YAML: ${message.split("\n")[0]!}`;
}

interface Context {
  readonly source: Source;
  readonly document: Document.Parsed;
  readonly problems: Problem[];
  readonly anchors: Map<Node, YamlNode>;
  readonly sizes: Map<YamlNode, number>;
  readonly active: Set<Node>;
  bomb: boolean;
}

function convert(context: Context, node: Node, depth: number): YamlNode {
  const known = context.anchors.get(node);
  if (known) return known;
  if (depth > maxDepth || context.active.has(node)) return nullAt(context, node);
  context.active.add(node);
  const result = convertFresh(context, node, depth);
  context.active.delete(node);
  context.anchors.set(node, result);
  return result;
}

function convertFresh(context: Context, node: Node, depth: number): YamlNode {
  if (isAlias(node)) return convertAlias(context, node, depth);
  const at = placeOf(context.source, node);
  const tag = node.tag && knownTags.includes(node.tag) ? { tag: node.tag } : {};
  if (isMap(node)) {
    const entries = convertPairs(context, node.items as { key: unknown; value: unknown }[], at, depth);
    return sized(
      context,
      { kind: "map", entries, at, flow: node.flow === true, ...tag },
      entries.map(e => e.value),
    );
  }
  if (isSeq(node)) {
    const items = node.items.filter(isNode).map(item => convert(context, item, depth + 1));
    return sized(context, { kind: "seq", items, at, flow: node.flow === true, ...tag }, items);
  }
  if (isScalar(node)) return sized(context, scalarOf(context.source, node as never, at, tag), []);
  return nullAt(context, node);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "range" in value;
}

/** Remembers how many nodes a subtree has with aliases expanded, and stops growth that only a bomb shows. */
function sized<T extends YamlNode>(context: Context, node: T, children: readonly YamlNode[]): YamlNode {
  let size = 1;
  for (const child of children) size += context.sizes.get(child) ?? 1;
  if (size > maxExpanded) {
    if (!context.bomb) {
      context.problems.push({
        at: node.at,
        message: `Aliases expand to more than ${maxExpanded} values here: an alias bomb is not read.`,
      });
      context.bomb = true;
    }
    return sized(context, plainNull(node.at), []);
  }
  context.sizes.set(node, size);
  return node;
}

function convertAlias(context: Context, alias: Alias, depth: number): YamlNode {
  const target = alias.resolve(context.document);
  if (target) {
    if (context.active.has(target as Node)) {
      context.problems.push({
        at: placeOf(context.source, alias),
        message: `Alias *${alias.source} refers to the collection that it stands in.`,
      });
      return nullAt(context, alias);
    }
    return convert(context, target as Node, depth);
  }
  context.problems.push({
    at: placeOf(context.source, alias),
    message: `Not valid YAML: no anchor &${alias.source} stands before this alias.`,
  });
  return nullAt(context, alias);
}

function convertPairs(
  context: Context,
  pairs: { key: unknown; value: unknown }[],
  mapAt: Location,
  depth: number,
): YamlPair[] {
  const own: YamlPair[] = [];
  const merged: YamlPair[] = [];
  const seen = new Map<string, YamlPair>();
  let merges = 0;
  for (const pair of pairs) {
    if (!isNode(pair.key)) continue;
    const keyNode = convert(context, pair.key, depth + 1);
    const key = {
      value: keyNode.kind === "scalar" ? String(keyNode.value ?? keyNode.text) : "",
      at: keyNode.at,
    };
    const value = isNode(pair.value) ? convert(context, pair.value, depth + 1) : plainNull(endOf(key.at));
    const end =
      value.at.file === key.at.file &&
      value.at.span.end >= key.at.span.end &&
      value.at.span.end <= mapAt.span.end
        ? value.at.span.end
        : key.at.span.end;
    const entry: YamlPair = {
      key,
      value,
      at: { file: key.at.file, span: { start: key.at.span.start, end } },
    };
    if (key.value === "<<" && keyNode.kind === "scalar" && keyNode.style === "plain") {
      if (merges++ > 0)
        context.problems.push({
          at: key.at,
          message: 'Mapping key "<<" already defined: Compose refuses two merge keys in one mapping.',
          hint: "Write one merge key with a list: <<: [*a, *b].",
        });
      for (const map of value.kind === "seq" ? value.items : [value])
        if (map.kind === "map") merged.push(...map.entries);
      continue;
    }
    if (seen.has(key.value))
      context.problems.push({
        at: key.at,
        message: `Mapping key "${key.value}" already defined: Compose refuses the file.`,
        hint: "Remove one of the two.",
        refused: true,
      });
    seen.set(key.value, entry);
    own.push(entry);
  }
  for (const entry of merged) {
    if (seen.has(entry.key.value)) continue;
    seen.set(entry.key.value, entry);
    own.push(entry);
  }
  return own;
}

function plainNull(at: Location): YamlScalar {
  return {
    kind: "scalar",
    value: null,
    at,
    style: "plain",
    text: "",
    fragment: mappedFragment(at.file, "", [at.span.start]),
  };
}

function nullAt(context: Context, node: Node): YamlScalar {
  return plainNull(placeOf(context.source, node));
}

function endOf(at: Location): Location {
  return { file: at.file, span: { start: at.span.end, end: at.span.end } };
}

function placeOf(source: Source, node: Node): Location {
  const [start, end] = node.range ?? [0, 0];
  let last = end;
  while (last > start && isSpace(source.text.charCodeAt(last - 1))) last--;
  return locate(source, start, last);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

const styles: Record<string, YamlScalar["style"]> = {
  QUOTE_SINGLE: "single",
  QUOTE_DOUBLE: "double",
  BLOCK_LITERAL: "literal",
  BLOCK_FOLDED: "folded",
};

function scalarOf(
  source: Source,
  node: { value: unknown; type?: string; source?: string; range?: [number, number, number] },
  at: Location,
  tag: { tag?: string },
): YamlScalar {
  const style = styles[node.type ?? ""] ?? "plain";
  const raw = node.value;
  const value =
    raw === null || typeof raw === "string" || typeof raw === "number" || typeof raw === "boolean"
      ? raw
      : String(node.source ?? raw);
  // Compose hands a plain 3.10 on as 3.1 and 0440 as 288: the value, not the spelling.
  const text = value === null ? "" : String(value);
  let fragment: Fragment | undefined;
  return {
    kind: "scalar",
    value,
    at,
    style,
    text,
    ...tag,
    get fragment() {
      fragment ??= alignedFragment(source, at, style, text);
      return fragment;
    },
  };
}

/** The node at a path of keys and indices. */
export function child(
  node: YamlNode | undefined,
  ...path: readonly (string | number)[]
): YamlNode | undefined {
  let current = node;
  for (const step of path) {
    if (current?.kind === "map") current = pairOf(current, String(step))?.value;
    else if (current?.kind === "seq" && typeof step === "number") current = current.items[step];
    else return undefined;
  }
  return current;
}

export function pairOf(node: YamlNode | undefined, key: string): YamlPair | undefined {
  return node?.kind === "map" ? node.entries.find(entry => entry.key.value === key) : undefined;
}

/** The pairs of a map; none for anything else. */
export function entriesOf(node: YamlNode | undefined): readonly YamlPair[] {
  return node?.kind === "map" ? node.entries : [];
}

/** The items of a sequence; none for anything else. */
export function itemsOf(node: YamlNode | undefined): readonly YamlNode[] {
  return node?.kind === "seq" ? node.items : [];
}

/** A scalar as text; undefined for null, maps and sequences. */
export function textOf(node: YamlNode | undefined): Located<string> | undefined {
  if (node?.kind !== "scalar" || node.value === null) return undefined;
  return { value: node.text, at: node.at };
}
