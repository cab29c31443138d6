import { type ProjectFiles, viewOf } from "../core/project-files.ts";
import { matchesGlob } from "./glob.ts";

/** The same tree without the files that the settings exclude. They still exist for whoever asks by path. */
export function excluding(files: ProjectFiles, globs: readonly string[]): ProjectFiles {
  if (globs.length === 0) return files;
  return viewOf(
    files,
    files.paths.filter(path => !globs.some(glob => matchesGlob(glob, path))),
  );
}
