import { type Dockerfile, type Stage, stageChain } from "../artifacts/dockerfile.ts";
import { directoryOf } from "../artifacts/project-files.ts";
import type { Location } from "../core/source.ts";
import type { DockerfileInstruction } from "../formats/dockerfile.ts";
import type { AppComponent } from "./app/detect.ts";
import { publicName } from "./query-bundles.ts";
import { componentReads } from "./query-environment.ts";
import type { Build, Stack, Variable } from "./stack.ts";

/** Build arguments that a Dockerfile does not let in: without ARG the builder drops them. */

export interface LostArgument {
  readonly given: Variable;
  /** The step that would need the value. */
  readonly step: DockerfileInstruction;
  readonly use: Location;
  /** An ARG of that name at a place where it does not count, and why. */
  readonly elsewhere?: { readonly at: Location; readonly because: string };
  /** The bundler takes it by its name; otherwise a step of the Dockerfile does. */
  readonly bundled: boolean;
}

/** Known to every build without ARG, or meant for the builder itself. */
const predefined =
  /^(?:HTTPS?_PROXY|FTP_PROXY|NO_PROXY|ALL_PROXY|BUILDKIT_\w+|SOURCE_DATE_EPOCH|(?:TARGET|BUILD)\w+)$/i;
const bundling = /\b(?:run|next|vite|yarn|pnpm|bun|nx|turbo|react-scripts)\s[^\n]*build\b/;

/** What a caller gives to a build and no step gets, although one needs it. */
export function lostArguments(stack: Stack, build: Build): LostArgument[] {
  const { dockerfile, model } = build;
  if (!dockerfile || !model) return [];
  return build.args.flatMap(given => {
    const { name } = given;
    if (predefined.test(name) || !/^\w+$/.test(name)) return [];
    for (const image of model.built) {
      const stage = dockerfile.stages[image.stage.index];
      if (!stage) continue;
      // The variables of an image that nobody knows are not known either.
      const needs = image.facts
        ? (each: DockerfileInstruction) => takes(each, name)
        : (each: DockerfileInstruction) => publicName.test(name) && takes(each, name);
      // Where the application's own stage has it, another that builds a library first needs none.
      const bundles =
        isBuiltIn(stack, build, name) &&
        !model.built.some(each => bundlesWith(dockerfile, each.stage.index, name));
      const step = withoutValue(
        dockerfile,
        stage,
        name,
        each => needs(each) || (bundles && isBundling(each)),
      );
      if (!step) continue;
      const elsewhere = declaredElsewhere(dockerfile, stage, step, name);
      return [
        {
          given,
          step,
          use: step.at,
          bundled: !needs(step),
          ...(elsewhere ? { elsewhere } : {}),
        },
      ];
    }
    return [];
  });
}

/** The first step of a stage that needs the name where neither ARG nor ENV has set it. */
function withoutValue(
  dockerfile: Dockerfile,
  stage: Stage,
  name: string,
  needs: (instruction: DockerfileInstruction) => boolean,
): DockerfileInstruction | undefined {
  const before = stageChain(dockerfile, stage).slice(0, -1);
  if (before.some(each => each.instructions.some(other => sets(other, name)))) return undefined;
  for (const instruction of stage.instructions) {
    if (needs(instruction)) return instruction;
    if (sets(instruction, name)) return undefined;
  }
  return undefined;
}

function sets({ keyword, words }: DockerfileInstruction, name: string): boolean {
  if (keyword !== "ARG" && keyword !== "ENV") return false;
  return words.some(
    (word, index) =>
      word.value.split("=")[0] === name && (index === 0 || word.value.includes("=") || keyword === "ARG"),
  );
}

/** A bundler runs in the stage, below an ARG or ENV of that name. */
function bundlesWith(dockerfile: Dockerfile, index: number, name: string): boolean {
  const { instructions = [] } = dockerfile.stages[index] ?? {};
  const set = instructions.findIndex(each => sets(each, name));
  return set !== -1 && instructions.slice(set).some(isBundling);
}

/** An ENV or RUN that names the variable, where the step itself does not set it. */
function takes(instruction: DockerfileInstruction, name: string): boolean {
  const { keyword, body, flags } = instruction;
  if (keyword !== "ENV" && keyword !== "RUN") return false;
  const text = body.text;
  if (!new RegExp(`(?<!\\\\)\\$(?:${name}(?![A-Za-z0-9_])|\\{${name}\\})`).test(text)) return false;
  if (keyword === "ENV") return true;
  const own = new RegExp(
    `(?<![\\w$])${name}=(?!["']?\\$\\{?${name}\\b)|\\b(?:read|for)\\s[^;]*\\b${name}\\b`,
  );
  if (own.test(text) || /(?:^|[;&|]\s*)(?:\.|source)\s/.test(text)) return false;
  return !flags.some(flag => (flag.value ?? "").includes("env="));
}

function isBundling({ keyword, body }: DockerfileInstruction): boolean {
  return keyword === "RUN" && bundling.test(body.text);
}

/** The code of the component that is built puts the value into its bundle, and no env file beside it has one. */
function isBuiltIn(stack: Stack, build: Build, name: string): boolean {
  if (!publicName.test(name)) return false;
  const component = componentOf(stack, build);
  if (!component || !/^(?:next|vite|cra)$/.test(component.kind)) return false;
  if (
    stack.envFiles.some(
      file => isBeside(component, file.file) && file.entries.some(each => each.name.value === name),
    )
  )
    return false;
  return componentReads(stack, component).reads.some(read => read.name === name && read.buildTime);
}

function isBeside(component: AppComponent, file: string): boolean {
  return directoryOf(file) === component.dir && !/example|sample|template|dist$/i.test(file);
}

function componentOf(stack: Stack, build: Build): AppComponent | undefined {
  const service = stack.services.find(each => each.build === build);
  return service?.component ?? stack.components.find(component => component.dir === build.context);
}

function declaredElsewhere(
  dockerfile: Dockerfile,
  stage: Stage,
  step: DockerfileInstruction,
  name: string,
): LostArgument["elsewhere"] {
  const later = stage.args.find(each => each.name.value === name && each.at.span.start > step.at.span.start);
  if (later) return { at: later.at, because: "declared too late" };
  const global = dockerfile.args.find(each => each.name.value === name);
  if (global) return { at: global.at, because: "before FROM: not seen inside a stage" };
  const other = dockerfile.stages
    .filter(each => each !== stage)
    .flatMap(each => each.args)
    .find(each => each.name.value === name);
  return other && { at: other.at, because: "declared in another stage" };
}
