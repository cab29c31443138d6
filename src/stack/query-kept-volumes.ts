import { type Stage, stageChain } from "../artifacts/dockerfile.ts";
import { basename, dirname, inside } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { containerScript } from "./query.ts";
import { isSaidInScripts } from "./query-certificates.ts";
import type { ComposeProject, Mount, Service, Stack } from "./stack.ts";

/** Volumes that lie over what an image brings: Docker fills them once, from the first image, and never again. */
export interface KeptVolume {
  readonly service: Service;
  readonly mount: Mount;
  /** The step of the Dockerfile that brings the newer files. */
  readonly brought: Location;
}

/** Named volumes of a service over code or built pages of its own image, which nothing brings up to date. */
export function keptVolumes(stack: Stack, service: Service): KeptVolume[] {
  const recipe = service.build ?? service.made;
  // Without a process in sight the entry point may copy the files anew.
  if (!recipe?.dockerfile || !recipe.stage || !service.model) return [];
  if (!service.process && !startsNothing(service)) return [];
  const stages = stageChain(recipe.dockerfile, recipe.stage);
  return service.mounts.flatMap(mount => {
    if (mount.type !== "volume" || mount.source === undefined || content.test(basename(mount.target)))
      return [];
    if (isBoundOrShared(service.project, mount.source)) return [];
    const brought = broughtTo(stack, service, stages, mount.target);
    if (!brought || isRefreshed(stack, service.project, mount.source)) return [];
    return [{ service, mount, brought }];
  });
}

/** The image of a language says nothing of what to start: the container ends at once, and copies nothing. */
function startsNothing({ model, entrypoint, command }: Service): boolean {
  return !entrypoint && !command && !model?.entrypoint && !model?.cmd && model?.base?.name === "node";
}

/** Directories of data. What an image has there is a first filling. */
const content =
  /^(?:media|uploads?|data|database|db|logs?|storage|files|images|avatars|tmp|temp|cache|backups?|certs?|config|conf|\w*settings|plugins|themes|extensions|migrations|versions|models?|run|state|home|node_modules|vendor|\.\w+)$/i;

/** A directory of the server, another host's share, or a volume that somebody else made. */
function isBoundOrShared(project: ComposeProject, name: string): boolean {
  const volume = project.volumes.find(each => each.name === name);
  if (!volume || volume.external || volume.device) return true;
  return volume.node.kind === "map" && volume.node.entries.some(({ key }) => key.value === "driver_opts");
}

/** The last step that puts sources or a build's output there. */
function broughtTo(
  stack: Stack,
  { model }: Service,
  stages: readonly Stage[],
  target: string,
): Location | undefined {
  const path = target.replace(/(.)\/+$/, "$1");
  for (const step of stages.flatMap(each => each.steps).toReversed()) {
    if (step.kind === "run") {
      if (/\bcollectstatic\b/.test(step.run.fragment.text) && isStaticRoot(stack, path)) return step.run.at;
      const built = /^(?:build|dist|out)$/.test(basename(path)) && dirname(path) === model?.workdir;
      if (built && /\b(?:npm|yarn|pnpm|bun)(?: run)? build\b/.test(step.run.fragment.text))
        return step.run.at;
      continue;
    }
    const copy = step.kind === "copy" ? step.copy : undefined;
    const to = copy?.absoluteDestination?.replace(/(.)\/+$/, "$1");
    if (!copy || to === undefined) continue;
    if (inside(path, to) !== undefined) {
      if (copy.sources.some(({ value }) => isTree(value))) return copy.at;
      continue;
    }
    // `COPY . .` with the directory among what it copies.
    if (!copy.from && inside(to, path) !== undefined && hasCode(model!.list(path))) return copy.at;
  }
  return undefined;
}

/** Where the settings say nothing that can be read, the name of the directory tells. */
function isStaticRoot({ components }: Stack, path: string): boolean {
  const lines = components.flatMap(({ files, django }) =>
    (django?.modules ?? []).flatMap(
      ({ file }) => files.read(file)?.text.match(/^STATIC_ROOT\s*=.*$/gm) ?? [],
    ),
  );
  const names = lines.map(line =>
    /environ|getenv|\benv\b|config/.test(line) ? undefined : /["']([^"']*)["'][^"']*$/.exec(line)?.[1],
  );
  return names.length === 0 || names.includes(undefined)
    ? /^static/i.test(basename(path))
    : names.some(name => basename(name!.replace(/\/+$/, "")) === basename(path));
}

function isTree(source: string): boolean {
  return source === "." || source.endsWith("/") || !/\.\w+$/.test(basename(source));
}

function hasCode(paths: readonly string[]): boolean {
  return paths.some(path => /\.(?:[cm]?[jt]sx?|css|html?|py|php|rb|go)$/.test(path));
}

const brings =
  /\b(?:cp|rsync|mv|install|tar|collectstatic)\b|\b(?:npm|yarn|pnpm|bun)\b.*\bbuild\b|\bgit\b|\bcomposer\b/;

/**
 * Something fills the volume again: a service that has it starts by copying or building, or a script removes the
 * volume or fills it by hand.
 */
function isRefreshed(stack: Stack, project: ComposeProject, volume: string): boolean {
  const users = project.services.filter(each => each.mounts.some(mount => mount.source === volume));
  if (users.some(user => startText(stack, user).some(text => brings.test(text)))) return true;
  return isSaidInScripts(
    stack,
    /\bcollectstatic\b|\bdocker\s+cp\b|\bcompose\b[^\n]*\scp\s|\bvolume\s+(?:rm|prune)\b|--volumes\b|\bdown\b[^\n]*\s-\w*v\b|\brm\b[^\n]*\s-\w*v\b/,
  );
}

function startText(stack: Stack, service: Service): string[] {
  const commands = service.process?.commands ?? [];
  const words = [
    ...(service.entrypoint?.words ?? service.model?.entrypoint?.words ?? []),
    ...commands.flat(),
  ].flatMap(word => word.value ?? []);
  const scripts = words.flatMap(
    path => containerScript(stack.scripts, stack.files, service, path)?.commands ?? [],
  );
  return [
    service.entrypoint?.text ?? "",
    service.command?.text ?? "",
    ...commands.map(list => list.map(word => word.value ?? "?").join(" ")),
    ...scripts.map(command => command.words.map(word => word.value ?? "?").join(" ")),
  ];
}
