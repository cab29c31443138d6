import type { ComposeFile } from "../artifacts/compose.ts";
import { child, entriesOf, textOf, type YamlNode } from "../formats/yaml.ts";
import { isEdge } from "./project-habits.ts";

/** Networks that hold several Compose projects of one server together. */

/** Answers on port 443, and makes a network by a name of its own that the other files take as it is there. */
export function isDoorTo(
  own: readonly ComposeFile[],
  others: readonly string[],
  byPath: ReadonlyMap<string, ComposeFile>,
): boolean {
  if (!isEdge(own)) return false;
  const made = new Set(
    networksOf(own).flatMap(({ value }) => (isExternal(value) ? [] : (nameIn(value) ?? []))),
  );
  return networksOf(others.flatMap(path => byPath.get(path) ?? [])).some(
    ({ key, value }) => isExternal(value) && made.has(nameIn(value) ?? key.value),
  );
}

/** Networks by names of their own, all of them called after development: `harbour-dev`. */
export function networkOfWork(files: readonly ComposeFile[]): string | undefined {
  const names = networksOf(files).map(({ value }) => nameIn(value) ?? "");
  return names.every(name => /(?:^|[._-])(?:dev|development|local)$/i.test(name)) ? names[0] : undefined;
}

function networksOf(files: readonly ComposeFile[]) {
  return files.flatMap(file => file.roots.flatMap(root => entriesOf(child(root, "networks"))));
}

function isExternal(network: YamlNode): boolean {
  const external = child(network, "external");
  return external !== undefined && textOf(external)?.value !== "false";
}

function nameIn(network: YamlNode): string | undefined {
  return textOf(child(network, "name"))?.value ?? textOf(child(network, "external", "name"))?.value;
}
