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
    groups.set(key, [...(groups.get(key) ?? []), edit]);
  }
  return [...groups.values()].map(changeOf);
}

function changeOf(edits: readonly ReportedEdit[]): Change {
  const { file, line, endLine, excerpt } = edits[0]!;
  // Columns count the file's own text: where a secret is masked they no longer fit the excerpt.
  const isExact = !edits.some(edit => edit.excerpt.includes("‹masked›"));
  if (line !== endLine || !isExact) {
    const removed = edits.some(edit => edit.line !== edit.endLine || edit.column !== edit.endColumn);
    const what = line === endLine ? excerpt : `(lines ${line} to ${endLine})`;
    return {
      file,
      line,
      removed: removed ? [what] : [],
      added: linesOf(edits.map(edit => edit.text).join("")),
    };
  }
  let after = excerpt;
  for (const edit of [...edits].sort((a, b) => b.column - a.column)) {
    after = after.slice(0, edit.column - 1) + edit.text + after.slice(edit.endColumn - 1);
  }
  const lines = after.split(/\r?\n/);
  const kept = lines.indexOf(excerpt);
  if (kept === -1) return { file, line, removed: excerpt === "" ? [] : [excerpt], added: lines };
  const added = lines.filter((_, index) => index !== kept);
  return { file, line: kept === 0 ? line + 1 : line, removed: [], added };
}

function linesOf(text: string): string[] {
  return text.replace(/^\n|\n\s*$/g, "").split(/\r?\n/);
}
