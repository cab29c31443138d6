import type { Stage } from "../../artifacts/dockerfile.ts";
import { basename, dirname, inside, join } from "../../core/path.ts";
import { isPattern, matchSources, sourcePath } from "./copy-sources.ts";
import type { StageFiles } from "./files.ts";

/** Absolute paths directly below a directory of a stage that are there for sure, sorted. */
export function listDirectory(
  files: StageFiles,
  stages: readonly Stage[],
  stage: Stage,
  directory: string,
  seen: Set<string> = new Set(),
): readonly string[] {
  const key = `${stage.index} ${directory}`;
  if (seen.has(key)) return []; // listed by another way, or a circle
  seen.add(key);
  const layers = files.layersOf(stage);
  const names = new Set<string>();
  for (const step of layers.steps) {
    if (step.kind === "run") {
      for (const { path } of files.effectsOf(layers, step.run).creates)
        if (dirname(path) === directory) names.add(basename(path));
    } else if (step.kind === "copy") {
      const target = files.absolute(layers, step.copy.destinationPath);
      if (target === undefined) continue;
      // A file copied under another name, or the first part of a longer destination.
      if (dirname(target) === directory) names.add(basename(target));
      const rest = inside(target, directory);
      if (rest === undefined) continue;
      for (const { value } of step.copy.sources) {
        const source = sourcePath(step.copy, value);
        if (rest === "") names.add(basename(source));
        const origin = step.copy.fromStage === undefined ? undefined : stages[step.copy.fromStage];
        if (origin) {
          for (const path of listDirectory(files, stages, origin, join(source, rest), seen))
            names.add(basename(path));
        } else if (!step.copy.from && files.context) {
          const sources = isPattern(source) ? matchSources(files.context, source) : [source];
          for (const each of sources) {
            if (rest === "") names.add(basename(each));
            for (const name of files.context.list(join(each, rest))) names.add(name);
          }
        }
      }
    }
  }
  names.delete("");
  return [...names]
    .map(name => join(directory, name))
    .filter(path => files.file(stage, path).has === "yes")
    .sort();
}
