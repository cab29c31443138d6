import type { Edit } from "../core/fix.ts";
import { pairOf, type YamlPair } from "../formats/yaml.ts";
import { addPair, addPath, isShared } from "../formats/yaml-edit.ts";
import type { Service, Stack } from "../stack/stack.ts";

/** What stands at the head of a service: further keys follow it. */
const head = ["image", "build", "container_name"];

/**
 * Adds a key that the service does not have, in the file where the service is written. The first line is `key: value`
 * or `key:`, further ones are relative to it. Undefined where others would get it too, and where no line can be added.
 */
export function addToService(
  stack: Pick<Stack, "sources">,
  service: Service,
  lines: readonly string[],
  after: readonly string[] = head,
): Edit | undefined {
  const source = stack.sources.get(service.at.file);
  const key = /^[\w-]+/.exec(lines[0] ?? "")?.[0];
  if (!source || key === undefined || pairOf(service.node, key) || isShared(source, service.node))
    return undefined;
  return addPair(source, service.node, lines, after);
}

/** Adds a scalar at a path below a service: `["deploy", "resources", "limits", "memory"]`. */
export function addBelowService(
  stack: Pick<Stack, "sources">,
  service: Service,
  path: readonly string[],
  value: string,
): Edit | undefined {
  const source = stack.sources.get(service.at.file);
  if (!source || isShared(source, service.node)) return undefined;
  return addPath(source, service.node, path, value);
}

/** A key that is written in the service itself: not by a merge key, not in another file, not for others as well. */
export function ownPair(stack: Pick<Stack, "sources">, service: Service, key: string): YamlPair | undefined {
  const source = stack.sources.get(service.at.file);
  const pair = pairOf(service.node, key);
  if (!source || !pair || isShared(source, service.node) || isShared(source, pair.value)) return undefined;
  const inside = [pair.at, pair.value.at].every(
    at =>
      at.file === service.node.at.file &&
      at.span.start >= service.node.at.span.start &&
      at.span.end <= service.node.at.span.end,
  );
  return inside ? pair : undefined;
}
