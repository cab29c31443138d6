import { basename } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Source } from "../core/source.ts";
import { isPlaceholder } from "../formats/secret.ts";
import type { Stack } from "./stack.ts";

/** The pages of the repository on installing and operating it, READMEs among them. */
export function pagesOf(stack: Pick<Stack, "kinds" | "sources" | "files">): Source[] {
  return [...stack.kinds].flatMap(([path, kind]) => (kind === "runbook" && sourceOf(stack, path)) || []);
}

/** A page that names the file shows the variable with a value of its own: whoever follows it has put one there. */
export function showsOwnValue(stack: Stack, file: string, name: string): boolean {
  const set = new RegExp(`^[+ \\t]*${name}=(\\S+)`, "gm");
  return pagesOf(stack).some(
    ({ text }) =>
      text.includes(basename(file)) && [...text.matchAll(set)].some(([, value]) => !isPlaceholder(value!)),
  );
}
