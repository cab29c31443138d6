import type { Problem } from "./problem.ts";
import type { Source } from "./source.ts";

/** What a path is; a link counts as what it points to inside the root. */
export type PathKind = "file" | "directory";

/** The audited tree as everything above the workspace sees it. Paths are relative, with forward slashes. */
export interface ProjectFiles {
  readonly root: string;
  /** Every file found, sorted; vendored folders (node_modules, .git, virtual environments) are not walked. */
  readonly paths: readonly string[];
  /** Answers for any path inside the root, also for unwalked folders; undefined when absent or outside. */
  has(path: string): PathKind | undefined;
  /** The text, or the problem that kept it from being read. The same object on every call. */
  read(path: string): { readonly source: Source } | { readonly problem: Problem };
  /** Names in a directory (files and directories); empty when there is none. */
  list(directory: string): readonly string[];
  /** Whether git tracks the file; undefined when that is not known. */
  tracked(path: string): boolean | undefined;
  /** Whether .gitignore rules exclude the path. */
  ignored(path: string): boolean;
  /** Whether a checkout lets the file be started as a program: git's word first; undefined where nobody knows. */
  executable?(path: string): boolean | undefined;
}

/**
 * The same files as an object of its own, with some of the paths or with all. What is worked out once for files is kept
 * by that object: each model has its own, so that no audit inherits what an earlier one has spent or found.
 */
export function viewOf(files: ProjectFiles, paths: readonly string[] = files.paths): ProjectFiles {
  return {
    root: files.root,
    paths,
    has: path => files.has(path),
    read: path => files.read(path),
    list: directory => files.list(directory),
    tracked: path => files.tracked(path),
    ignored: path => files.ignored(path),
    executable: path => files.executable?.(path),
  };
}

/** The text of a file, whether the model was made from it or not; undefined when it is absent or cannot be read. */
export function sourceOf(
  {
    sources,
    files,
  }: { readonly sources: ReadonlyMap<string, Source>; readonly files: Pick<ProjectFiles, "read"> },
  path: string,
): Source | undefined {
  const known = sources.get(path);
  if (known) return known;
  const read = files.read(path);
  return "source" in read ? read.source : undefined;
}
