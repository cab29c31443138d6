import type { PathKind, ProjectFiles } from "../core/project-files.ts";
import { locate, type Source } from "../core/source.ts";
import { gitignored, parseGitignore } from "../formats/gitignore.ts";
import type { PageFile } from "./page.ts";

/** The project of a page's section, in memory. Git tracks every file that is not marked otherwise, and ignores what a .gitignore says. */
export function pageFiles(files: readonly PageFile[]): ProjectFiles {
  const sources = new Map<string, Source>();
  const directories = new Set([""]);
  for (const { path, text } of files) {
    if (text !== undefined) sources.set(path, { path, text });
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      if (text !== undefined || path.endsWith("/")) directories.add(path.slice(0, at));
    }
  }
  const clean = (path: string) => path.replace(/^\.\//, "").replace(/\/+$/, "").replace(/^\.$/, "");
  const has = (path: string): PathKind | undefined =>
    sources.has(clean(path)) ? "file" : directories.has(clean(path)) ? "directory" : undefined;
  const rulesOf = (folder: string) => {
    const text = sources.get(folder === "" ? ".gitignore" : `${folder}/.gitignore`)?.text;
    return text === undefined ? undefined : parseGitignore(text);
  };
  const find = (path: string) => files.find(file => clean(file.path) === clean(path));
  return {
    root: "/project",
    paths: [...sources.keys()].sort(),
    has,
    read: path => {
      const source = sources.get(clean(path));
      if (source) return { source };
      const absent = { path, text: "" };
      return { problem: { at: locate(absent, 0, 0), message: "The file does not exist" } };
    },
    list: directory => {
      const prefix = clean(directory) === "" ? "" : `${clean(directory)}/`;
      const below = [...sources.keys(), ...directories].filter(
        path => path.startsWith(prefix) && path !== "",
      );
      const names = below.map(path => path.slice(prefix.length).split("/")[0]!);
      return [...new Set(names.filter(name => name !== ""))].sort();
    },
    tracked: path => has(path) === "file" && !find(path)?.ignored && !find(path)?.untracked,
    ignored: path =>
      isIgnored(files, clean(path)) || gitignored(path.replace(/^\.\//, ""), folder => rulesOf(folder)),
    executable: path => (find(path)?.plain ? false : undefined),
  };
}

/** Ignored itself, or within a directory that is. */
function isIgnored(files: readonly PageFile[], path: string): boolean {
  return files.some(
    file => file.ignored && (file.path === path || (file.directory && `${path}/`.startsWith(file.path))),
  );
}
