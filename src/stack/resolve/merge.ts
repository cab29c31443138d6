import type { Located } from "../../core/source.ts";
import {
  entriesOf,
  itemsOf,
  textOf,
  type YamlMap,
  type YamlNode,
  type YamlPair,
  type YamlSeq,
} from "../../formats/yaml.ts";

/** Sequences that a later file replaces instead of extending. Path below the service. */
const replaced = new Set(["command", "entrypoint", "healthcheck.test"]);
/** Written as a list of `KEY=value` or as a map; merged by key. */
const keyed = new Set([
  "environment",
  "labels",
  "build.args",
  "build.labels",
  "extra_hosts",
  "sysctls",
  "annotations",
  "deploy.labels",
  "build.extra_hosts",
]);
/** Written as a list of names or as a map by name. */
const named = new Set(["depends_on", "networks"]);
/** Lists whose entries a later file overrides by what they mount or publish. */
const unique = new Set([
  "ports",
  "volumes",
  "secrets",
  "configs",
  "devices",
  "tmpfs",
  "expose",
  "env_file",
  "build.secrets",
]);

/**
 * Merges two Compose services, the second over the first, by the rules of the Compose specification ("Merge"):
 * maps by key, most lists appended, commands replaced, ports and mounts unique by target, `!reset` and `!override`.
 */
export function mergeServices(base: YamlNode | undefined, over: YamlNode | undefined): YamlNode | undefined {
  return mergeAt(base, over, "");
}

/** Merges top-level sections (volumes, networks, secrets, configs), map by map. */
export function mergeSections(base: YamlNode | undefined, over: YamlNode | undefined): YamlNode | undefined {
  return mergeAt(base, over, "*");
}

function mergeAt(base: YamlNode | undefined, over: YamlNode | undefined, path: string): YamlNode | undefined {
  if (over?.tag === "!reset") return undefined;
  if (!base || !over || over.tag === "!override") return over ?? base;
  const left = normalise(base, path);
  const right = normalise(over, path);
  if (right.kind === "scalar" && right.value === null) return left;
  if (left.kind === "map" && right.kind === "map") return mergeMaps(left, right, path);
  if (left.kind === "seq" && right.kind === "seq" && !replaced.has(path))
    return mergeLists(left, right, path);
  return right;
}

function mergeMaps(left: YamlMap, right: YamlMap, path: string): YamlMap {
  if (path === "logging" && differs(left, right, "driver")) return right;
  const entries: YamlPair[] = [];
  for (const entry of left.entries) {
    const other = right.entries.find(candidate => candidate.key.value === entry.key.value);
    if (!other) {
      entries.push(entry);
      continue;
    }
    const value = mergeAt(entry.value, other.value, below(path, entry.key.value));
    if (!value) continue;
    entries.push(
      value === entry.value
        ? entry
        : {
            key: value === other.value ? other.key : entry.key,
            value,
            at: value === other.value ? other.at : entry.at,
          },
    );
  }
  for (const entry of right.entries) {
    if (left.entries.some(candidate => candidate.key.value === entry.key.value)) continue;
    if (entry.value.tag !== "!reset") entries.push(entry);
  }
  return { ...left, entries };
}

/** Without what only takes away: alone, or as the first file, it takes nothing. */
export function withoutResets(node: YamlMap): YamlMap {
  const entries = node.entries.flatMap(entry => {
    if (entry.value.tag === "!reset") return [];
    const value = entry.value.kind === "map" ? withoutResets(entry.value) : entry.value;
    return [value === entry.value ? entry : { ...entry, value }];
  });
  const same =
    entries.length === node.entries.length && entries.every((entry, i) => entry === node.entries[i]);
  return same ? node : { ...node, entries };
}

function below(path: string, key: string): string {
  if (path === "*") return "*";
  return path ? `${path}.${key}` : key;
}

function differs(left: YamlMap, right: YamlMap, key: string): boolean {
  const of = (map: YamlMap): string | undefined =>
    textOf(map.entries.find(entry => entry.key.value === key)?.value)?.value;
  return of(left) !== undefined && of(right) !== undefined && of(left) !== of(right);
}

function mergeLists(left: YamlSeq, right: YamlSeq, path: string): YamlSeq {
  if (!unique.has(path)) return { ...left, items: [...left.items, ...right.items] };
  const keyOf = (item: YamlNode): string => uniqueKey(item, path);
  const taken = new Map(right.items.map(item => [keyOf(item), item]));
  const items = left.items.map(item => {
    const over = taken.get(keyOf(item));
    if (!over) return item;
    taken.delete(keyOf(item));
    return over;
  });
  return { ...left, items: [...items, ...right.items.filter(item => taken.has(keyOf(item)))] };
}

function uniqueKey(item: YamlNode, path: string): string {
  if (item.kind === "map") {
    const field = (name: string): string =>
      textOf(item.entries.find(e => e.key.value === name)?.value)?.value ?? "";
    if (path === "ports")
      return [field("host_ip"), field("published"), field("target"), field("protocol") || "tcp"].join("|");
    if (path === "env_file") return field("path");
    return field("target") || field("source");
  }
  const text = textOf(item)?.value ?? "";
  if (path === "volumes") return mountTarget(text);
  return text;
}

/** The target of a short-form mount: `[SOURCE:]TARGET[:MODE]`, with `${X:-y}` kept whole. */
export function mountTarget(text: string): string {
  const parts = splitColons(text);
  return (parts.length > 1 ? parts[1]! : (parts[0] ?? "")).replace(/\/+$/, "");
}

/** Splits at colons outside `${...}`. */
export function splitColons(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === "$" && text[i + 1] === "{") depth++;
    else if (c === "}" && depth > 0) depth--;
    else if (c === ":" && depth === 0 && !isDrive(text, start, i)) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** `C:/shop:/data`: the first colon belongs to a path of Windows; `c:/data` is a volume of that name. */
function isDrive(text: string, start: number, colon: number): boolean {
  return start === 0 && colon === 1 && /^[A-Za-z]:[/\\][^:]*:[/$]/.test(text);
}

/** Brings the two spellings of a list-or-map key to a map, and a one-word `build` or `extends` to its map form. */
function normalise(node: YamlNode, path: string): YamlNode {
  if (path === "build" && node.kind === "scalar") return mapOf(node, [["context", textOf(node), node]]);
  if (keyed.has(path) && node.kind === "seq") return mapOf(node, node.items.map(keyValue));
  if (named.has(path) && node.kind === "seq") {
    return mapOf(
      node,
      itemsOf(node).map(item => [textOf(item)?.value ?? "", textOf(item), emptyMap(item)] as const),
    );
  }
  if (path === "env_file" && node.kind === "scalar")
    return { kind: "seq", items: [node], at: node.at, flow: false };
  return node;
}

type Keyed = readonly [string, Located<string> | undefined, YamlNode];

function keyValue(item: YamlNode): Keyed {
  const text = textOf(item);
  const equals = text?.value.indexOf("=") ?? -1;
  const key = text ? (equals === -1 ? text.value : text.value.slice(0, equals)) : "";
  // The item itself stays the value: environment readers split it, so that its place is kept.
  return [key, text ? { value: key, at: item.at } : undefined, item];
}

function mapOf(node: YamlNode, pairs: readonly Keyed[]): YamlMap {
  const entries = pairs
    .filter(([key]) => key !== "")
    .map(([key, place, value]) => ({ key: { value: key, at: place?.at ?? value.at }, value, at: value.at }));
  return { kind: "map", entries, at: node.at, flow: true };
}

function emptyMap(node: YamlNode): YamlMap {
  return { kind: "map", entries: [], at: node.at, flow: true };
}

/** True when a normalised pair came from a `KEY=value` item. */
export function isListItem(pair: YamlPair): boolean {
  return (
    pair.value.kind === "scalar" &&
    pair.value.at.span.start === pair.key.at.span.start &&
    pair.value.at.span.end === pair.key.at.span.end
  );
}

/** Pairs of a list-or-map node in either spelling. */
export function keyedPairs(node: YamlNode | undefined): readonly YamlPair[] {
  if (!node) return [];
  if (node.kind === "seq") return entriesOf(mapOf(node, node.items.map(keyValue)));
  return entriesOf(node);
}
