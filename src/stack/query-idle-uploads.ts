import type { Call } from "../artifacts/commands.ts";
import type { Script } from "../artifacts/script.ts";
import { basename, inside } from "../core/path.ts";
import { leavesMachine } from "./query-backups.ts";
import { isDump } from "./query-scripts.ts";
import type { Mount, Service, Stack } from "./stack.ts";

/** Scripts that are mounted into a pulled image and call what that image does not have. */

export interface IdleUpload {
  readonly file: string;
  readonly calls: readonly Call[];
  readonly mount: Mount;
}

/** Docker's own images of databases and small systems: none has a client of a store for files, nor one of SSH. */
const plain = /^(?:postgres|mysql|mariadb|mongo|redis|valkey|alpine|debian|ubuntu|busybox)$/;
const clients =
  /^(?:aws|rclone|s3cmd|s5cmd|mc|mcli|gsutil|gcloud|az|azcopy|b2|restic|borg|kopia|rsync|scp|sftp|ssh|lftp)$/;
const asks = /^(?:\[|\[\[|test|echo|printf|command|which)$/;
const installs =
  /\b(?:apk add|apt(?:-get)? (?:-\S+ )*install|pip3? install|curl [^\n]*\|\s*(?:ba)?sh|npm i(?:nstall)?)\b/;

/** The dump's script of a container that is made for backups, where every way out of the machine is missing. */
export function idleUploads(stack: Stack, service: Service): IdleUpload | undefined {
  if (service.build ?? service.made) return undefined;
  if (!plain.test(service.imageRef?.family ?? "") || /\//.test(service.image?.text ?? "/")) return undefined;
  const started = `${service.entrypoint?.text ?? ""} ${service.command?.text ?? ""}`;
  if (installs.test(started)) return undefined;
  const mounted = mountedScripts(stack, service);
  const run = mounted.filter(({ script }) => started.includes(basename(script.file)));
  // A loop that calls the script beside it.
  for (const { script } of run)
    for (const other of mounted)
      if (!run.includes(other) && script.source.text.includes(basename(other.script.file))) run.push(other);
  for (const { script, mount } of run) {
    if (installs.test(script.source.text) || !script.calls.some(isDump)) continue;
    const out = script.calls.filter(call => leavesMachine(call) && !asks.test(call.name));
    if (out.length > 0 && out.every(({ name }) => clients.test(name)))
      return { file: script.file, calls: out, mount };
  }
  return undefined;
}

function mountedScripts(stack: Stack, service: Service): { script: Script; mount: Mount }[] {
  return service.mounts.flatMap(mount => {
    const { repositoryPath: path } = mount;
    if (path === undefined) return [];
    return stack.scripts.flatMap(script =>
      script.file === path || (path !== "" && inside(path, script.file) !== undefined)
        ? [{ script, mount }]
        : [],
    );
  });
}
