import type { Dockerfile } from "../artifacts/dockerfile.ts";
import { stageFor } from "../artifacts/dockerfile.ts";
import { isOutside, join } from "../core/path.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { Located, Location } from "../core/source.ts";
import { dockerignorePathFor, type Ignore, isIgnored } from "../formats/dockerignore.ts";
import { type BuildContextView, imageOf } from "./image/image.ts";
import type { Build, Variable } from "./stack.ts";

/** What asks for an image, as written. Unknown texts are undefined. */
export interface BuildRequest {
  readonly caller: Build["caller"];
  readonly project?: Build["project"];
  readonly at: Location;
  readonly context: Located<string | undefined>;
  /** Directory that a relative context resolves against; undefined when nobody knows it. */
  readonly base: string | undefined;
  /** Path as written: relative to the context in Compose, to the caller's directory on a command line. */
  readonly dockerfile?: Located<string | undefined>;
  readonly dockerfileBase?: string;
  readonly inline?: boolean;
  readonly target?: Located<string>;
  readonly args: readonly Variable[];
  readonly tags: readonly string[];
  readonly push: boolean;
  readonly grade: Build["grade"];
}

export interface BuildSources {
  readonly files: ProjectFiles;
  /** Directories that git fills from another repository: absent here proves nothing. */
  readonly submodules: readonly string[];
  dockerfile(path: string): Dockerfile | undefined;
  ignoreFile(path: string): Ignore | undefined;
}

/** Resolves a build request against the tree: context, Dockerfile, stage, and the image that comes out. */
export function resolveBuild(request: BuildRequest, sources: BuildSources): Build {
  const context = contextOf(request, sources);
  const dockerfile = dockerfileOf(request, context.context, context.contextState, sources);
  const common = {
    caller: request.caller,
    at: request.at,
    contextAt: request.context.at,
    args: request.args,
    tags: request.tags,
    push: request.push,
    grade: request.grade,
    ...(request.project ? { project: request.project } : {}),
    ...(request.target ? { target: request.target } : {}),
  };
  const found = dockerfile.dockerfile;
  if (!found) return { ...common, ...context, ...dockerfile };
  const args = buildArgs(request.args);
  const stage = stageFor(found, request.target?.value);
  const ignore = ignoreOf(context.context, dockerfile.dockerfilePath, sources);
  if (!stage) return { ...common, ...context, ...dockerfile, ...ignore };
  const view =
    context.contextState === "present" ? contextView(context.context!, ignore.ignore, sources) : undefined;
  return { ...common, ...context, ...dockerfile, ...ignore, stage, model: imageOf(found, stage, view, args) };
}

function contextOf(request: BuildRequest, sources: BuildSources): Pick<Build, "context" | "contextState"> {
  const text = request.context.value;
  if (text === undefined) return { contextState: "unknown" };
  if (/^([a-z+]+:\/\/|git@|github\.com\/)/.test(text) || text === "-") return { contextState: "remote" };
  if (text.includes("$") || text.includes("{{") || text.startsWith("~") || request.base === undefined)
    return { contextState: "unknown" };
  const context = join(request.base, text);
  if (isOutside(context)) return { contextState: "outside" };
  if (sources.submodules.some(path => context === path || context.startsWith(`${path}/`)))
    return { contextState: "unknown" };
  const kind = context === "" ? "directory" : sources.files.has(context);
  return { context, contextState: kind === "directory" ? "present" : "absent" };
}

function dockerfileOf(
  request: BuildRequest,
  context: string | undefined,
  state: Build["contextState"],
  sources: BuildSources,
): Pick<Build, "dockerfileAt" | "dockerfileState" | "dockerfilePath" | "dockerfile"> {
  const dockerfileAt = request.dockerfile?.at ?? request.context.at;
  if (request.inline) return { dockerfileAt, dockerfileState: "inline" };
  const text = request.dockerfile ? request.dockerfile.value : "Dockerfile";
  if (text === undefined || /[$]|\{\{/.test(text)) return { dockerfileAt, dockerfileState: "unknown" };
  const base =
    request.dockerfile && request.dockerfileBase !== undefined
      ? request.dockerfileBase
      : state === "present"
        ? context
        : undefined;
  if (base === undefined) return { dockerfileAt, dockerfileState: "unknown" };
  const wanted = join(base, text);
  // The builder takes `dockerfile` where the default name is asked for and is not there.
  const lower = join(base, "dockerfile");
  const isLower = !request.dockerfile && sources.files.has(wanted) === undefined && sources.files.has(lower);
  const path = isLower === "file" ? lower : wanted;
  if (isOutside(path)) return { dockerfileAt, dockerfileState: "unknown" };
  const dockerfile = sources.dockerfile(path);
  if (dockerfile) return { dockerfileAt, dockerfileState: "present", dockerfilePath: path, dockerfile };
  const kind = sources.files.has(path);
  return { dockerfileAt, dockerfileState: kind === "file" ? "unknown" : "absent", dockerfilePath: path };
}

function ignoreOf(
  context: string | undefined,
  dockerfilePath: string | undefined,
  sources: BuildSources,
): Pick<Build, "ignore"> {
  if (context === undefined || dockerfilePath === undefined) return {};
  const path = dockerignorePathFor(
    context,
    dockerfilePath,
    candidate => sources.files.has(candidate) === "file",
  );
  const rules = path === undefined ? undefined : sources.ignoreFile(path);
  return path !== undefined && rules ? { ignore: { path, rules } } : {};
}

/** The context as the engine receives it: ignored files are not there. */
function contextView(context: string, ignore: Build["ignore"], sources: BuildSources): BuildContextView {
  const real = (path: string): string => (path === "" ? context : join(context, path));
  const verdict = (path: string): ReturnType<typeof isIgnored> =>
    ignore && path !== "" ? isIgnored(ignore.rules, path) : { ignored: false };
  return {
    dir: context,
    has: path => {
      const target = real(path);
      if (isOutside(target)) return undefined;
      const kind = target === "" ? "directory" : sources.files.has(target);
      if (kind === undefined || !verdict(path).ignored) return kind;
      return kind === "directory" && takenBackBelow(ignore, path) ? kind : undefined;
    },
    list: directory =>
      sources.files.list(real(directory)).filter(name => {
        const path = join(directory, name);
        return !verdict(path).ignored || takenBackBelow(ignore, path);
      }),
    why: path => {
      const target = real(path);
      if (isOutside(target) || (target !== "" && sources.files.has(target) === undefined))
        return { reason: "absent" };
      const by = verdict(path).by;
      return { reason: "ignored", ...(by ? { by: by.at } : {}) };
    },
  };
}

/** A `!pattern` may reach below an ignored directory, so that the directory is still there. */
function takenBackBelow(ignore: Build["ignore"], path: string): boolean {
  return (ignore?.rules.patterns ?? []).some(
    pattern => pattern.negated && (pattern.pattern.startsWith(`${path}/`) || /^[*?[]/.test(pattern.pattern)),
  );
}

/** An argument whose value only the caller knows is there without one. */
function buildArgs(args: readonly Variable[]): ReadonlyMap<string, string | undefined> {
  const map = new Map<string, string | undefined>();
  for (const { name, value } of args) if (value) map.set(name, value.text);
  return map;
}
