import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { locate } from "../core/source.ts";
import { addItem } from "../formats/yaml-edit.ts";
import {
  type DataDirectory,
  followsNewest,
  hasLastingNode,
  isPostgres,
  postgresMajor,
} from "../stack/query-data.ts";
import { workingDirectory } from "../stack/query-import.ts";
import type { Mount, Service, Stack } from "../stack/stack.ts";
import { hostnameEdit } from "./broker-hostname.ts";
import { declareNames } from "./compose-file.ts";
import { addToService, ownPair } from "./service-edit.ts";

/** What is wrong with the mounts of a store: one without a name, and those that lie beside its data. */
export interface LostData {
  readonly directory: DataDirectory;
  readonly unnamed?: Mount;
  readonly beside: readonly Mount[];
}

/**
 * Keeps a store's data in a named volume: the one that is mounted beside the data now, or a new one. Undefined where
 * the right place is not known, and where the mounts are written for others as well.
 */
export function keepInVolume(stack: Stack, service: Service, lost: LostData): Fix | undefined {
  const target = placeOf(service, lost.directory);
  if (target === undefined || lost.beside.length > 1) return undefined;
  const kept = lost.beside[0] ? moved(stack, lost.beside[0], target) : named(stack, service, lost, target);
  const host = sameHost(stack, service);
  if (!kept || !host) return undefined;
  return {
    title: `Keep the data of ${service.name} in a volume at ${target}`,
    grade: "big-change",
    // Nobody asks for a backup of what is not kept.
    reveals: ["data/backup-present", "data/backup-offsite", "data/backup-schedule", "data/restore-present"],
    edits: [...kept, ...host],
    test: `Write something into ${service.name}, run \`docker compose down\` and \`docker compose up -d\`, and read it again.`,
    afterwards: `The volume is empty at first: dump what ${service.name} holds before the first \`docker compose up\` with this change, and load it afterwards.`,
  };
}

/**
 * Keeps a folder of uploads in a named volume. Whether the program may write to it is for the audit of the outcome to
 * say, as far as the image tells. Undefined where it is not known which directory the folder lies in.
 */
export function keepUploads(stack: Stack, service: Service, relative: string): Fix | undefined {
  const folder = inContainer(service, relative);
  if (folder === undefined) return undefined;
  const name = `${service.name}-uploads`;
  const mounted = added(stack, service, `${name}:${folder}`);
  const edits = mounted && withName(stack, service, name, mounted);
  return (
    edits && {
      title: `Keep ${folder} of ${service.name} in a volume`,
      grade: "big-change",
      reveals: ["data/backup-present"],
      edits,
      test: `Upload a file, run \`docker compose up -d --force-recreate ${service.name}\`, and open it again.`,
      afterwards: `The volume hides what lies in ${folder} of the running container: copy it out before the first start with this change (\`docker compose cp ${service.name}:${folder} .\`) and in afterwards. Whatever else reads these files, such as a proxy or a worker, needs the volume as well, and the backup has to take it in.`,
    }
  );
}

/** A file of the framework that lies in the directory which its relative paths begin in. */
const anchors = ["manage.py", "config.ru", "artisan"];

function inContainer(service: Service, folder: string): string | undefined {
  if (folder.startsWith("/")) return folder;
  const workdir = workingDirectory(service);
  const isBase = anchors.some(name => service.model?.file(`${workdir}/${name}`).has === "yes");
  return workdir !== undefined && isBase ? `${workdir.replace(/\/$/, "")}/${folder}` : undefined;
}

/** Where the volume belongs: at the path that the image declares, or at the data itself. */
function placeOf(service: Service, { path, declared }: DataDirectory): string | undefined {
  if (!isPostgres(service) || postgresMajor(service) !== undefined) return declared ?? path;
  return followsNewest(service) ? "/var/lib/postgresql" : undefined;
}

/** RabbitMQ keeps its data below the name of its host, which is another one in each container unless it is given. */
function sameHost(stack: Stack, service: Service): readonly Edit[] | undefined {
  if (service.facts?.family !== "rabbitmq" || hasLastingNode(service) !== false) return [];
  const edit = hostnameEdit(stack, service);
  return edit && [edit];
}

function moved(stack: Stack, mount: Mount, target: string): readonly Edit[] | undefined {
  const edit = mount.source === undefined ? undefined : rewritten(stack, mount, target);
  return edit && [edit];
}

/** The mount with another text where its target stands. */
function rewritten(stack: Stack, mount: Mount, text: string): Edit | undefined {
  const source = sourceOf(stack, mount.at.file);
  const written = source?.text.slice(mount.at.span.start, mount.at.span.end) ?? "";
  const first = written.indexOf(mount.target);
  const end = first + mount.target.length;
  const alone = first === written.lastIndexOf(mount.target) && /^(?:$|["':,\s}])/.test(written.slice(end));
  if (!source || first === -1 || !alone) return undefined;
  return { at: locate(source, mount.at.span.start + first, mount.at.span.start + end), text };
}

function named(stack: Stack, service: Service, lost: LostData, target: string): readonly Edit[] | undefined {
  const name = `${service.name}-data`;
  const mounted = lost.unnamed
    ? rewritten(stack, lost.unnamed, `${name}:${lost.unnamed.target}`)
    : added(stack, service, `${name}:${target}`);
  return mounted && withName(stack, service, name, mounted);
}

function withName(stack: Stack, service: Service, name: string, mounted: Edit): readonly Edit[] | undefined {
  const source = sourceOf(stack, service.at.file);
  if (!source || service.project.volumes.some(volume => volume.name === name)) return undefined;
  const declared = declareNames(source, "volumes", [name]);
  return declared && [mounted, ...declared];
}

function added(stack: Stack, service: Service, item: string): Edit | undefined {
  if (!service.get("volumes")) return addToService(stack, service, ["volumes:", `  - ${item}`], []);
  const source = sourceOf(stack, service.at.file);
  const list = ownPair(stack, service, "volumes")?.value;
  return source && list?.kind === "seq" ? addItem(source, list, item) : undefined;
}
