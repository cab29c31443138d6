import { basename, dirname, join } from "../core/path.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { Source } from "../core/source.ts";
import { gitignored, parseGitignore } from "../formats/gitignore.ts";

/**
 * The same tree with other texts: what an audit would see after the fixes were written. Files that were absent are
 * there, with their directories. Rules of a changed `.gitignore` count as well.
 */
export function overlay(files: ProjectFiles, changed: ReadonlyMap<string, string>): ProjectFiles {
  const sources = new Map<string, Source>();
  for (const [path, text] of changed) sources.set(path, { path, text });
  const created = [...changed.keys()].filter(path => files.has(path) === undefined);
  const directories = new Set(created.flatMap(ancestors));
  const rules = new Map(
    [...changed]
      .filter(([path]) => basename(path) === ".gitignore")
      .map(([path, text]) => [dirname(path), parseGitignore(text)] as const),
  );
  const ignored = (path: string): boolean =>
    files.ignored(path) || (rules.size > 0 && gitignored(path, folder => rules.get(folder)));
  const clean = (path: string): string => join("", path);
  return {
    root: files.root,
    // A list of its own: answers of the stack are remembered by it.
    paths: [...files.paths, ...created].sort(),
    has: path =>
      sources.has(clean(path)) ? "file" : directories.has(clean(path)) ? "directory" : files.has(path),
    read: path => {
      const source = sources.get(clean(path));
      return source ? { source } : files.read(path);
    },
    list: directory => {
      const prefix = clean(directory) === "" ? "" : `${clean(directory)}/`;
      const fresh = created
        .filter(path => path.startsWith(prefix))
        .map(path => path.slice(prefix.length).split("/")[0]!);
      return [...new Set([...files.list(directory), ...fresh])].sort();
    },
    // Whoever writes a new file adds it to git, unless git ignores it.
    tracked: path => {
      if (!created.includes(clean(path))) return files.tracked(path);
      return files.tracked("") === undefined ? undefined : !ignored(path);
    },
    ignored,
  };
}

function ancestors(path: string): string[] {
  const found: string[] = [];
  for (let above = dirname(path); above !== ""; above = dirname(above)) found.push(above);
  return found;
}
