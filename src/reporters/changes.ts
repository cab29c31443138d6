import { addTo } from "../core/group.ts";
import type { ReportedEdit, ReportedFix } from "../core/report.ts";

/** Lines that a fix takes out and puts in at one place. */
export interface Change {
  readonly file: string;
  readonly line: number;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** What a fix changes, line by line. Edits of the same line are one change. */
export function changesOf(fix: ReportedFix): Change[] {
  const groups = new Map<string, ReportedEdit[]>();
  for (const edit of fix.edits) {
    const key =
      edit.line === edit.endLine
        ? `${edit.file}\0${edit.line}`
        : `${edit.file}\0${edit.line}\0${edit.endLine}`;
    addTo(groups, key, edit);
  }
  return [...groups.values()].map(changeOf);
}

function changeOf(edits: readonly ReportedEdit[]): Change {
  const { file, line, endLine, excerpt } = edits[0]!;
  const after = lineAfter(edits);
  if (after === undefined) {
    const removed = edits.some(edit => edit.line !== edit.endLine || edit.column !== edit.endColumn);
    const what = line === endLine ? excerpt : `(lines ${line} to ${endLine})`;
    return {
      file,
      line,
      removed: removed ? [what] : [],
      added: linesOf(edits.map(edit => edit.text).join("")),
    };
  }
  const lines = after.split(/\r?\n/);
  const kept = lines.indexOf(excerpt);
  if (kept === -1) return { file, line, removed: excerpt === "" ? [] : [excerpt], added: lines };
  const added = lines.filter((_, index) => index !== kept);
  return { file, line: kept === 0 ? line + 1 : line, removed: [], added };
}

/** The line with the edits made; undefined for edits of several lines, and where that cannot be told. */
function lineAfter(edits: readonly ReportedEdit[]): string | undefined {
  const [only, ...others] = edits;
  if (!only || only.line !== only.endLine) return undefined;
  if (only.beside && others.length === 0) return only.beside[0] + only.text + only.beside[1];
  // Columns count the file's own text: where a secret is masked they do not fit the excerpt.
  if (edits.some(edit => edit.excerpt.includes("‹masked›"))) return undefined;
  let after = only.excerpt;
  for (const edit of edits.toSorted((a, b) => b.column - a.column)) {
    after = after.slice(0, edit.column - 1) + edit.text + after.slice(edit.endColumn - 1);
  }
  return after;
}

function linesOf(text: string): string[] {
  return text.replace(/^\n|\n\s*$/g, "").split(/\r?\n/);
}
