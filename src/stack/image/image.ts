import type {
  ContainerCommand,
  CopyStep,
  Dockerfile,
  ImageHealthcheck,
  Stage,
  StageStep,
} from "../../artifacts/dockerfile.ts";
import { stageChain, withBuildArgs } from "../../artifacts/dockerfile.ts";
import { basename } from "../../core/path.ts";
import type { Located, Location } from "../../core/source.ts";
import type { BuildContextView } from "./context.ts";
import type { MissingSource } from "./copy-sources.ts";
import { isPattern, missingInContext, sourcePath } from "./copy-sources.ts";
import type { ImageFacts, ImageRef } from "./facts.ts";
import { parseImageRef } from "./facts.ts";
import type { FileAnswer, ToolAnswer } from "./files.ts";
import { StageFiles } from "./files.ts";
import { listDirectory } from "./listing.ts";
import type { PackageInstall } from "./packages.ts";
import { toolIn } from "./tools.ts";

export type { BuildContextView } from "./context.ts";
export type { MissingSource } from "./copy-sources.ts";
export type { FileAnswer, ToolAnswer } from "./files.ts";
export type { PackageInstall, PackageManager } from "./packages.ts";

/** What is inside the image of one stage, settings of parent stages included. */
export interface ImageModel {
  readonly stage: Stage;
  /** The external image everything starts from; undefined when its name holds an unknown variable. */
  readonly base?: ImageRef;
  readonly facts?: ImageFacts;
  /** The last USER of the stage or its parents; undefined: the base image's own. */
  readonly user?: Located<string>;
  /** Whether the main process serves as root; undefined when the base image or the user is not known. */
  readonly runsAsRoot: boolean | undefined;
  /** Absolute; undefined when the base image's own or a variable in it is not known. */
  readonly workdir: string | undefined;
  /** ENV of the file by name; the base image's own is not in it. Unknown variables in a value stay as written. */
  readonly env: ReadonlyMap<string, Located<string>>;
  readonly cmd?: ContainerCommand;
  readonly entrypoint?: ContainerCommand;
  /** Of the file. Whether the base image brings one is `facts.healthcheck`. */
  readonly healthcheck?: ImageHealthcheck;
  readonly exposes: readonly Located<string>[];
  readonly volumes: readonly Located<string>[];
  readonly stopsignal?: Located<string>;
  readonly shell?: readonly Located<string>[];
  readonly packages: readonly PackageInstall[];
  /** Sources of COPY that do not exist, in this stage and all stages that its build needs. */
  readonly missingSources: readonly MissingSource[];
  /** Whether a program can be called: by name, or by absolute path. */
  tool(name: string): ToolAnswer;
  /** The state of an absolute path. */
  file(absolutePath: string): FileAnswer;
  /** The state of an absolute path just before the step (COPY, RUN) at this place of the Dockerfile runs. */
  fileBefore(step: Location, absolutePath: string): FileAnswer;
  /** Models of all stages whose steps a build of this one runs, in order; this one is the last. */
  readonly built: readonly ImageModel[];
  /** Absolute paths directly below a directory that are there for sure; there may be more. */
  list(absoluteDirectory: string): readonly string[];
}

/**
 * The image a stage builds. Without a context nothing is known about files that are copied from it.
 * `buildArgs` replace the defaults of ARGs, in this stage and in all that it is built from.
 */
export function imageOf(
  written: Dockerfile,
  writtenStage: Stage,
  context?: BuildContextView,
  buildArgs: ReadonlyMap<string, string | undefined> = new Map(),
): ImageModel {
  const dockerfile = withBuildArgs(written, buildArgs);
  const stage = dockerfile.stages[writtenStage.index] ?? writtenStage;
  return modelOf(new StageFiles(dockerfile, context), dockerfile, stage);
}

function modelOf(files: StageFiles, dockerfile: Dockerfile, stage: Stage): ImageModel {
  const chain = stageChain(dockerfile, stage);
  const layers = files.layersOf(stage);
  const { resolved } = layers.base.from;
  const base = resolved === undefined ? undefined : parseImageRef(resolved);
  const last = <K extends keyof Stage>(key: K) => chain.findLast(each => each[key] !== undefined)?.[key];
  const user = last("user");
  const entrypoint = last("entrypoint");
  const cmd = commandOf(chain);
  const healthcheck = last("healthcheck");
  const stopsignal = last("stopsignal");
  const shell = last("shell");
  const env = new Map<string, Located<string>>();
  for (const setting of chain.flatMap(each => each.env)) env.set(setting.name.value, setting.value);
  const tool = (name: string) => toolIn(files, dockerfile.stages, stage, name);
  let packages: readonly PackageInstall[] | undefined;
  let missing: readonly MissingSource[] | undefined;
  let built: readonly ImageModel[] | undefined;
  const model: ImageModel = {
    stage,
    ...(base ? { base } : {}),
    ...(layers.facts ? { facts: layers.facts } : {}),
    ...(user ? { user } : {}),
    runsAsRoot: runsAsRoot(user, layers.facts, entrypoint, cmd, tool),
    workdir: files.absolute(layers, stage.workdir),
    env,
    ...(cmd ? { cmd } : {}),
    ...(entrypoint ? { entrypoint } : {}),
    ...(healthcheck ? { healthcheck } : {}),
    ...(stopsignal ? { stopsignal } : {}),
    ...(shell ? { shell } : {}),
    exposes: chain.flatMap(each => each.exposes),
    volumes: chain.flatMap(each => each.volumes),
    get packages() {
      packages ??= layers.steps.flatMap(step =>
        step.kind === "run" ? files.effectsOf(layers, step.run).packages : [],
      );
      return packages;
    },
    get missingSources() {
      missing ??= missingSources(dockerfile, stage, files);
      return missing;
    },
    tool,
    file: path => files.file(stage, path),
    fileBefore: (step, path) => {
      const index = layers.steps.findIndex(each => sameStep(each, step));
      return files.file(stage, path, index === -1 ? undefined : index);
    },
    get built() {
      built ??= neededStages(dockerfile, stage).map(each =>
        each.index === stage.index ? model : modelOf(files, dockerfile, each),
      );
      return built;
    },
    list: directory => listDirectory(files, dockerfile.stages, stage, directory),
  };
  return model;
}

/** A place anywhere in the step's instruction means the step. */
function sameStep(step: StageStep, place: Location): boolean {
  const at = step.kind === "run" ? step.run.at : step.kind === "copy" ? step.copy.at : step.at;
  return at.span.start <= place.span.start && place.span.start < at.span.end;
}

/** An ENTRYPOINT drops the CMD that a parent brought; a CMD of the same stage stays, wherever it stands. */
function commandOf(chain: readonly Stage[]): ContainerCommand | undefined {
  for (const stage of chain.toReversed()) {
    if (stage.cmd) return stage.cmd;
    if (stage.entrypoint) return undefined;
  }
  return undefined;
}

/** Servers that official entry points start under a user of their own. */
const droppingServers = new Set(
  "nginx postgres redis-server valkey-server mysqld mariadbd mongod httpd httpd-foreground apache2-foreground php-fpm rabbitmq-server docker-entrypoint.sh".split(
    " ",
  ),
);

function runsAsRoot(
  user: Located<string> | undefined,
  facts: ImageFacts | undefined,
  entrypoint: ContainerCommand | undefined,
  cmd: ContainerCommand | undefined,
  tool: (name: string) => ToolAnswer,
): boolean | undefined {
  const name = (user?.value ?? facts?.user)?.split(":")[0];
  if (name === undefined || name.includes("$")) return undefined;
  if (name !== "root" && name !== "0") return false;
  if (user === undefined && facts?.dropsPrivileges && !entrypoint) {
    const first = cmd?.words[0]?.value;
    if (first === undefined || first.startsWith("-") || droppingServers.has(basename(first))) return false;
  }
  // A tool for changing the user was installed on purpose, or the entry point uses one: it may well drop by itself.
  const words = [...(entrypoint?.words ?? []), ...(cmd?.words ?? [])].map(word => basename(word.value));
  const droppers = ["gosu", "su-exec", "setpriv", "runuser", "chpst", "s6-setuidgid"];
  if (words.some(word => droppers.includes(word))) return undefined;
  const installed = ["gosu", "su-exec"].some(
    dropper => tool(dropper).has === "yes" && facts?.tools.get(dropper) !== true,
  );
  return installed ? undefined : true;
}

/** Stages that BuildKit builds for this one: parents and those that files are copied from. */
function neededStages(dockerfile: Dockerfile, stage: Stage): readonly Stage[] {
  const needed = new Set<Stage>();
  const open = [stage];
  for (let next = open.pop(); next; next = open.pop()) {
    if (needed.has(next)) continue;
    needed.add(next);
    for (const index of [next.from.parent, ...next.copies.map(copy => copy.fromStage)]) {
      const other = index === undefined ? undefined : dockerfile.stages[index];
      if (other) open.push(other);
    }
  }
  return [...needed].sort((a, b) => a.index - b.index);
}

function missingSources(dockerfile: Dockerfile, stage: Stage, files: StageFiles): readonly MissingSource[] {
  const { context } = files;
  return neededStages(dockerfile, stage).flatMap(each =>
    each.copies.flatMap(copy => {
      if (copy.from) return missingInStage(dockerfile, copy, files);
      return context ? missingInContext(copy, context) : [];
    }),
  );
}

function missingInStage(dockerfile: Dockerfile, copy: CopyStep, files: StageFiles): MissingSource[] {
  const origin = copy.fromStage === undefined ? undefined : dockerfile.stages[copy.fromStage];
  if (!origin || !copy.resolved) return [];
  return copy.sources.flatMap(source => {
    const path = sourcePath(copy, source.value);
    if (isPattern(path) || files.file(origin, path).has !== "no") return [];
    // `ENV UV_PROJECT_ENVIRONMENT=/venv`: where a program is told to put what it makes.
    const told = stageChain(dockerfile, origin).flatMap(stage => (stage.runs.length > 0 ? stage.env : []));
    if (told.some(({ value }) => value.value === path)) return [];
    if (stageChain(dockerfile, origin).some(({ runs }) => runs.some(run => tells(run.fragment.text, path))))
      return [];
    return [{ source, copy, path, reason: "absent" as const, fromStage: origin.index }];
  });
}

/** `UV_PROJECT_ENVIRONMENT=/venv uv sync`: the same, for one command. */
function tells(text: string, path: string): boolean {
  return text.split(/\s+/).some(word => /^[A-Z_]+=/.test(word) && word.replace(/^\w+=/, "") === path);
}
