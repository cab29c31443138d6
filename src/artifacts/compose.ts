import type { ArtifactKind, Parsed } from "../core/artifact.ts";
import type { Problem } from "../core/problem.ts";
import { locate, type Source } from "../core/source.ts";
import { child, entriesOf, parseYaml, type YamlMap, type YamlNode } from "../formats/yaml.ts";

/** One Compose file as written, before merging and interpolation. */
export interface ComposeFile {
  readonly file: string;
  /** The documents of the file, in order; Compose merges them. */
  readonly roots: readonly YamlMap[];
  /** It has a `services`, `include`, `volumes` or `networks` section, so it can be part of a project. */
  readonly isCompose: boolean;
}

const names =
  /(^|\/)(?:(?:docker-)?compose(?:[._-][\w.-]+)?|[\w.-]+[._-](?:docker-)?compose|docker-stack(?:[._-][\w.-]+)?)\.ya?ml$/i;

/** Names that cookiecutters use for Compose files; many other things are called so too, and the content decides. */
const maybe = /(^|\/)(local|production|prod|development|dev|staging|stack|swarm|base|common)\.ya?ml$/i;
const elsewhere =
  /(^|\/)(\.github|\.gitlab|templates|charts?|helm|k8s|kubernetes|manifests|locales?|i18n|config|ansible|group_vars|host_vars|environments|settings)\//i;

export const composeFile: ArtifactKind<ComposeFile> = {
  kind: "compose",
  recognises: path => names.test(path) || (maybe.test(path) && !elsewhere.test(path)),
  parse: source => parse(source, names.test(source.path)),
};

/** The same for a file that a command or another file names: it is one, whatever it is called. */
const namedFile: ArtifactKind<ComposeFile> = {
  kind: "compose-by-name",
  recognises: () => false,
  parse: source => parse(source, true),
};

/** How to read a file that is known to be a Compose file. */
export function composeKind(path: string): ArtifactKind<ComposeFile> {
  return names.test(path) ? composeFile : namedFile;
}

function parse(source: Source, named: boolean): Parsed<ComposeFile> {
  if (!named && !/^(services|include):/m.test(source.text))
    return { model: { file: source.path, roots: [], isCompose: false }, problems: [] };
  const { model, problems } = parseYaml(source);
  const roots = model.map(document => document.root).filter((root): root is YamlMap => root?.kind === "map");
  const all: Problem[] = [...problems];
  const services = roots.map(root => child(root, "services")).find(node => node !== undefined);
  if (services && services.kind !== "map" && !isNull(services)) {
    all.push({
      at: services.at,
      message: "`services` must be a mapping of service names: Compose refuses the file.",
      refused: true,
    });
  }
  const first = model[0]?.root;
  if (first && first.kind !== "map")
    all.push({
      at: locate(source, 0, 0),
      message: "The top level must be a mapping: this is not a Compose file.",
    });
  const isCompose = roots.some(root =>
    named
      ? root.entries.some(e => sections.has(e.key.value) && e.value.kind !== "scalar")
      : runsContainers(root),
  );
  if (!named && !isCompose) return { model: { file: source.path, roots, isCompose }, problems: [] };
  return { model: { file: source.path, roots, isCompose }, problems: all };
}

const sections = new Set(["services", "include", "volumes", "networks"]);

/** Every entry of `services` is a mapping, and some have an image or a build. */
function runsContainers(root: YamlMap): boolean {
  const services = entriesOf(child(root, "services"));
  return (
    services.every(entry => entry.value.kind === "map") &&
    services.some(entry => child(entry.value, "image") ?? child(entry.value, "build"))
  );
}

function isNull(node: YamlNode): boolean {
  return node.kind === "scalar" && node.value === null;
}
