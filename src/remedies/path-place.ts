import { isTest, isVendored } from "../artifacts/project-files.ts";
import type { Edit } from "../core/fix.ts";
import { dirname } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import type { Stack } from "../stack/stack.ts";

/** The one place in the repository that ends like the path, put in its stead; undefined when there are more or none. */
export function placeEdit(
  stack: Stack,
  { path, at }: { readonly path: string; readonly at: Location },
  file: boolean,
): Edit | undefined {
  const tail = path.split("/").at(-1)!;
  const all = file
    ? stack.files.paths
    : [...new Set(stack.files.paths.map(dirname))].flatMap(each => parents(each));
  const found = [...new Set(all.filter(each => each === tail || each.endsWith(`/${tail}`)))].filter(
    each => !isVendored(each) && !isTest(each),
  );
  const written = sourceOf(stack, at.file)?.text.slice(at.span.start, at.span.end);
  const position = written?.indexOf(path) ?? -1;
  if (found.length !== 1 || !written || position === -1 || written.indexOf(path, position + 1) !== -1)
    return undefined;
  return { at, text: written.replace(path, () => found[0]!) };
}

function parents(path: string): string[] {
  return path === "" ? [] : [path, ...parents(dirname(path))];
}
