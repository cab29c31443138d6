import type { Script } from "../artifacts/script.ts";
import { basename, dirname, inside, join } from "../core/path.ts";
import { isBackupService } from "./query-backup-signs.ts";
import { keptBackups } from "./query-backups.ts";
import { dataDirectories, isMysql, isPostgres, keepingOf } from "./query-data.ts";
import { servicesInside } from "./query-scripts.ts";
import type { ComposeProject, PlacedCall, Service, Stack } from "./stack.ts";

/** One way in which a project backs its databases up, as somebody would start it. */
export interface BackupWay {
  /** For messages: `scripts/backup.sh`, `target "backup" of Makefile`, `backup`. */
  readonly name: string;
  readonly runs: BackupRun;
  /** The databases that it is for. */
  readonly stores: readonly Service[];
  /** The project's own way back, where there is one for this way. */
  readonly restore?: RestoreRun;
}

export type BackupRun =
  /** On the server, in the project's directory. `script`: the file that it runs. */
  | { readonly where: "server"; readonly argv: readonly string[]; readonly script?: Script }
  /** A program in a service that stays up. */
  | { readonly where: "service"; readonly service: Service; readonly argv: readonly string[] }
  /** The service does it when it starts. */
  | { readonly where: "start"; readonly service: Service };

export interface RestoreRun {
  readonly name: string;
  readonly argv: readonly string[];
  /** It takes the newest backup when none is named; otherwise the file is the last argument. */
  readonly latest: boolean;
  /** What it wants to be told before it begins. */
  readonly answer: string;
}

const backupWords = /back-?_?ups?|dump|snapshot/i;

/** It is called a backup, and starts what the image of a database starts by itself. */
export function isSecondDatabase(service: Service): boolean {
  const { name, build, command, entrypoint } = service;
  return (
    /(?:^|[-_])back-?_?ups?$/i.test(name) &&
    !build &&
    !command &&
    !entrypoint &&
    (isPostgres(service) || isMysql(service))
  );
}

/** They save the data on the way to something else. */
const otherWork = /reset|migrat|restor|clean|upgrade|deploy|status|check|monitor/i;

/** Ways of the drilled project, each once. Scripts that do more than a backup, such as a deployment, are none. */
export function backupWays(stack: Stack, project: ComposeProject): BackupWay[] {
  const stores = project.services.filter(isOwnStore);
  if (stores.length === 0) return [];
  const ways = new Map<string, BackupWay>();
  const calls = keptBackups(stack);
  for (const placed of calls) {
    const { kind, file, name = "", script } = placed.caller;
    if (kind === "script" && script?.shell && isNamed(basename(file))) {
      if (ways.has(file)) continue;
      const own = calls.filter(other => other.caller.file === file);
      ways.set(file, scriptWay(stack, project, script, storesOf(stack, stores, own)));
    } else if (kind === "makefile" && isNamed(name)) {
      const title = `target "${name}" of ${file}`;
      const argv = ["make", "--no-print-directory", "-f", file, name];
      ways.set(title, {
        name: title,
        runs: { where: "server", argv },
        stores: storesOf(stack, stores, [placed]),
      });
    }
  }
  const known = new Set([...ways.values()].flatMap(({ runs }) => ("service" in runs ? [runs.service] : [])));
  for (const service of project.services) {
    if (known.has(service) || stores.includes(service) || !dumpsItself(service)) continue;
    ways.set(`service ${service.name}`, {
      name: service.name,
      runs:
        service.profiles.length === 0
          ? { where: "start", service }
          : { where: "server", argv: ["docker", "compose", "run", "--rm", "-T", service.name] },
      stores,
    });
  }
  return [...ways.values()];
}

function isNamed(name: string): boolean {
  return backupWords.test(name) && !otherWork.test(name);
}

/** Its own command line dumps, or its image does nothing else. One that restores or copies away is none. */
function dumpsItself(service: Service): boolean {
  const texts = [service.command?.text ?? "", service.entrypoint?.text ?? ""];
  if (texts.some(text => /\b(pg_dump|pg_dumpall|mysqldump|mariadb-dump)\b/.test(text))) return true;
  const image = service.build ? "" : (service.image?.text ?? "");
  return /(postgres|pg|mysql|mariadb|db)\w*[-_/.]*backup|backup\w*[-_/.]*(postgres|pg|mysql|mariadb|db)/i.test(
    image,
  );
}

/** A database of the project; a container with its image that only makes backups keeps nothing of its own. */
function isOwnStore(service: Service): boolean {
  if (!(isPostgres(service) || isMysql(service)) || service.oneShot || service.profiles.length > 0)
    return false;
  const keeps = dataDirectories(service).some(directory =>
    /^(volume|bind)$/.test(keepingOf(service, directory).in),
  );
  return keeps || !isBackupService(service);
}

/** The databases that its commands name; all of them where they name none. */
function storesOf(stack: Stack, stores: readonly Service[], calls: readonly PlacedCall[]): Service[] {
  const named = new Set(
    calls.flatMap(placed => {
      const host = placed.call.kind === "database" ? placed.call.host?.value : undefined;
      return [
        ...servicesInside(stack, placed),
        ...stores.filter(store => host !== undefined && store.name === host),
      ];
    }),
  );
  const found = stores.filter(store => named.has(store));
  return found.length > 0 ? found : [...stores];
}

function scriptWay(
  stack: Stack,
  project: ComposeProject,
  script: Script,
  stores: readonly Service[],
): BackupWay {
  const { file } = script;
  const placed = placeOf(project, script);
  const restore = restoreOf(stack, project, script, placed?.service);
  return {
    name: file,
    runs: placed
      ? { where: "service", service: placed.service, argv: [placed.path] }
      : { where: "server", argv: [runnable(script), file], script },
    stores,
    ...(restore ? { restore } : {}),
  };
}

/** A file without the right to be run is run by its shell, as whoever finds out does. */
function runnable(script: Script): string {
  return script.interpreter === "sh" || script.interpreter === "dash" ? "sh" : "bash";
}

/** The service in which a script is meant to run: one that is given it, and that does nothing but backups. */
function placeOf(
  project: ComposeProject,
  script: Script,
): { readonly service: Service; readonly path: string } | undefined {
  if (usesDocker(script)) return undefined;
  for (const service of project.services) {
    if (service.profiles.length > 0 || service.oneShot) continue;
    if (!isBackupService(service) && service.kind !== "database") continue;
    const path = pathIn(service, script.file);
    if (path !== undefined) return { service, path };
  }
  return undefined;
}

function usesDocker(script: Script): boolean {
  return script.calls.some(call => /^docker(-compose)?$/.test(call.name) || call.kind === "compose");
}

/** Where a service's container has a file of the repository: mounted, or copied into its image. */
function pathIn(service: Service, file: string): string | undefined {
  for (const { type, repositoryPath, target } of service.mounts) {
    const below = type === "bind" && repositoryPath !== undefined ? inside(repositoryPath, file) : undefined;
    if (below !== undefined) return below === "" ? target : join(target, below);
  }
  const { model } = service;
  for (const stage of model?.built ?? []) {
    for (const copy of stage.stage.copies) {
      const to = copy.absoluteDestination;
      if (to === undefined || copy.from !== undefined) continue;
      for (const path of [to, join(to, basename(file)), join(to, file)])
        if (model?.file(path).source === file) return path;
    }
  }
  return undefined;
}

/** A script that is named for restores, beside the backup's and started in the same place. */
function restoreOf(
  stack: Stack,
  project: ComposeProject,
  backup: Script,
  service: Service | undefined,
): RestoreRun | undefined {
  const script = stack.scripts.find(
    other =>
      other.shell && /restor/i.test(basename(other.file)) && dirname(other.file) === dirname(backup.file),
  );
  if (!script) return undefined;
  const path = service ? pathIn(service, script.file) : script.file;
  if (path === undefined || (service === undefined && placeOf(project, script))) return undefined;
  const { text } = script.source;
  const verb = /^[ \t]*(?:\$0\s+)?([a-z][a-z-]*)\s+[<[](?:[a-z]*_)?(?:backup|dump|file)[\w-]*[>\]]/im.exec(
    text,
  )?.[1];
  return {
    name: script.file,
    argv: [...(service ? [] : [runnable(script)]), path, ...(verb === undefined ? [] : [verb])],
    latest: /\$\{1:-latest\}/.test(text) || (verb === undefined && /^[ \t]*\w+=\$\{1:-\}\s*$/m.test(text)),
    answer: answerOf(text),
  };
}

/** The word that a script compares what it has read with. */
function answerOf(text: string): string {
  for (const [line, name] of text.matchAll(/\bread\b[^\n|;]*?\s([A-Za-z_]\w*)\s*(?:$|;|<|&)/gm)) {
    if (line === undefined || name === undefined) continue;
    const compared = new RegExp(`\\$\\{?${name}\\}?"?\\s*(?:=~|!=|==?)\\s*["'^]*\\[?\\(?([A-Za-z]+)`).exec(
      text,
    );
    if (compared) return compared[1]!;
  }
  return "yes";
}
