import { type Location, locate, type Source } from "../core/source.ts";
import { parseYaml, textOf, type YamlNode } from "../formats/yaml.ts";

/** One value of a settings file that a framework reads by itself: appsettings.json, application.yml, config/*.json. */
export interface Setting {
  /** The keys on the way, the last one names the value: `["Jwt", "SigningKey"]`. */
  readonly path: readonly string[];
  /** As written, placeholders included. */
  readonly value: string;
  readonly at: Location;
}

const settings =
  /(?:^|\/)(?:appsettings(?:\.\w+)?\.json|src\/main\/resources\/application(?:-\w+)?\.(?:ya?ml|properties)|config\/(?:default|production)\.json5?)$/;

/** Files that .NET, Spring and node-config read without being told. */
export function settingsFiles(paths: readonly string[]): string[] {
  return paths.filter(path => settings.test(path));
}

/** Every text value of a JSON, YAML or properties file. Comments are skipped; what cannot be read gives nothing. */
export function settingsIn(source: Source): readonly Setting[] {
  return /\.properties$/i.test(source.path) ? propertiesIn(source) : treeIn(source);
}

const line = /^[ \t]*([\w.[\]-]+)[ \t]*[=:][ \t]*(.*?)[ \t]*$/gm;

function propertiesIn(source: Source): Setting[] {
  return [...source.text.matchAll(line)].flatMap(match => {
    const [, key = "", value = ""] = match;
    if (value === "") return [];
    const end = match.index + match[0].trimEnd().length;
    return [{ path: key.split("."), value, at: locate(source, end - value.length, end) }];
  });
}

/** JSON is YAML as well, once the comments that .NET and others allow are blanks. */
function treeIn(source: Source): Setting[] {
  const text = /\.json5?$/i.test(source.path)
    ? source.text.replace(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|\t/g, found =>
        found.startsWith('"') ? found : found.replace(/[^\n]/g, " "),
      )
    : source.text;
  const found: Setting[] = [];
  for (const document of parseYaml({ path: source.path, text }).model) walk(document.root, [], found);
  return found;
}

function walk(node: YamlNode | undefined, path: readonly string[], into: Setting[]): void {
  if (node?.kind === "map") {
    // `spring.datasource.password` is written with dots as often as in levels, and `Jwt:Key` with colons in .NET.
    for (const { key, value } of node.entries) walk(value, [...path, ...key.value.split(/[.:]/)], into);
    return;
  }
  const text = node?.kind === "scalar" ? textOf(node) : undefined;
  if (text && path.length > 0) into.push({ path, value: text.value, at: text.at });
}
