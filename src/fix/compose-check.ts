import { dirname, isOutside, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { child, entriesOf, itemsOf, parseYaml, type YamlMap, type YamlNode } from "../formats/yaml.ts";
import type { ComposeProject, Stack } from "../stack/stack.ts";

/** All that `docker compose config` needs to judge one project, and nothing else of the tree. */
export interface ComposeCheck {
  readonly about: string;
  readonly directory: string;
  /** In the order of `-f`. */
  readonly files: readonly string[];
  readonly texts: ReadonlyMap<string, string>;
  /** Env files that only the server has: there they are empty. */
  readonly absent: readonly string[];
  /** An env file: placeholders, then what the project's own .env says. */
  readonly variables: string;
}

/** Undefined where a project names files outside the tree, or elsewhere in the world: those are not fetched. */
export function composeCheck(stack: Stack, project: ComposeProject): ComposeCheck | undefined {
  const texts = new Map<string, string>();
  const absent: string[] = [];
  const named = new Set<string>();
  const names = new Set<string>();
  const sources = new Set<string>();
  for (const file of project.files) {
    const source = sourceOf(stack, file);
    if (!source) return undefined;
    texts.set(file, source.text);
    for (const [, name] of source.text.matchAll(/\$\{?([A-Za-z_]\w*)/g)) names.add(name!);
    for (const [, name] of source.text.matchAll(mountSource)) sources.add(name!);
    for (const { path, isEnv } of referencesOf(parseYaml(source).model[0]?.root)) {
      const resolved = join(dirname(file), path);
      if (/[$\0]|:\/\/|^git@|^github\.com/.test(path) || isOutside(resolved) || path.startsWith("/"))
        return undefined;
      if (!isEnv) named.add(resolved);
      else if (stack.files.has(resolved) === undefined) absent.push(resolved);
      else {
        const found = stack.files.read(resolved);
        if (!("source" in found)) return undefined;
        texts.set(resolved, found.source.text);
      }
    }
  }
  if ([...named].some(file => !texts.has(file))) return undefined;
  const own =
    stack.files.has(join(project.directory, ".env")) === "file" &&
    stack.files.read(join(project.directory, ".env"));
  return {
    about: `project ${project.files.join(" + ")}`,
    directory: project.directory,
    files: project.files.filter((file, index) => index === 0 || !named.has(file)),
    ...{ texts, absent },
    variables:
      [...names]
        .sort()
        .map(name => `${name}=${sources.has(name) ? "./8080" : placeholder(name)}\n`)
        .join("") + (own && "source" in own ? own.source.text : ""),
  };
}

/** A variable at the beginning of what is mounted: a plain word there is a volume, which the file would have to define. */
const mountSource =
  /^[ \t]*(?:-[ \t]*["']?|source:[ \t]*["']?)\$\{?([A-Za-z_]\w*)(?:(?::?[-?+])[^}\n]*)?\}?[\w./-]*:?(?=\/|["']?[ \t]*$)/gm;

/** A value that passes for a number, a port, a size and a word. */
function placeholder(name: string): string {
  return /(?:^|_)(?:IP|ADDR|ADDRESS|BIND)$/.test(name) ? "127.0.0.1" : "8080";
}

interface FileReference {
  readonly path: string;
  readonly isEnv: boolean;
}

/** Files that Compose opens when it reads this one. */
function referencesOf(root: YamlNode | undefined): FileReference[] {
  if (root?.kind !== "map") return [];
  const found: FileReference[] = [];
  const add = (node: YamlNode | undefined, isEnv: boolean): void => {
    for (const item of node?.kind === "seq" ? itemsOf(node) : node ? [node] : []) {
      const path = item.kind === "map" ? child(item, "path") : item;
      if (item.kind === "map" && path?.kind === "seq") add(path, isEnv);
      else if (path?.kind === "scalar") found.push({ path: path.text, isEnv });
      if (item.kind === "map") add(child(item, "env_file"), true);
    }
  };
  add(child(root, "include"), false);
  for (const service of mapsIn(child(root, "services"))) {
    const base = child(service, "extends");
    if (base?.kind === "map") add(child(base, "file"), false);
    add(child(service, "env_file"), true);
    add(child(service, "label_file"), true);
  }
  return found;
}

function mapsIn(node: YamlNode | undefined): YamlMap[] {
  return entriesOf(node).flatMap(({ value }) => (value.kind === "map" ? [value] : []));
}
