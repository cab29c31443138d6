import type { Edit } from "../core/fix.ts";
import type { Source } from "../core/source.ts";
import { pairOf } from "../formats/yaml.ts";
import { addPair, rootOf } from "../formats/yaml-edit.ts";

/**
 * Adds services at the end of a Compose file's `services`, a blank line before each. `services` are lines without
 * indentation, `name:` or a comment first. Undefined where the file has no block mapping to add to.
 */
export function addServices(
  source: Source,
  services: readonly (readonly string[])[],
): readonly Edit[] | undefined {
  const map = pairOf(rootOf(source), "services")?.value;
  if (map?.kind !== "map") return undefined;
  const edit = addPair(
    source,
    map,
    services.flatMap(lines => ["", ...lines]),
  );
  return edit && [edit];
}

/** Declares names at the top level that are not declared yet: `volumes` and `networks` with default settings. */
export function declareNames(
  source: Source,
  key: "volumes" | "networks",
  names: readonly string[],
): readonly Edit[] | undefined {
  const root = rootOf(source);
  if (root?.kind !== "map" || root.flow) return undefined;
  const map = pairOf(root, key)?.value;
  const missing = names.filter(name => !pairOf(map, name));
  if (missing.length === 0) return [];
  if (map !== undefined) {
    if (map.kind !== "map") return undefined;
    const edit = addPair(
      source,
      map,
      missing.map(name => `${name}:`),
    );
    return edit && [edit];
  }
  return [
    declareLines(
      source,
      key,
      missing.map(name => `${name}:`),
    ),
  ];
}

/** A new key at the end of the file, with `lines` below it. */
export function declareLines(source: Source, key: string, lines: readonly string[]): Edit {
  const end = source.text.length;
  const eol = source.text.includes("\r\n") ? "\r\n" : "\n";
  const all = ["", `${key}:`, ...lines.map(line => `  ${line}`), ""];
  const text = (/\n$/.test(source.text) ? "" : eol) + all.join(eol);
  return { at: { file: source.path, span: { start: end, end } }, text };
}
