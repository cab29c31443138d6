import type { ArtifactKind, Parsed } from "../core/artifact.ts";
import type { Fragment } from "../core/fragment.ts";
import { basename } from "../core/path.ts";
import type { Located, Location, Source } from "../core/source.ts";
import type {
  DockerfileFlag,
  DockerfileHeredoc,
  DockerfileInstruction,
  DockerfileSyntax,
} from "../formats/dockerfile.ts";
import { parseDockerfile } from "../formats/dockerfile.ts";
import { readStages } from "./dockerfile-stages.ts";

/** One `NAME=value` of ENV, in either spelling. */
export interface EnvSetting {
  readonly name: Located<string>;
  /** Without quotes; known variables are substituted, unknown ones left as written. */
  readonly value: Located<string>;
  /** False when a variable that nothing in the file tells takes part in the value. */
  readonly resolved: boolean;
  readonly at: Location;
}

export interface ArgDeclaration {
  readonly name: Located<string>;
  /** The default, or for a global ARG named again in a stage the global default. */
  readonly value?: Located<string>;
  readonly at: Location;
}

/** The command of CMD, ENTRYPOINT or HEALTHCHECK. */
export interface ContainerCommand {
  /** `shell`: run by the stage's shell, by default `/bin/sh -c`. */
  readonly form: "exec" | "shell";
  /** exec: as written; shell: split without expansion. */
  readonly words: readonly Located<string>[];
  /** shell: the text in one line; exec: the words joined by blanks, for messages. */
  readonly text: string;
  /** The shell text with its places; absent for exec. */
  readonly fragment?: Fragment;
  readonly at: Location;
}

export interface ImageHealthcheck {
  /** `HEALTHCHECK NONE`. */
  readonly disabled: boolean;
  readonly command?: ContainerCommand;
  /** `interval`, `start-period` and so on, as written. */
  readonly options: ReadonlyMap<string, string>;
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly startPeriodMs?: number;
  readonly startIntervalMs?: number;
  readonly retries?: number;
  readonly at: Location;
}

/**
 * A directory inside the image at some point of the build: absolute, or `./x` below the working directory of an
 * external base image that the file does not tell; undefined when a variable is unknown.
 */
export type ImagePath = string | undefined;

export interface CopyStep {
  readonly keyword: "COPY" | "ADD";
  readonly at: Location;
  /** Variables substituted, quotes removed; heredocs are in `inline`. */
  readonly sources: readonly Located<string>[];
  readonly destination: Located<string>;
  /** `--from` as written. */
  readonly from?: Located<string>;
  /** The stage that `--from` names; undefined for an image or the build context. */
  readonly fromStage?: number;
  /** No stage has the name in `--from`: the build stops here, and `fromStage` is the one that is surely meant. */
  readonly misnamed?: true;
  /** False when a source or the destination holds a variable that nothing in the file tells. */
  readonly resolved: boolean;
  readonly destinationPath: ImagePath;
  /** `destinationPath` when it is absolute. */
  readonly absoluteDestination: string | undefined;
  /** The destination is surely a directory: it ends with a slash or is `.`, or there are several sources. */
  readonly intoDirectory: boolean;
  readonly chown?: Located<string>;
  readonly chmod?: Located<string>;
  readonly exclude: readonly Located<string>[];
  readonly parents: boolean;
  /** Files written in the Dockerfile itself. */
  readonly inline: readonly DockerfileHeredoc[];
  readonly workdir: ImagePath;
}

export interface RunStep {
  readonly at: Location;
  readonly form: "exec" | "shell";
  /** The command's text, continuations removed. */
  readonly fragment: Fragment;
  /** exec form only. */
  readonly exec?: readonly Located<string>[];
  /** `RUN <<EOF`: the bodies, which are the script when the text is nothing but the announcement. */
  readonly heredocs: readonly DockerfileHeredoc[];
  readonly flags: readonly DockerfileFlag[];
  /** The last USER before this step; undefined: the base image's own. */
  readonly user?: Located<string>;
  readonly workdir: ImagePath;
}

/** What changes the file system, in order. */
export type StageStep =
  | { readonly kind: "copy"; readonly copy: CopyStep }
  | { readonly kind: "run"; readonly run: RunStep }
  | { readonly kind: "workdir"; readonly path: ImagePath; readonly at: Location };

export interface StageBase {
  /** As written. */
  readonly image: Located<string>;
  /** With ARGs substituted; undefined when one has no value that the file tells. */
  readonly resolved?: string;
  /** The earlier stage it names. */
  readonly parent?: number;
  readonly platform?: Located<string>;
  readonly at: Location;
}

/** One stage with what it says itself; what it inherits from a parent stage is found through `stageChain`. */
export interface Stage {
  readonly index: number;
  /** As written; names are compared without case. */
  readonly name?: Located<string>;
  readonly from: StageBase;
  readonly instructions: readonly DockerfileInstruction[];
  readonly env: readonly EnvSetting[];
  readonly args: readonly ArgDeclaration[];
  /** At the end of the stage, inherited ones included. */
  readonly workdir: ImagePath;
  readonly workdirs: readonly Located<string>[];
  /** The last USER of this stage. */
  readonly user?: Located<string>;
  readonly cmd?: ContainerCommand;
  readonly entrypoint?: ContainerCommand;
  readonly healthcheck?: ImageHealthcheck;
  readonly exposes: readonly Located<string>[];
  readonly volumes: readonly Located<string>[];
  readonly copies: readonly CopyStep[];
  readonly runs: readonly RunStep[];
  /** Copies, runs and working directories in order. */
  readonly steps: readonly StageStep[];
  readonly stopsignal?: Located<string>;
  readonly shell?: readonly Located<string>[];
  readonly labels: readonly EnvSetting[];
}

export interface Dockerfile {
  readonly file: string;
  readonly syntax: DockerfileSyntax;
  readonly instructions: readonly DockerfileInstruction[];
  /** ARGs before the first FROM. */
  readonly args: readonly ArgDeclaration[];
  readonly stages: readonly Stage[];
}

const notDockerfiles =
  /\.(md|markdown|txt|rst|adoc|sh|bash|ps1|py|js|ts|json|ya?ml|toml|html?|dockerignore|orig|rej|bak|lock|swp|j2|tmpl|tpl|erb)$/i;

export const dockerfile: ArtifactKind<Dockerfile> = {
  kind: "dockerfile",
  recognises(path) {
    const name = basename(path);
    if (notDockerfiles.test(name)) return false;
    return (
      /^(dockerfile|containerfile)([.\-_][^/]*)?$/i.test(name) ||
      /[^/]\.(dockerfile|containerfile)$/i.test(name)
    );
  },
  parse: source => readDockerfile(source),
};

/** Reads a Dockerfile; `buildArgs` are values that a build passes with `--build-arg`. Problems are what fails a build. */
export function readDockerfile(
  source: Source,
  buildArgs: ReadonlyMap<string, string | undefined> = new Map(),
): Parsed<Dockerfile> {
  const syntax = parseDockerfile(source);
  const refused = syntax.model.instructions.length === 0;
  const { model, problems } = readStages(source.path, syntax.model, buildArgs);
  return { model, problems: refused ? syntax.problems : [...syntax.problems, ...problems] };
}

/** The same file as a build with these arguments sees it. */
export function withBuildArgs(
  model: Dockerfile,
  buildArgs: ReadonlyMap<string, string | undefined>,
): Dockerfile {
  return buildArgs.size === 0 ? model : readStages(model.file, model.syntax, buildArgs).model;
}

/** The stage that `target` names (by name without case, or by number); without a target the last one. */
export function stageFor(model: Dockerfile, target?: string): Stage | undefined {
  if (target === undefined || target === "") return model.stages.at(-1);
  return findStage(model.stages, target);
}

/** A stage by name, the last one of that name, or by number. */
function findStage(stages: readonly Stage[], target: string): Stage | undefined {
  const wanted = target.toLowerCase();
  const named = stages.findLast(stage => stage.name?.value.toLowerCase() === wanted);
  if (named) return named;
  return /^\d+$/.test(target) ? stages[Number(target)] : undefined;
}

/** The stage and those it is built from, the eldest first. */
export function stageChain(model: Dockerfile, stage: Stage): readonly Stage[] {
  const chain = [stage];
  for (let next = stage.from.parent; next !== undefined; next = model.stages[next]?.from.parent) {
    const parent = model.stages[next];
    if (!parent) break;
    chain.unshift(parent); // a parent's index is always smaller: this ends
  }
  return chain;
}
