import { itemsOf, pairOf, textOf, type YamlMap, type YamlNode, type YamlPair } from "../formats/yaml.ts";

/** How GitLab puts one pipeline together from several mappings: includes, `extends`, `!reference`. */

/** GitLab refuses deeper chains of `extends` and of nested script lists. */
const deepest = 11;

/** Mappings are merged key by key, anything else is replaced. */
export function merged(base: YamlMap, over: YamlMap): YamlMap {
  const entries = new Map(base.entries.map(pair => [pair.key.value, pair]));
  for (const pair of over.entries) {
    const before = entries.get(pair.key.value);
    const both = before?.value.kind === "map" && pair.value.kind === "map";
    entries.set(
      pair.key.value,
      both ? { ...pair, value: merged(before.value as YamlMap, pair.value as YamlMap) } : pair,
    );
  }
  return { ...over, entries: [...entries.values()] };
}

/**
 * A job with all that it extends. Undefined when a parent stands in no file that was read: what the job
 * does is not known then.
 */
export function extended(job: YamlPair, root: YamlMap, depth = 0): YamlMap | undefined {
  if (job.value.kind !== "map" || depth > deepest) return undefined;
  const parents = pairOf(job.value, "extends")?.value;
  if (!parents) return job.value;
  let result: YamlMap | undefined;
  for (const parent of parents.kind === "seq" ? parents.items : [parents]) {
    const name = textOf(parent)?.value;
    const pair = name === undefined ? undefined : pairOf(root, name);
    const whole = pair && extended(pair, root, depth + 1);
    if (!whole) return undefined;
    result = result ? merged(result, whole) : whole;
  }
  return result ? merged(result, job.value) : job.value;
}

/** What `!reference [job, key...]` stands for; the node itself when it is none, undefined when it leads nowhere. */
export function dereferenced(node: YamlNode | undefined, root: YamlMap, depth = 0): YamlNode | undefined {
  if (node?.kind !== "seq" || node.tag !== "!reference") return node;
  if (depth > deepest) return undefined;
  let current: YamlNode | undefined = root;
  for (const item of node.items) {
    const name = textOf(item)?.value;
    if (name === undefined) return undefined;
    current = dereferenced(pairOf(current, name)?.value, root, depth + 1);
  }
  return current;
}

/** A list in which lists are spread: a line or lines, anchors and references among them. */
export function spread(
  node: YamlNode | undefined,
  root: YamlMap,
  depth = 0,
): readonly YamlNode[] | undefined {
  if (!node) return [];
  if (depth > deepest) return undefined;
  const real = dereferenced(node, root);
  if (!real) return undefined;
  if (real.kind !== "seq") return [real];
  const items: YamlNode[] = [];
  for (const item of itemsOf(real)) {
    const inner = item.kind === "seq" ? spread(item, root, depth + 1) : [item];
    if (!inner) return undefined;
    items.push(...inner);
  }
  return items;
}
