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
  let children: Map<string, string[]> | undefined;
  const list = (directory: string): readonly string[] => {
    children ??= childrenOf([...workspace.files.keys(), ...workspace.directories]);
    return children.get(directory.replace(/^\.?\/|\/+$/g, "").replace(/^\.$/, "")) ?? [];
  };
  return {
    problems,
    files: {
      ...{ root: workspace.root, paths: workspace.paths, read, list },
      has: path => workspace.has(path),
      tracked: path => workspace.tracked(path),
      ignored: path => workspace.ignored(path),
    },
  };
}

function childrenOf(paths: readonly string[]): Map<string, string[]> {
  const children = new Map<string, string[]>();
  for (const path of new Set(paths)) {
    if (path === "") continue;
    const slash = path.lastIndexOf("/");
    const parent = path.slice(0, Math.max(0, slash));
    const names = children.get(parent) ?? [];
    names.push(path.slice(slash + 1));
    children.set(parent, names);
  }
  for (const names of children.values()) names.sort();
  return children;
}
