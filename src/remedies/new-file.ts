import type { Edit } from "../core/fix.ts";

/** A file that a remedy writes where none is, with its path relative to the folder of the Compose file. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
  /** It is run as a program: mode 0755. */
  readonly executable?: boolean;
}

/** The edits that create files below `directory` ("" is the root), and which are programs: for a `Fix`. */
export function creation(
  files: readonly NewFile[],
  directory = "",
): { readonly edits: readonly Edit[]; readonly executable: readonly string[] } {
  const placed = files.map(file => ({
    ...file,
    path: directory === "" ? file.path : `${directory}/${file.path}`,
  }));
  return {
    edits: placed.map(({ path, text }) => ({ at: { file: path, span: { start: 0, end: 0 } }, text })),
    executable: placed.filter(file => file.executable).map(file => file.path),
  };
}
