import { ownFiles } from "../artifacts/project-files.ts";
import { basename, inside } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { containerFile } from "./query.ts";
import { isNeverLoaded } from "./query-idle-defaults.ts";
import type { Mount, Service, Stack } from "./stack.ts";

/** Directories that Docker makes for root under a program that runs as another user. */

/** Why the program may not write to a mount; undefined where it may, or where that cannot be told. */
export type Refusal = "volume" | "bind";

export function refusalOf(stack: Stack, service: Service, mount: Mount): Refusal | undefined {
  if (mount.readOnly || mount.source === undefined || !runsAsOther(service)) return undefined;
  if (logFolder.test(basename(mount.target)) && writesNoLogs(stack, service, mount)) return undefined;
  if (isNewVolume(stack, service, mount)) return imageLacks(service, mount.target) ? "volume" : undefined;
  return isMadeByDocker(stack, service, mount) && isWritten(service, mount) ? "bind" : undefined;
}

/** The image says by itself which user that is, and nobody changes it. */
export function runsAsOther({ user, oneShot, model, facts, build, made }: Service): boolean {
  if (user || oneShot) return false;
  if (build || made) return model?.runsAsRoot === false && model.user !== undefined;
  return facts?.user !== undefined && !/^(?:root|0)\b/.test(facts.user) && !facts.dropsPrivileges;
}

/** A named volume that no other image would bring the directory to, and no helper change the owner of. */
export function isNewVolume(stack: Stack, service: Service, mount: Mount): boolean {
  if (mount.type !== "volume" || mount.source === undefined || mount.readOnly) return false;
  const { source } = mount;
  const volume = service.project.volumes.find(each => each.name === source);
  if (!volume || volume.external) return false;
  return stack.services.every(
    other =>
      other === service ||
      other.project !== service.project ||
      (other.model !== undefined && other.model === service.model) ||
      other.mounts.every(each => each.source !== source || leavesAsItIs(other, each)),
  );
}

/** A proxy that only serves what is there: it has no such directory, and runs nothing but itself. */
function leavesAsItIs(other: Service, mount: Mount): boolean {
  if (other.kind !== "proxy" || other.command || other.entrypoint) return false;
  const { model, facts } = other;
  if (model) return model.file(mount.target).has === "no" && model.entrypoint === undefined;
  return facts !== undefined && ![...facts.volumes, ...facts.dataDirectories].includes(mount.target);
}

function imageLacks({ model, facts }: Service, target: string): boolean {
  if (model) return model.file(target).has === "no";
  if (!facts) return false;
  if ([...facts.volumes, ...facts.dataDirectories].some(each => related(each, target))) return false;
  const [, root = ""] = target.split("/");
  const known = home.exec(target);
  if (known) return !shipped.has(known[1]!);
  return (
    !systemRoots.test(root) && !facts.directories.includes(root) && facts.workdir?.split("/")[1] !== root
  );
}

/** What the images of Elasticsearch and OpenSearch have in the program's directory (their archives, 6.x to 9.x). */
const home = /^\/usr\/share\/(?:elasticsearch|opensearch)\/([\w.-]+)/;
const shipped = new Set(
  "bin config data extensions jdk lib logs manifests modules performance-analyzer-rca plugins".split(" "),
);
/** `/mnt` is not among them: root owns it, with all that Docker makes below. */
const systemRoots = /^(?:bin|boot|dev|etc|home|lib|lib32|lib64|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)$/;

function related(one: string, other: string): boolean {
  return inside(one, other) !== undefined || inside(other, one) !== undefined;
}

/** A directory on the host that a checkout does not have, and that nothing in the repository makes or hands over. */
function isMadeByDocker(stack: Stack, service: Service, mount: Mount): boolean {
  if (mount.type !== "bind" || !mount.createsHostPath || /\.\w{1,5}$/.test(mount.target)) return false;
  // The checkout's neighbour is not there on a new server, and `/tmp` is emptied at each start of it.
  const outside = mount.exists === undefined && /^(?:\.\.\/|\/tmp\/|\/run\/)/.test(mount.source ?? "");
  if (mount.exists !== "absent" && !outside) return false;
  const name = basename(mount.source!.replace(/\/+$/, ""));
  // `mkdir -p data logs`, or the names in a loop or a list around such a command.
  const prepared = new RegExp(
    `(?:\\b(?:mkdir|install -d|chown|setfacl|chmod (?:-R )?[0-7]{3,4}|makedirs|for \\w+ in)\\b|_DIRS?=)[^\\n]*(?<![\\w-])${escaped(name)}(?![\\w-])`,
  );
  const composed = new Set(service.project.files);
  if (
    [...stack.sources.values()].some(
      ({ path, text }) => !isDocker(path) && !composed.has(path) && prepared.test(text),
    )
  )
    return false;
  return service.project.services.every(
    other =>
      other === service ||
      runsAsOther(other) ||
      other.kind === "proxy" ||
      !other.mounts.some(each => each.source === mount.source && !each.readOnly),
  );
}

const logFolder = /^logs?$/i;
/** `"logs"`, `'logs/error.log'`, `logs/access.log`: a name of the folder in a program or its configuration. */
const namesLogs =
  /["'`]\/?(?:[\w.-]+\/){0,6}logs?["'`/]|(?<![\w-])logs?\/[\w.%{$-]{1,60}\.(?:log|txt|jsonl?)\b/i;

/** The program prints: no file of it that is loaded names a folder for logs, and no command does. */
function writesNoLogs(stack: Stack, service: Service, mount: Mount): boolean {
  const { component } = service;
  if (
    !component ||
    !/(?:package\.json|requirements\.txt|pyproject\.toml|manage\.py)$/.test(component.manifest)
  )
    return false;
  const names = (path: string, text: string) =>
    namesLogs.test(text) && !isNeverLoaded(stack, service, { file: path } as Location);
  const code = ownFiles(stack.files, component.dir).filter(
    path =>
      /\.(?:py|[cm]?[jt]s|tsx|ini|toml|cfg|conf|ya?ml|json)$/.test(path) && !path.endsWith("package.json"),
  );
  const read = code.map(path => [path, component.files.read(path)?.text] as const);
  return (
    !isNamed([service], [mount.target]) &&
    ![...stack.sources.values()].some(({ text }) => text.includes(`${mount.target}/`)) &&
    !read.some(([path, text]) => text !== undefined && names(path, text))
  );
}

function isDocker(path: string): boolean {
  return /(?:^|\/)(?:[Dd]ocker|[Cc]ontainer)file|\.dockerfile$/i.test(path);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** Folders that programs write to, by what they are called everywhere. */
const written = /^(?:uploads?|media|logs?|backups?|staticfiles|storage|exports?|output|snapshots?)$/i;

function isWritten(service: Service, mount: Mount): boolean {
  const { facts, build, made } = service;
  if (!build && !made) return facts!.dataDirectories.includes(mount.target);
  return written.test(basename(mount.target)) || isNamed([service], [mount.target]);
}

/** A variable names a file or folder there: the program does write to it. */
export function isNamed(services: readonly Service[], targets: readonly string[]): boolean {
  const texts = services.flatMap(service => service.environment.flatMap(each => each.value?.text ?? []));
  return targets.some(target => texts.some(text => `${text}/`.includes(`${target}/`)));
}

/** The directory is in the image, so that a new volume takes its owner. */
export function imageBrings(stack: Stack, service: Service, mount: Mount): boolean {
  return (
    runsAsOther(service) &&
    isNewVolume(stack, service, mount) &&
    containerFile(stack, { ...service, mounts: [] }, mount.target).has === "yes"
  );
}
