import { basename, inside, isOutside, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import { isBackupWork, isWorkstationCall } from "./query-scripts.ts";
import type { Mount, PlacedCall, Service, Stack } from "./stack.ts";

/** Backups that pack a directory of the server, where the data of that name lies in a volume. */

export interface EmptyArchive {
  readonly placed: PlacedCall;
  /** As it is written. */
  readonly folder: string;
  readonly at: Location;
  readonly service: Service;
  readonly mount: Mount;
}

const packers = /^(?:tar|zip|7z|rsync|cp)$/;
/** Folders that hold what visitors send. */
const data = /^(?:media|uploads?|storage|files|attachments|documents|user_?files|userdata)$/i;

export function emptyArchives(stack: Stack): EmptyArchive[] {
  return stack.calls.flatMap(placed => {
    const { call } = placed;
    if (!packers.test(call.name) || call.inside || !isBackupWork(placed) || isWorkstationCall(placed))
      return [];
    if (call.name === "tar" && isExtract(placed)) return [];
    return call.args.flatMap(arg => {
      const folder = arg.value?.replace(/^\.\//, "").replace(/(.)\/+\.?$/, "$1");
      if (folder === undefined || folder.startsWith("-") || !data.test(basename(folder))) return [];
      const found = volumeInstead(stack, placed, folder);
      return found ? [{ placed, folder, at: arg.at, ...found }] : [];
    });
  });
}

function isExtract({ call }: PlacedCall): boolean {
  const [first] = call.args;
  return /^-?[A-Za-z]*x/.test(first?.value ?? "") || call.args.some(({ value }) => value === "--extract");
}

/** The deployed service that keeps a folder of that name in a volume, where no mount puts it on the server. */
function volumeInstead(
  stack: Stack,
  { call, caller }: PlacedCall,
  folder: string,
): Pick<EmptyArchive, "service" | "mount"> | undefined {
  // Below the checkout: elsewhere people may have put it there.
  if (isOutside(folder) || /^[/~]/.test(folder) || folder.includes("$")) return undefined;
  const path = call.cwd === undefined || /^[/~]/.test(call.cwd) ? folder : join(call.cwd, folder);
  if (stack.files.has(path) === "directory") return undefined;
  const deployed = stack.services.filter(({ project }) => project.grade === "deployed");
  const name = basename(folder);
  const isHere = (mount: Mount) =>
    mount.type === "bind" &&
    (mount.repositoryPath === undefined
      ? basename(mount.source ?? "?") === name || mount.source?.includes("$")
      : basename(mount.repositoryPath) === name || inside(mount.repositoryPath, path) !== undefined);
  if (deployed.some(each => each.mounts.some(isHere))) return undefined;
  for (const service of deployed)
    for (const mount of service.mounts) {
      if (mount.type !== "volume" || mount.source === undefined || basename(mount.target) !== name) continue;
      const volume = service.project.volumes.find(each => each.name === mount.source);
      if (!volume || volume.device || isSavedElsewhere(stack, volume.name, volume.engineName, mount.target))
        continue;
      // The program of the host may serve another copy of it.
      if (sourceOf(stack, caller.file)?.text.includes("docker cp")) continue;
      return { service, mount };
    }
  return undefined;
}

/** A script or the command on a page names the volume, or goes into the container for the folder. */
function isSavedElsewhere(stack: Stack, name: string, engineName: string, target: string): boolean {
  const composed = new Set(stack.projects.flatMap(({ files }) => files));
  const volume = `(?:${engineName}|(?:^|[^\\w-]|_)${name})(?![\\w-])`;
  const said = new RegExp(volume, "m");
  const commanded = new RegExp(`\\b(?:docker|tar|cp|restic|rsync)\\b[^\\n]*${volume}`, "m");
  return [...stack.sources].some(
    ([path, { text }]) =>
      !composed.has(path) &&
      stack.kinds.get(path) !== "code" &&
      !/[Dd]ockerfile/.test(path) &&
      ((stack.kinds.get(path) === "runbook" ? commanded : said).test(text) ||
        (/\bdocker\b|\bcompose\b/.test(text) && text.includes(target) && /\bcp\b|\btar\b/.test(text))),
  );
}
