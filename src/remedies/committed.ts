import type { ProjectFiles } from "../core/project-files.ts";

/** Whether a fresh clone has the path: git tracks it or, where that is not known, does not ignore it. */
export function isCommitted(files: ProjectFiles, path: string): boolean {
  const kind = files.has(path);
  if (kind === undefined) return false;
  return (kind === "file" ? files.tracked(path) : undefined) ?? !files.ignored(path);
}
