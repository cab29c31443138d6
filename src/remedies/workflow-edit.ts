import type { Job, Step } from "../artifacts/workflow.ts";
import type { Edit } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Source } from "../core/source.ts";
import { child, pairOf, type YamlMap } from "../formats/yaml.ts";
import { nodeAt, removePair, rootOf } from "../formats/yaml-edit.ts";
import type { Stack } from "../stack/stack.ts";

/** The mapping of a job as it stands in its file: below `jobs` for GitHub, at the top for GitLab. */
export function jobMap(stack: Stack, job: Job): { source: Source; map: YamlMap } | undefined {
  const source = sourceOf(stack, job.id.at.file);
  const root = source && rootOf(source);
  const map = child(root, "jobs", job.id.value) ?? child(root, job.id.value);
  return source && map?.kind === "map" && map.at.file === source.path ? { source, map } : undefined;
}

/** Takes `continue-on-error: true` out of a step. */
export function dropContinue(stack: Stack, step: Step): Edit | undefined {
  const source = sourceOf(stack, step.at.file);
  const pair = source && pairOf(nodeAt(source, step.at), "continue-on-error");
  return source && pair && removePair(source, pair);
}
