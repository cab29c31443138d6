import type { CopyStep } from "../artifacts/dockerfile.ts";
import { stageChain } from "../artifacts/dockerfile.ts";
import { basename, inside, join } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { isPattern, sourcePath } from "./image/copy-sources.ts";
import type { Service, Stack } from "./stack.ts";

/** Volumes without a name that lie over code: Compose hands them on when it makes a container again. */
export interface InheritedVolume {
  readonly service: Service;
  readonly path: string;
  /** The mount, or the VOLUME of the Dockerfile. */
  readonly at: Location;
  /** The COPY that brings newer files in vain. */
  readonly brought: Location;
}

/** Anonymous mounts of a service and VOLUME lines of its Dockerfile, over code that its image brings. */
export function inheritedVolumes(stack: Stack, service: Service): InheritedVolume[] {
  const { model, kind, mounts } = service;
  const build = service.build ?? service.made;
  if (!model || !build?.dockerfile || kind !== "app" || service.get("volumes_from") || renews(stack))
    return [];
  const found: InheritedVolume[] = [];
  const add = (path: string, at: Location) => {
    // What lies around it on the server is what the program sees, and bind-hides-image's.
    if (mounts.some(each => each.type === "bind" && inside(each.target, path) !== undefined)) return;
    const copied = codeAt(stack, service, path);
    if (copied && !isFilledAtStart(service, path, copied))
      found.push({ service, path, at, brought: copied.at });
  };
  for (const { type, target, source, at } of mounts) {
    // Without a source and longer than its target, it has one that a variable hides.
    if (type !== "volume" || source !== undefined || target.includes("$")) continue;
    if (at.span.end - at.span.start <= target.length + 3) add(target, at);
  }
  for (const { value, at } of stageChain(build.dockerfile, model.stage).flatMap(stage => stage.volumes)) {
    const path = value.replace(/(.)\/+$/, "$1");
    if (path.startsWith("/") && !path.includes("$") && !mounts.some(each => each.target === path))
      add(path, at);
  }
  return found;
}

/** Directories of data and of what is installed or made at run time, not of code. */
const content =
  /^(?:media|static|staticfiles|assets_?collected|uploads?|data|db|logs?|storage|files|images|img|tmp|temp|cache|\.cache|backups?|certs?|config|conf|jwt|locales?|node_modules|\.?venv|vendor|plugins|extensions|themes|run|var)$/i;
const codeFile = /\.(?:py|[cm]?[jt]sx?|php|rb|go|java|vue|svelte|html|css)$/;

function codeAt(stack: Stack, service: Service, path: string): CopyStep | undefined {
  if (content.test(basename(path)) || path === "/") return undefined;
  return service.model!.stage.copies.findLast(copy => {
    const target = copy.absoluteDestination?.replace(/(.)\/+$/, "$1");
    if (target === undefined || !copy.resolved) return false;
    if (copy.fromStage !== undefined) return inside(path, target) !== undefined && isOutput(copy);
    const below = inside(target, path);
    if (copy.from || (inside(path, target) === undefined && below === undefined)) return false;
    return sourcesOf(service, copy).some(each => holdsCode(stack, below ? join(each, below) : each));
  });
}

/** The output of a stage that builds pages or a program. */
function isOutput(copy: CopyStep): boolean {
  return copy.sources.some(({ value }) =>
    /(?:^|\/)(?:dist|build|public|out|html|www|app|src)\/?$/.test(value),
  );
}

/** The paths of the repository that a COPY takes from its context, but for patterns. */
function sourcesOf({ build, made }: Service, copy: CopyStep): string[] {
  const { context } = build ?? made ?? {};
  if (context === undefined) return [];
  return copy.sources.flatMap(({ value }) =>
    isPattern(value) ? [] : [join(context, sourcePath(copy, value))],
  );
}

function holdsCode(stack: Stack, directory: string): boolean {
  if (directory !== "" && stack.files.has(directory) !== "directory") return false;
  return stack.files.paths.some(
    each => codeFile.test(each) && (directory === "" || inside(directory, each) !== undefined),
  );
}

/** The container copies its code into the volume, or builds into it, each time that it starts. */
function isFilledAtStart({ process, entrypoint }: Service, path: string, copied: CopyStep): boolean {
  const commands = process?.commands ?? [];
  const texts = [
    ...commands.map(argv => argv.map(word => word.value ?? "?").join(" ")),
    process?.text ?? "",
    entrypoint?.text ?? "",
  ];
  if (texts.some(text => /\b(?:cp|rsync|mv|tar|ln|install|git|unzip|wget|curl)\s/.test(text))) return true;
  const isBuilt =
    copied.fromStage !== undefined || /^(?:dist|build|public|out|\.next|html|www)$/.test(basename(path));
  return isBuilt && texts.some(text => /\bbuild\b|collectstatic|assets:precompile|compile/.test(text));
}

/** A release throws such volumes away before it starts. */
function renews(stack: Stack): boolean {
  return stack.calls.some(({ call }) => {
    const words = call.args.map(arg => arg.word.text);
    return (
      words.some(word => /^(?:-V|--renew-anon-volumes)$/.test(word)) ||
      (words.includes("volume") && words.includes("rm")) ||
      (words.includes("down") && words.some(word => /^(?:-v|--volumes)$/.test(word))) ||
      (words.includes("rm") && words.some(word => /^-\w*v/.test(word)))
    );
  });
}
