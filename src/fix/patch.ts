import { structuredPatch } from "diff";

/** One file before and after; undefined where it is not there. */
export interface TextChange {
  readonly file: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Of a file that is created: it is run as a program. */
  readonly executable?: boolean;
}

export interface Hunk {
  /** `@@ -1,4 +1,5 @@`. */
  readonly head: string;
  /** Each with its first character: blank, `+`, `-` or a backslash. Carriage returns are kept. */
  readonly lines: readonly string[];
}

/** Hunks of a unified diff with three lines around each change. */
export function hunksOf({ file, before, after }: TextChange): Hunk[] {
  const { hunks } = structuredPatch(file, file, before ?? "", after ?? "", undefined, undefined, {
    context: 3,
  });
  return hunks.map(({ oldStart, oldLines, newStart, newLines, lines }) => ({
    head: `@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@`,
    lines,
  }));
}

/** A range of no lines is named by the line before it. */
function range(start: number, lines: number): string {
  return lines === 1 ? String(start) : `${start},${lines}`;
}

/** A patch that `git apply` and `patch -p1` take: new and removed files with modes, whatever the line endings. */
export function patchOf(changes: readonly TextChange[]): string {
  return changes.map(change => filePatch(change)).join("");
}

/** The changes that take these back. */
export function reversed(changes: readonly TextChange[]): TextChange[] {
  return changes.map(change => ({ ...change, before: change.after, after: change.before }));
}

function filePatch(change: TextChange): string {
  const { file, before, after, executable } = change;
  if (before === after) return "";
  const mode = executable ? "100755" : "100644";
  const body = hunksOf(change).map(
    ({ head, lines }) => `${head}\n${lines.map(line => `${line}\n`).join("")}`,
  );
  return [
    `diff --git ${name("a/", file)} ${name("b/", file)}\n`,
    before === undefined ? `new file mode ${mode}\n` : "",
    after === undefined ? `deleted file mode ${mode}\n` : "",
    // A file without a line has no hunks, and then no names either.
    ...(body.length === 0
      ? []
      : [
          `--- ${before === undefined ? "/dev/null" : headerName("a/", file)}\n`,
          `+++ ${after === undefined ? "/dev/null" : headerName("b/", file)}\n`,
          ...body,
        ]),
  ].join("");
}

/** As git writes a path: quoted where it holds quotes, backslashes or control characters. */
function name(prefix: string, file: string): string {
  const path = prefix + file;
  if (!/["\\\u0000-\u001f\u007f]/.test(path)) return path;
  const escaped = path.replace(/["\\]/g, "\\$&").replace(/[\u0000-\u001f\u007f]/g, char => {
    return `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`;
  });
  return `"${escaped}"`;
}

/** A tab ends a name that holds blanks, or the rest of the line counts as a time. */
function headerName(prefix: string, file: string): string {
  const written = name(prefix, file);
  return written.includes(" ") && !written.startsWith('"') ? `${written}\t` : written;
}
