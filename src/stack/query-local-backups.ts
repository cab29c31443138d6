import { isVendored } from "../artifacts/project-files.ts";
import { sourceOf } from "../core/project-files.ts";
import { textOf } from "../formats/yaml.ts";
import { isPublic } from "./public-project.ts";
import { isOptional, isStore } from "./query.ts";
import { leavesMachine } from "./query-backups.ts";
import type { Mount, PlacedCall, Service, Stack } from "./stack.ts";

/** Services that make backups, and keep them on the machine that they save. */

export interface LocalBackup {
  readonly service: Service;
  /** Where the backups are put. */
  readonly mount: Mount;
}

const named = /back-?_?ups?|dump/i;

/** All of them, unless anything in the repository carries backups to another machine. */
export function localBackups(stack: Stack): LocalBackup[] {
  // What a public project puts into its stack, whoever runs it takes away in his own way.
  if (stack.components.length === 0 || isPublic(stack.files.paths)) return [];
  const found = stack.services.flatMap(service => {
    const { project, name, image, kind } = service;
    if (project.grade !== "deployed" || isOptional(service) || kind === "monitoring") return [];
    // A database of that name: what it runs is its own.
    if (isStore(service) && !service.command && !service.entrypoint) return [];
    if (/restor/i.test(name) || !named.test(`${name} ${image?.text ?? ""}`)) return [];
    const mount = service.mounts.find(each => isPlace(service, each));
    return mount ? [{ service, mount }] : [];
  });
  return found.length > 0 && !isCarried(stack) ? found : [];
}

/** A folder of the machine for backups: no script, no disk of another machine. */
function isPlace({ project }: Service, { type, source, target, readOnly, exists }: Mount): boolean {
  if (readOnly || exists === "file" || !/^(?:bind|volume)$/.test(type) || source === undefined) return false;
  if (!named.test(`${source} ${target}`) || /\.\w+$|script/i.test(target)) return false;
  const volume = project.volumes.find(each => each.name === source);
  if (elsewhere.test(volume?.device?.value ?? source)) return false;
  return volume === undefined || (!volume.external && (volume.device !== undefined || !hasDriver(volume)));
}

/** Where disks of other machines are put by custom, and what only the host knows. */
const elsewhere = /^\/(?:mnt|media|nfs|net|Volumes)\/|\$/;

/** Options, or a driver of its own, may lead to another machine. */
const hasDriver = ({ node }: Service["project"]["volumes"][number]): boolean =>
  node.kind === "map" &&
  node.entries.some(
    ({ key, value }) =>
      key.value === "driver_opts" || (key.value === "driver" && textOf(value)?.value !== "local"),
  );

const carriers =
  /\b(?:rclone|restic|borg\w*|kopia|duplicat\w*|duplicity|s3cmd|s5cmd|aws|awscli|mc|gsutil|gcloud|azcopy|b2|rsync|scp|sftp|lftp|ssh|swift|wal-g|pgbackrest|litestream|curl|off-?site|nfs|cifs|sshfs|davfs|snapshots?)\b|\bs3:|(?:S3|AWS|RCLONE|B2|GCS|AZURE|S?FTP|SSH|REMOTE|OFF_?SITE|BUCKET|WEBDAV|RESTIC|BORG)_/i;
const told =
  /back-?_?ups?\b[^\n]{0,160}(?:rclone|restic|rsync|off-?site|\bs3\b|\bscp\b|bucket|object stor|snapshot|(?:another|other|second|remote|external) (?:machine|server|host|disk|stor))|(?:rclone|restic|rsync|off-?site|\bs3\b|\bscp\b|bucket|snapshot)[^\n]{0,120}back-?_?up/i;

const commanded =
  /^[ \t$>`]*(?:sudo )?(?:rclone|rsync|scp|restic|borg|aws s3|s3cmd|gsutil|mc (?:cp|mirror)) [^\n]*(?:back-?_?up|dump)/im;
const guides = /(?:^|\/)[^/]*(?:readme|deploy|install|back-?_?up|operat|runbook|restor|recover|maint)[^/]*$/i;

/** A script or a service for backups names a tool or an address of another machine, or a page speaks of one. */
function isCarried(stack: Stack): boolean {
  const isRelated = ({ call, caller }: PlacedCall) =>
    named.test(caller.file) || call.args.some(arg => named.test(arg.word.text));
  if (stack.calls.some(placed => leavesMachine(placed.call) && isRelated(placed))) return true;
  const files = new Set(stack.projects.flatMap(({ files: own }) => own));
  for (const file of files)
    for (const service of (sourceOf(stack, file)?.text ?? "").split(/\n(?= {2}\w[\w.-]*:)/))
      if (named.test(service) && carriers.test(service)) return true;
  return stack.files.paths.some(path => {
    if (isVendored(path) || files.has(path)) return false;
    const isPage = /\.(?:md|mdx|rst|txt|adoc)$/i.test(path);
    const isScript =
      named.test(path) && /(?:\.(?:sh|bash|py|ps1|conf|cron|env)|\/[^./]+|file[^/]*|example)$/i.test(path);
    if (!isPage && !isScript) return false;
    const text = sourceOf(stack, path)?.text ?? "";
    if (!isPage) return carriers.test(text);
    // Plans and analyses say what should be.
    return commanded.test(text) || (guides.test(path) && told.test(text));
  });
}
