import type { Argument, DockerBuildCall } from "../artifacts/commands.ts";
import { basename, isOutside } from "../core/path.ts";
import { type BuildSources, resolveBuild } from "./builds.ts";
import type { Build, PlacedCall, Variable } from "./stack.ts";

/** The images that commands and actions build, resolved like those of Compose. */
export function callBuilds(calls: readonly PlacedCall[], sources: BuildSources): Build[] {
  return calls.flatMap(placed => {
    const { call } = placed;
    if (call.kind !== "docker-build" || !call.context) return [];
    const push = isPushed(placed, call, calls);
    return runsOf(placed, call).map(run => buildOf(placed, inRun(call, run), push, sources, run));
  });
}

type Run = ReadonlyMap<string, string>;
const ofMatrix = /\$\{\{\s*matrix\.([\w-]+)\s*\}\}/g;

/** The runs of the job that build different images; one where no part of the call is a matrix's. */
function runsOf({ caller }: PlacedCall, call: DockerBuildCall): readonly Run[] {
  const job = caller.workflow?.jobs.find(each => each.id.value === caller.name);
  const parts = [call.context, call.file, call.target].map(each => each?.value ?? each?.word.text ?? "");
  const runs = parts.some(part => part.search(ofMatrix) !== -1) ? (job?.combinations ?? []) : [];
  return runs.length > 0 ? runs : [new Map()];
}

function inRun(call: DockerBuildCall, run: Run): DockerBuildCall {
  if (run.size === 0) return call;
  const fill = <T extends Argument | undefined>(part: T): T => {
    const text = part?.value ?? part?.word.text ?? "";
    const filled = text.replace(ofMatrix, (whole, name) => run.get(name) ?? whole);
    return part && filled !== text && !filled.includes("${{") ? { ...part, value: filled } : part;
  };
  const [file, target] = [fill(call.file), fill(call.target)];
  return { ...call, context: fill(call.context), ...(file ? { file } : {}), ...(target ? { target } : {}) };
}

/** With --push, or by a `docker push` further down in the same job, target or script. */
function isPushed(placed: PlacedCall, call: DockerBuildCall, calls: readonly PlacedCall[]): boolean {
  if (call.push) return true;
  const { file, name } = placed.caller;
  return calls.some(
    other =>
      other.caller.file === file &&
      other.caller.name === name &&
      other.call.kind === "docker" &&
      /^(image )?push$/.test(other.call.verb) &&
      other.call.at.span.start > call.at.span.start,
  );
}

function buildOf(
  placed: PlacedCall,
  call: DockerBuildCall,
  push: boolean,
  sources: BuildSources,
  run: Run,
): Build {
  const cwd =
    call.cwd !== undefined && !isOutside(call.cwd) && !call.cwd.startsWith("~") && !call.remote
      ? call.cwd
      : undefined;
  const context = { value: call.context!.value, at: call.context!.at };
  return resolveBuild(
    {
      caller: { kind: placed.caller.kind, name: placed.caller.name ?? placed.caller.file },
      at: call.at,
      context,
      base: cwd,
      ...(call.file
        ? {
            dockerfile: { value: call.file.value, at: call.file.at },
            ...(cwd === undefined ? {} : { dockerfileBase: cwd }),
          }
        : {}),
      ...(call.target?.value === undefined
        ? {}
        : { target: { value: call.target.value, at: call.target.at } }),
      args: call.buildArgs.map(argOf),
      tags: tagsOf(placed, call, basename(sources.files.root), run),
      push,
      grade: !placed.deploys && !push ? "development" : isPreview(placed) ? previewGrade(placed) : "deployed",
    },
    sources,
  );
}

const deepest = 4;

/**
 * The names that a build gives its image, with what the workflow itself says put in: its `env`, the images of
 * docker/metadata-action, and the repository's name, which is taken from the checkout's directory.
 */
function tagsOf({ caller }: PlacedCall, call: DockerBuildCall, root: string, run: Run): string[] {
  const texts = call.tags.map(tag => tag.value ?? tag.word.text);
  const { workflow } = caller;
  const job = workflow?.jobs.find(each => each.id.value === caller.name);
  if (!workflow || !job) return texts;
  const own = root.replace(/^.*__/, "").toLowerCase();
  const env = (name: string) => job.env.get(name)?.value ?? workflow.env.get(name)?.value;
  const expand = (text: string, name: string, depth = 0): string =>
    depth > deepest
      ? text
      : text
          .replace(ofMatrix, (whole, each) => run.get(each) ?? whole)
          .replace(/\$\{\{\s*env\.(\w+)\s*\}\}|\$\{?([A-Z]\w*)\}?/g, (whole, one, other) => {
            const value = env(one ?? other);
            return value === undefined ? whole : expand(value, name, depth + 1);
          })
          .replace(
            /\$\{\{\s*github\.repository\s*\}\}|\$\{?CI_(?:REGISTRY_IMAGE|PROJECT_PATH)\}?/g,
            `\${OWNER}/${name}`,
          )
          .replace(/\$\{\{\s*github\.event\.repository\.name\s*\}\}|\$\{?CI_PROJECT_NAME\}?/g, own);
  // The checkout may lie under another name than the repository's: what stands behind that name is known all the same.
  const both = (text: string) => [...new Set([expand(text, own), expand(text, "${REPOSITORY}"), text])];
  return texts.flatMap(text => {
    const id = /^\$\{\{\s*steps\.([\w-]+)\.outputs\.tags\s*\}\}$/.exec(text)?.[1];
    const step = id === undefined ? undefined : job.steps.find(each => each.id?.value === id);
    const images =
      step?.uses?.repository === "docker/metadata-action" ? step.with.get("images")?.value : undefined;
    return images === undefined
      ? both(text)
      : images
          .split(/[\n,]/)
          .flatMap(each => (each.trim() === "" ? [] : both(each.trim().replace(/^name=/, ""))));
  });
}

/** A workflow for trying a branch out: nobody but its author waits for what it builds. */
function isPreview({ caller }: PlacedCall): boolean {
  if (caller.kind !== "workflow") return false;
  const title = `${basename(caller.file)} ${caller.workflow?.name?.value ?? ""}`;
  return /(^|[^a-z])(feature|preview|review-apps?|sandbox|canary|experimental)([^a-z]|$)/i.test(title);
}

/** Whoever starts one by hand looks at what becomes of it. */
function previewGrade({ caller }: PlacedCall): Build["grade"] {
  const triggers = caller.workflow?.triggers ?? [];
  return triggers.length > 0 && triggers.every(({ event }) => event === "workflow_dispatch")
    ? "development"
    : "staging";
}

/** `NAME=value`; a bare NAME takes the caller's environment, which nobody knows. */
function argOf(argument: DockerBuildCall["buildArgs"][number]): Variable {
  const text = argument.value ?? argument.word.text;
  const equals = text.indexOf("=");
  const name = equals === -1 ? text : text.slice(0, equals);
  const value = argument.value === undefined || equals === -1 ? undefined : text.slice(equals + 1);
  const interpolated = {
    raw: text.slice(equals + 1),
    text: value,
    byDefault: false,
    references: [],
    at: argument.at,
  };
  return {
    name,
    nameAt: argument.at,
    value: equals === -1 ? undefined : interpolated,
    at: argument.at,
    from: "build-arg",
  };
}
