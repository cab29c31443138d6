import { type GitlabFile, type GitlabInclude, gitlabFile, gitlabPipeline } from "../artifacts/gitlab-ci.ts";
import type { Workflow } from "../artifacts/workflow.ts";
import type { Gap } from "../core/problem.ts";
import type { Reader } from "./reader.ts";

/** More files than any pipeline includes; GitLab itself stops at 150. */
const mostFiles = 150;

/** The pipeline of `.gitlab-ci.yml` with the files of this repository that it includes. */
export function gitlabPipelines(reader: Reader): { workflows: Workflow[]; gaps: Gap[] } {
  const workflows: Workflow[] = [];
  const gaps: Gap[] = [];
  for (const path of reader.files.paths.filter(gitlabFile.recognises)) {
    const files: GitlabFile[] = [];
    const missing: GitlabInclude[] = [];
    collect(reader, path, files, missing, new Set());
    const pipeline = gitlabPipeline(files, missing.length > 0);
    // Templates are GitLab's own: scanners and the like.
    for (const include of missing.filter(each => each.kind !== "template"))
      gaps.push({
        about: `include "${include.path}" of ${path}`,
        why:
          include.kind === "local"
            ? "no such file was found in this repository"
            : "it stands outside of this repository",
        at: include.at,
      });
    if (!pipeline) continue;
    workflows.push(pipeline.workflow);
    reader.problems.push(...pipeline.problems);
  }
  return { workflows, gaps };
}

/** Included files come before the file that includes them: what is written later wins. */
function collect(
  reader: Reader,
  path: string,
  files: GitlabFile[],
  missing: GitlabInclude[],
  seen: Set<string>,
): void {
  if (seen.has(path) || seen.size >= mostFiles) return;
  seen.add(path);
  const file = reader.parse(gitlabFile, path);
  if (!file) return;
  for (const include of file.includes) {
    const paths = include.kind === "local" ? matching(reader, include.path) : [];
    if (paths.length === 0) missing.push(include);
    for (const each of paths) collect(reader, each, files, missing, seen);
  }
  files.push(file);
}

/** `*` stands for a part of one name, `**` for folders. */
function matching(reader: Reader, pattern: string): string[] {
  if (!pattern.includes("*")) return reader.files.has(pattern) === "file" ? [pattern] : [];
  if (pattern.length > 200 || pattern.split("*").length > 8) return [];
  const expression = pattern
    .split(/(\*\*\/?|\*)/)
    .map(part =>
      part === "*" ? "[^/]*" : part.startsWith("**") ? ".*" : part.replace(/[.+^${}()|[\]\\?]/g, "\\$&"),
    )
    .join("");
  const whole = new RegExp(`^${expression}$`);
  return reader.files.paths.filter(path => whole.test(path));
}
