import type { Edit, Fix } from "../core/fix.ts";

/** The fix of a violation, where its edits could be made; nothing otherwise. To be spread into the violation. */
export function offer(fix: Omit<Fix, "edits">, edits: readonly Edit[] | undefined): { readonly fix?: Fix } {
  return edits && edits.length > 0 ? { fix: { ...fix, edits } } : {};
}
