import type { CopyStep, Stage } from "../artifacts/dockerfile.ts";
import { dirname, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Located, Location } from "../core/source.ts";
import type { ImageModel } from "./image/image.ts";
import type { Build, Stack } from "./stack.ts";

/** Programs of Spring Boot that Gradle packs: one with everything in it, and a plain one beside it. */

export interface TwoJars {
  /** `build/libs/*.jar` */
  readonly source: Located<string>;
  readonly destination: string;
  /** Where the plug-in that makes the second one is asked for. */
  readonly plugin: Location;
}

/**
 * A COPY of every packed program of a Gradle build to one file. `build` and `assemble` leave two since Spring Boot 2.5
 * (`shop.jar`, `shop-plain.jar`), and Docker copies several files into a directory only.
 */
export function twoJars(stack: Stack, build: Build): TwoJars | undefined {
  const { model, context } = build;
  return model && context !== undefined
    ? twoJarsIn(
        stack,
        model.built.map(each => each.stage),
        context,
        model,
      )
    : undefined;
}

/** Dockerfiles that no build of the repository names, as if each were built from its own directory. */
export function unbuiltTwoJars(stack: Stack): (TwoJars & { readonly dockerfile: string })[] {
  const named = new Set(stack.builds.map(build => build.dockerfilePath));
  return [...stack.dockerfiles].flatMap(([path, { stages }]) => {
    const found = named.has(path) ? undefined : twoJarsIn(stack, stages, dirname(path));
    return found ? [{ dockerfile: path, ...found }] : [];
  });
}

function twoJarsIn(
  stack: Stack,
  stages: readonly Stage[],
  context: string,
  model?: ImageModel,
): TwoJars | undefined {
  for (const stage of stages) {
    for (const copy of stage.copies) {
      const source = copy.sources.length === 1 && !copy.intoDirectory ? copy.sources[0]! : undefined;
      const folder = /^(.*?)(?:^|\/)build\/libs\/\*\.jar$/.exec(source?.value ?? "")?.[1];
      if (!source || folder === undefined || !/\.jar$/.test(copy.destination.value)) continue;
      const module = moduleOf(stack, model, context, copy, folder);
      const plugin = module === undefined ? undefined : pluginOf(stack, module);
      if (plugin && packsBoth(stack, model, copy))
        return { source, destination: copy.destination.value, plugin };
    }
  }
  return undefined;
}

/** The directory of the repository whose build.gradle packs it. */
function moduleOf(
  { files }: Stack,
  model: ImageModel | undefined,
  context: string,
  copy: CopyStep,
  folder: string,
): string | undefined {
  if (copy.from === undefined) return join(context, folder.replace(/^\/+/, ""));
  const origin = model?.built.find(each => each.stage.index === copy.fromStage);
  if (!origin) return undefined;
  const place = folder.startsWith("/") ? folder : join(origin.workdir ?? "/", folder);
  for (const name of ["build.gradle", "build.gradle.kts"]) {
    const { source } = origin.file(join(place, name));
    if (source !== undefined && files.has(source) === "file") return dirname(source);
  }
  return undefined;
}

const applied =
  /\bid\s*\(?\s*["']org\.springframework\.boot["']\s*\)?\s*version\s*\(?\s*["'](\d+)\.(\d+)(?![^\n]*apply\s+false)/;
const single =
  /\bjar\s*\{[^}]*\benabled\b|\bjar\.enabled\b|["']jar["'][\s\S]{0,60}\benabled\b|\btasks\.jar\b|<Jar>[\s\S]{0,60}\benabled\b|archiveClassifier|archiveFileName|archiveName\b/;

/** The plug-in in a version that makes both, where nothing switches one of them off. */
function pluginOf(stack: Stack, module: string): Location | undefined {
  for (const name of ["build.gradle", "build.gradle.kts"]) {
    const path = join(module, name);
    const text = sourceOf(stack, path)?.text;
    if (text === undefined) continue;
    const found = applied.exec(text);
    if (!found || single.test(text)) return undefined;
    const [major, minor] = [Number(found[1]), Number(found[2])];
    if (major < 2 || (major === 2 && minor < 5)) return undefined;
    return { file: path, span: { start: found.index, end: found.index + found[0].length } };
  }
  return undefined;
}

const both = /\bgradlew?\b(?![^\n&|;]*-x\s+:?jar\b)[^\n&|;]*(?<!-x )\b(?:build|assemble)\b(?!\.gradle|\/)/;

/** The build runs `build` or `assemble`, in the image or where the repository says how the program is packed. */
function packsBoth(stack: Stack, model: ImageModel | undefined, copy: CopyStep): boolean {
  if (copy.from !== undefined) {
    const origin = model?.built.find(each => each.stage.index === copy.fromStage);
    const text = origin?.stage.runs.map(run => run.fragment.text).join("\n") ?? "";
    return both.test(text) && !/plain/.test(text);
  }
  const texts = stack.files.paths
    .filter(path =>
      /(?:^|\/)(?:\.github\/workflows\/[^/]+|\.gitlab-ci\.yml|Jenkinsfile|Makefile|[^/]+\.sh)$/.test(path),
    )
    .flatMap(path => {
      const read = stack.files.read(path);
      return "source" in read ? [read.source] : [];
    });
  const calling = texts.filter(({ text }) => /\bgradlew?\b/.test(text));
  return (
    calling.length > 0 &&
    calling.every(({ text }) => !/plain|\bbootJar\b/.test(text)) &&
    calling.some(({ text }) => both.test(text))
  );
}
