import { basename, dirname, join } from "../core/path.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { Source } from "../core/source.ts";
import { type GitignoreRules, gitignored, parseGitignore } from "../formats/gitignore.ts";

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
  const before = new Map<string, GitignoreRules | undefined>();
  const rulesBefore = (folder: string): GitignoreRules | undefined => {
    if (!before.has(folder)) {
      const read = files.read(join(folder, ".gitignore"));
      before.set(folder, "source" in read ? parseGitignore(read.source.text) : undefined);
    }
    return before.get(folder);
  };
  const ignored = (path: string): boolean => {
    const is = files.ignored(path);
    if (rules.size === 0) return is;
    const whole = files.has(path) === "directory" && !path.endsWith("/") ? `${path}/` : path;
    // What a file outside of the tree ignores stays ignored.
    if (is && !gitignored(whole, rulesBefore)) return true;
    return gitignored(whole, folder => rules.get(folder) ?? rulesBefore(folder));
  };
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
