import type { Problem } from "../core/problem.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** The project as the stack reads it, and what could not be read so far: the list grows while files are read. */
export interface OpenedProject {
  readonly files: ProjectFiles;
  readonly problems: readonly Problem[];
}

/** A link to a file that is read anyway is not read twice. */
export function projectFiles(workspace: Workspace): OpenedProject {
  const problems: Problem[] = [...workspace.problems];
  const seen = new Set<string>();
  const read: ProjectFiles["read"] = path => {
    const result = workspace.read(path);
    if (!result.source) return { problem: result.problem };
    // A text whose encoding is damaged is read all the same.
    if (result.problem && !seen.has(path)) problems.push(result.problem);
    seen.add(path);
    return { source: result.source };
  };
  const lists = new Map<string, readonly string[]>();
  const list = (directory: string): readonly string[] => {
    const clean = directory.replace(/^\.?\/|\/+$/g, "").replace(/^\.$/, "");
    let found = lists.get(clean);
    if (!found) {
      found = clean === "" || workspace.directories.has(clean) ? childrenOf(workspace, clean) : [];
      lists.set(clean, found);
    }
    return found;
  };
  return {
    problems,
    files: {
      ...{ root: workspace.root, paths: workspace.paths, read, list },
      has: path => workspace.has(path),
      tracked: path => workspace.tracked(path),
      ignored: path => workspace.ignored(path),
      executable: path => workspace.executable(path),
    },
  };
}

/** Without the folders that were not walked. */
function childrenOf({ files, directories, list }: Workspace, folder: string): readonly string[] {
  const prefix = folder === "" ? "" : `${folder}/`;
  return list(folder).filter(name => files.has(prefix + name) || directories.has(prefix + name));
}
