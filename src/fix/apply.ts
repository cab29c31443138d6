import { applyEdits } from "../core/edit.ts";
import type { Edit, Fix } from "../core/fix.ts";

export interface Applied {
  /** Text after the fixes of every file that one of them touches; a file that was not there before is created. */
  readonly changed: ReadonlyMap<string, string>;
  readonly applied: readonly Fix[];
  /** Fixes that touch what another one has touched: to be tried again on the new text. */
  readonly deferred: readonly Fix[];
}

/** Applies whole fixes, never half of one. The same edit asked for twice is made once. */
export function applyFixes(textOf: (file: string) => string | undefined, fixes: readonly Fix[]): Applied {
  const made: Edit[] = [];
  const applied: Fix[] = [];
  const deferred: Fix[] = [];
  for (const fix of fixes) {
    const fresh = fix.edits.filter(edit => !made.some(other => isSame(edit, other)));
    if (fresh.some(edit => made.some(other => touch(edit, other)))) deferred.push(fix);
    else {
      made.push(...fresh);
      applied.push(fix);
    }
  }
  const changed = new Map<string, string>();
  for (const file of new Set(made.map(edit => edit.at.file))) {
    const edits = made.filter(edit => edit.at.file === file);
    changed.set(file, applyEdits(textOf(file) ?? "", edits));
  }
  return { changed, applied, deferred };
}

function isSame(a: Edit, b: Edit): boolean {
  return (
    a.text === b.text &&
    a.at.file === b.at.file &&
    a.at.span.start === b.at.span.start &&
    a.at.span.end === b.at.span.end
  );
}

function touch(a: Edit, b: Edit): boolean {
  if (a.at.file !== b.at.file) return false;
  const [one, two] = [a.at.span, b.at.span];
  if (one.start === two.start) return true;
  return one.start < two.end && two.start < one.end;
}
