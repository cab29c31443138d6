import { basename } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { isPlaceholder } from "../formats/secret.ts";
import type { Stack } from "./stack.ts";

/** A page that names the file shows the variable with a value of its own: whoever follows it has put one there. */
export function showsOwnValue(stack: Stack, file: string, name: string): boolean {
  const set = new RegExp(`^[+ \\t]*${name}=(\\S+)`, "gm");
  return [...stack.kinds].some(([path, kind]) => {
    const text = (kind === "runbook" && sourceOf(stack, path)?.text) || "";
    return (
      text.includes(basename(file)) && [...text.matchAll(set)].some(([, value]) => !isPlaceholder(value!))
    );
  });
}
