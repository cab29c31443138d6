import type { Job } from "../artifacts/workflow.ts";
import type { Source } from "../core/source.ts";
import { child, type YamlMap } from "../formats/yaml.ts";
import { rootOf } from "../formats/yaml-edit.ts";
import type { Stack } from "../stack/stack.ts";

/** The mapping of a job as it stands in its file: below `jobs` for GitHub, at the top for GitLab. */
export function jobMap(stack: Stack, job: Job): { source: Source; map: YamlMap } | undefined {
  const source = stack.sources.get(job.id.at.file);
  const root = source && rootOf(source);
  const map = child(root, "jobs", job.id.value) ?? child(root, job.id.value);
  return source && map?.kind === "map" && map.at.file === source.path ? { source, map } : undefined;
}
