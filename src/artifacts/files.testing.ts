import type { Source } from "../core/source.ts";
import type { ProjectFiles } from "./project-files.ts";

/** A project in memory, for tests. */
export function projectOf(contents: Readonly<Record<string, string>>): ProjectFiles {
  const sources = new Map<string, Source>(
    Object.entries(contents).map(([path, text]) => [path, { path, text }]),
  );
  return { paths: [...sources.keys()].toSorted(), read: path => sources.get(path) };
}
