import type { Edit } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { addPair, replaceNode } from "../formats/yaml-edit.ts";
import type { Service, Stack } from "../stack/stack.ts";

/** A loop beside nginx, which stays the process that signals reach. Only for images with the official entry point. */
export function reloadLoop(stack: Stack, service: Service): Edit | undefined {
  const tag = service.imageRef?.tag ?? "";
  if (service.facts?.family !== "nginx" || service.entrypoint || /^1\.(?:\d|1[0-8])(?:\.|-|$)/.test(tag))
    return undefined;
  const start =
    "while sleep 6h; do nginx -s reload; done & exec /docker-entrypoint.sh nginx -g 'daemon off;'";
  const text = `["/bin/sh", "-c", "${start}"]`;
  const source = sourceOf(stack, service.at.file);
  const node = service.get("command");
  if (!node)
    return source && addPair(source, service.node, [`command: ${text}`], ["image", "container_name"]);
  const isPlain = /^nginx -g ["']?daemon off;["']?$/.test(service.command?.text.trim() ?? "");
  return isPlain && node.at.file === service.at.file ? replaceNode(node, text) : undefined;
}
