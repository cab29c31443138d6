import type { PathKind, ProjectFiles } from "../src/core/project-files.ts";
import { locate } from "../src/core/source.ts";

/** A tree in memory. */
export function tree(files: Record<string, string>): ProjectFiles {
  const directories = new Set([""]);
  for (const path of Object.keys(files))
    for (let i = path.indexOf("/"); i !== -1; i = path.indexOf("/", i + 1)) directories.add(path.slice(0, i));
  const has = (path: string): PathKind | undefined =>
    path in files ? "file" : directories.has(path) ? "directory" : undefined;
  const sources = new Map(Object.entries(files).map(([path, text]) => [path, { path, text }]));
  return {
    root: "/srv/Shop",
    paths: Object.keys(files).sort(),
    has,
    read: path => {
      const source = sources.get(path);
      return source ? { source } : { problem: { at: locate({ path, text: "" }, 0, 0), message: "absent" } };
    },
    list: directory => [
      ...new Set(
        [...Object.keys(files), ...directories]
          .filter(path => path !== "" && (directory === "" || path.startsWith(`${directory}/`)))
          .map(path => path.slice(directory === "" ? 0 : directory.length + 1).split("/")[0]!),
      ),
    ],
    tracked: () => undefined,
    ignored: () => false,
  };
}
