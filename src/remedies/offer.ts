import type { Edit, Fix } from "../core/fix.ts";

/** The fix of a violation where every one of its edits can be made, and there is one; nothing otherwise. */
export function offer(
  fix: Omit<Fix, "edits">,
  edits: Edit | readonly (Edit | undefined)[] | undefined,
): Fix | undefined {
  const all = edits === undefined ? [] : [edits].flat();
  if (all.length === 0 || !all.every(edit => edit !== undefined)) return undefined;
  return { ...fix, edits: all };
}
