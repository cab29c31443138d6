import type { ProjectFiles } from "../core/project-files.ts";
import { matchesGlob } from "./glob.ts";

/** The same tree without the files that the settings exclude. They still exist for whoever asks by path. */
export function excluding(files: ProjectFiles, globs: readonly string[]): ProjectFiles {
  if (globs.length === 0) return files;
  return {
    root: files.root,
    paths: files.paths.filter(path => !globs.some(glob => matchesGlob(glob, path))),
    has: path => files.has(path),
    read: path => files.read(path),
    list: directory => files.list(directory),
    tracked: path => files.tracked(path),
    ignored: path => files.ignored(path),
    executable: path => files.executable?.(path),
  };
}
