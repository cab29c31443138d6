import { applyEdits } from "../core/edit.ts";
import type { Edit, Fix } from "../core/fix.ts";

export interface Applied extends Separated {
  /** Text after the fixes of every file that one of them touches; a file that was not there before is created. */
  readonly changed: ReadonlyMap<string, string>;
}

export interface Separated {
  readonly edits: readonly Edit[];
  readonly applied: readonly Fix[];
  /** Fixes that touch what another one has touched: to be tried again on the new text. */
  readonly deferred: readonly Fix[];
}

type TextOf = (file: string) => string | undefined;

/** Applies whole fixes, never half of one. The same edit asked for twice is made once. */
export function applyFixes(textOf: TextOf, fixes: readonly Fix[]): Applied {
  const separated = separate(textOf, fixes);
  const changed = new Map<string, string>();
  for (const file of new Set(separated.edits.map(edit => edit.at.file))) {
    const edits = separated.edits.filter(edit => edit.at.file === file);
    changed.set(file, applyEdits(textOf(file) ?? "", edits));
  }
  return { ...separated, changed };
}

/** Which fixes can be made at once: the first of those that touch the same place, and whatever touches nothing. */
export function separate(textOf: TextOf, fixes: readonly Fix[]): Separated {
  const edits: Edit[] = [];
  const applied: Fix[] = [];
  const deferred: Fix[] = [];
  for (const fix of fixes) {
    const fresh = fix.edits.filter(
      (edit, index) =>
        !edits.some(other => isSame(edit, other)) &&
        !fix.edits.slice(0, index).some(other => isSame(edit, other)),
    );
    const conflicts = fresh.some(edit => edits.some(other => touch(edit, other, textOf)));
    if (conflicts) deferred.push(fix);
    else {
      edits.push(...fresh);
      applied.push(fix);
    }
  }
  return { edits, applied, deferred };
}

function isSame(a: Edit, b: Edit): boolean {
  return (
    a.text === b.text &&
    a.at.file === b.at.file &&
    a.at.span.start === b.at.span.start &&
    a.at.span.end === b.at.span.end
  );
}

function touch(a: Edit, b: Edit, textOf: TextOf): boolean {
  if (a.at.file !== b.at.file) return false;
  const [one, two] = [a.at.span, b.at.span];
  if (one.start !== two.start) return one.start < two.end && two.start < one.end;
  // Lines of different keys may be put in at one place, one behind the other; a file is made only once. What stands
  // deeper belongs to what is above, and would belong to what another fix puts in between.
  const bothInsert = one.end === one.start && two.end === two.start;
  const beside = firstWord(a) !== firstWord(b) && depth(a) === depth(b);
  const text = textOf(a.at.file);
  // The first one ends the last line of a file that has no line end there: the other would end it again.
  const unended = text !== undefined && one.start === text.length && !/(?:^|\n)$/.test(text);
  return !bothInsert || !beside || text === undefined || unended;
}

/** How far the first line with text is moved in. */
function depth({ text }: Edit): number {
  return /(?:^|\n)([ \t]*)(?=[^\s])/.exec(text)?.[1]?.length ?? 0;
}

function firstWord({ text }: Edit): string {
  return /[\w./"'-]+/.exec(text)?.[0] ?? text;
}
