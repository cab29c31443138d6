import type { ComposeFile } from "../../artifacts/compose.ts";
import { plainFragment } from "../../core/fragment.ts";
import { dirname, join } from "../../core/path.ts";
import type { Problem } from "../../core/problem.ts";
import type { Location } from "../../core/source.ts";
import {
  child,
  entriesOf,
  itemsOf,
  pairOf,
  textOf,
  type YamlMap,
  type YamlNode,
  type YamlPair,
} from "../../formats/yaml.ts";
import { interpolate, type Lookup } from "./interpolate.ts";
import { mergeSections, mergeServices, withoutResets } from "./merge.ts";

/** Gives a parsed Compose file, or undefined when no such file is in the tree. */
export type ReadCompose = (path: string) => ComposeFile | undefined;

export interface MergedService {
  readonly name: string;
  readonly at: Location;
  readonly node: YamlMap;
}

/** A Compose project after `include`, `extends` and overlays, before interpolation. */
export interface MergedProject {
  readonly services: readonly MergedService[];
  readonly sections: ReadonlyMap<string, YamlMap>;
  /** Sections that no file gives anything: Compose refuses those. */
  readonly emptySections: ReadonlyMap<string, YamlPair>;
  readonly name?: YamlNode;
  /** Every file that took part, in the order of first use. */
  readonly files: readonly string[];
  /** Directory that relative paths written in a file resolve against. */
  baseOf(file: string): string;
  readonly problems: readonly Problem[];
}

const sectionNames = ["volumes", "networks", "secrets", "configs"];
const maxDepth = 30;

/**
 * Loads and merges Compose files as `docker compose -f A -f B` does. What is absent or circular becomes a problem
 * at the place that asks for it, and the rest is still loaded.
 */
export function mergeProject(
  files: readonly string[],
  read: ReadCompose,
  lookup: Lookup,
  directory?: string,
): MergedProject {
  const state: State = { read, lookup, problems: [], bases: new Map(), files: [] };
  const project = loadFiles(state, files, directory ?? dirname(files[0] ?? ""), []);
  return {
    ...project,
    files: state.files,
    baseOf: file => state.bases.get(file) ?? dirname(file),
    problems: state.problems,
  };
}

interface State {
  readonly read: ReadCompose;
  readonly lookup: Lookup;
  readonly problems: Problem[];
  readonly bases: Map<string, string>;
  readonly files: string[];
}

interface Loaded {
  services: MergedService[];
  sections: Map<string, YamlMap>;
  emptySections: Map<string, YamlPair>;
  name?: YamlNode;
}

function loadFiles(state: State, files: readonly string[], base: string, chain: readonly string[]): Loaded {
  const result: Loaded = { services: [], sections: new Map(), emptySections: new Map() };
  for (const path of files) {
    const file = state.read(path);
    if (!file) continue;
    state.bases.set(path, base);
    if (!state.files.includes(path)) state.files.push(path);
    for (const root of file.roots) {
      for (const entry of itemsOf(child(root, "include"))) include(state, result, entry, path, chain);
      mergeRoot(state, result, root, path);
    }
  }
  return result;
}

function mergeRoot(state: State, result: Loaded, root: YamlMap, path: string): void {
  const name = child(root, "name");
  if (name) result.name = name;
  for (const entry of entriesOf(child(root, "services"))) {
    // `!reset` takes away what an earlier file defined, with whatever value it is written.
    if (entry.value.tag === "!reset") {
      result.services = result.services.filter(service => service.name !== entry.key.value);
      continue;
    }
    if (entry.value.kind !== "map") {
      if (
        entry.value.kind !== "scalar" ||
        entry.value.value !== null ||
        !result.services.some(s => s.name === entry.key.value)
      ) {
        state.problems.push({
          at: entry.key.at,
          message: `Service "${entry.key.value}" must be a mapping: Compose refuses the file.`,
          refused: true,
        });
      }
      continue;
    }
    const own = resolveExtends(state, entry.value, path, [`${path}#${entry.key.value}`]);
    const index = result.services.findIndex(service => service.name === entry.key.value);
    if (index === -1)
      result.services.push({ name: entry.key.value, at: entry.key.at, node: withoutResets(own) });
    else {
      const node = mergeServices(result.services[index]!.node, own);
      if (node?.kind === "map")
        result.services[index] = { name: entry.key.value, at: result.services[index]!.at, node };
    }
  }
  for (const section of sectionNames) {
    const pair = pairOf(root, section);
    const node = pair?.value;
    if (pair && node?.kind === "scalar" && node.value === null && !result.sections.has(section))
      result.emptySections.set(section, pair);
    if (node?.kind !== "map") continue;
    result.emptySections.delete(section);
    const merged = mergeSections(result.sections.get(section), node);
    if (merged?.kind === "map") result.sections.set(section, merged);
  }
}

function include(
  state: State,
  result: Loaded,
  entry: YamlNode,
  path: string,
  chain: readonly string[],
): void {
  const list = entry.kind === "map" ? child(entry, "path") : entry;
  const nodes = list?.kind === "seq" ? list.items : list ? [list] : [];
  const files: string[] = [];
  for (const node of nodes) {
    const target = resolvePath(state, node, state.bases.get(path) ?? dirname(path));
    if (target === undefined) continue;
    if (chain.includes(target) || target === path) {
      state.problems.push({
        at: node.at,
        message: `\`include\` goes round in a circle: ${[...chain, path, target].join(" -> ")}.`,
      });
    } else if (!state.read(target)) {
      state.problems.push({
        at: node.at,
        message: `The included file ${target} does not exist: Compose refuses the project.`,
        hint: "Add the file or remove the include.",
      });
    } else files.push(target);
  }
  if (files.length === 0 || chain.length > maxDepth) return;
  const directory = entry.kind === "map" ? child(entry, "project_directory") : undefined;
  const base = (directory && resolvePath(state, directory, dirname(path))) ?? dirname(files[0]!);
  const loaded = loadFiles(state, files, base, [...chain, path]);
  for (const service of loaded.services)
    if (!result.services.some(s => s.name === service.name)) result.services.push(service);
  for (const [section, node] of loaded.sections) {
    const merged = mergeSections(result.sections.get(section), node);
    if (merged?.kind === "map") result.sections.set(section, merged);
  }
}

function resolvePath(state: State, node: YamlNode, base: string): string | undefined {
  const text = textOf(node);
  if (!text) return undefined;
  const value = interpolate(
    plainFragment(text.at.file, text.value, text.at.span.start),
    text.at,
    state.lookup,
  ).text;
  if (value === undefined || /^[a-z+]+:\/\//.test(value) || value.startsWith("oci:")) return undefined;
  return join(base, value);
}

/** The service with what it extends merged below it. `chain` holds `file#service` of everything on the way. */
function resolveExtends(state: State, node: YamlMap, path: string, chain: readonly string[]): YamlMap {
  const pair = pairOf(node, "extends");
  if (!pair) return node;
  const wanted = pair.value.kind === "map" ? textOf(child(pair.value, "service")) : textOf(pair.value);
  const fileNode = child(pair.value, "file");
  const file = fileNode ? resolvePath(state, fileNode, dirname(path)) : path;
  const own: YamlMap = { ...node, entries: node.entries.filter(entry => entry.key.value !== "extends") };
  if (!wanted || file === undefined) return own;
  const key = `${file}#${wanted.value}`;
  const from = file === path ? "this file" : file;
  const loaded = state.read(file);
  if (!loaded) {
    state.problems.push({
      at: fileNode!.at,
      message: `\`extends\` names ${file}, which does not exist: Compose refuses the project.`,
    });
    // What that file brings is not known: the key stays, for who asks whether all is seen.
    return node;
  }
  if (chain.includes(key) || chain.length > maxDepth) {
    state.problems.push({
      at: pair.value.at,
      message: `\`extends\` goes round in a circle: ${[...chain, key].join(" -> ")}.`,
    });
    return own;
  }
  const target = loaded.roots
    .map(root => child(root, "services", wanted.value))
    .find(found => found?.kind === "map");
  if (target?.kind !== "map") {
    state.problems.push({
      at: wanted.at,
      message: `\`extends\` names service "${wanted.value}", which ${from} does not define: Compose refuses the project.`,
    });
    return own;
  }
  if (file !== path && !state.bases.has(file)) state.bases.set(file, dirname(file));
  if (!state.files.includes(file)) state.files.push(file);
  const merged = mergeServices(resolveExtends(state, target, file, [...chain, key]), own);
  return merged?.kind === "map" ? merged : own;
}
