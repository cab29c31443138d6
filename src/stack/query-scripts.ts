import type { Argument, Call, ComposeCall } from "../artifacts/commands.ts";
import { basename, dirname, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import { optionAt } from "../formats/shell.ts";
import { filesOf } from "./calls.ts";
import type { ComposeProject, PlacedCall, Service, Stack } from "./stack.ts";

/** Questions about the commands of scripts, Makefiles and workflows. */

const dumps =
  /^(pg_dump|pg_dumpall|pg_basebackup|mysqldump|mariadb-dump|mongodump|pgbackrest|wal-g|barman|xtrabackup|mariabackup)$/;
const restores = /^(pg_restore|mongorestore)$/;
const backupWords = /(^|[^a-z])(back-?_?ups?|dump|restore|snapshot)([^a-z]|$)/i;
const workstationWords = /(^|[^a-z])(dev|development|local|tests?|ci|e2e)([^a-z]|$)/i;

/** The call writes a database's content out. */
export function isDump(call: Call): boolean {
  return (
    dumps.test(call.name) &&
    !call.args.some(arg => /^(--version|-V|--help)$/.test(arg.value ?? "")) &&
    keepsRows(call)
  );
}

/** What the tools for backups do besides: bring one back, look at what there is, throw old ones away. */
const back =
  /^(?:[\w-]*-fetch|[\w-]*-list|[\w-]*-restore|[\w-]*-show|[\w-]*-verify|--?copy-back|--?move-back|--?prepare|restore|recover|info|check|verify|delete|expire|status|list-\w+|show-\w+)$/;

/** Structure without rows is no backup, and neither are a replica, what goes to /dev/null, and the way back. */
function keepsRows(call: Call): boolean {
  if (/^(?:pgbackrest|wal-g|barman|xtrabackup|mariabackup)$/.test(call.name))
    if (call.args.some(arg => back.test(arg.value ?? ""))) return false;
  const lost = call.command.redirects.some(
    ({ op, fd, target }) => /^(>|>>|&>)$/.test(op) && fd !== "2" && target.value === "/dev/null",
  );
  if (lost) return false;
  // The copy that a second server begins with.
  if (
    call.name === "pg_basebackup" &&
    call.args.some(arg => /^(?:-R|--write-recovery-conf)$/.test(arg.word.text))
  )
    return false;
  const short = /^pg_dump/.test(call.name) ? "-s" : /^(?:mysql|mariadb-)dump$/.test(call.name) ? "-d" : "";
  return !call.args.some(
    ({ word: { text } }) => /--(schema-only|no-data)\b/.test(text) || (short !== "" && text === short),
  );
}

/** The call hands a dump's command line to a container or another machine. */
export function carriesDump(call: Call): boolean {
  if (
    call.kind !== "docker-exec" &&
    call.kind !== "compose" &&
    call.kind !== "ssh" &&
    call.kind !== "docker-run"
  )
    return false;
  if (!keepsRows(call)) return false;
  return call.args.some(arg =>
    /\b(pg_dump|pg_dumpall|mysqldump|mariadb-dump|mongodump)\b/.test(arg.word.text),
  );
}

/** The call stands in a script, target or job that is named for backups, or is a dump or a restore itself. */
export function isBackupWork(placed: PlacedCall): boolean {
  if (backupWords.test(`${basename(placed.caller.file)} ${placed.caller.name ?? ""}`)) return true;
  const { call } = placed;
  const words =
    call.kind === "docker-exec" ? call.execCommand : call.kind === "compose" ? call.exec?.command : undefined;
  return [call.name, ...(words ?? []).map(word => word.value ?? "")].some(
    word => dumps.test(word) || restores.test(word),
  );
}

/** A script of what tests begin with; or a job that starts a database for itself dumps what it has just put there. */
export function dumpsTestData({ call, caller, deploys }: PlacedCall): boolean {
  if (/(?:^|\/)(?:fixtures?|testdata)\//i.test(caller.file)) return true;
  const job = caller.workflow?.jobs.find(each => each.id.value === caller.name);
  return job !== undefined && job.services.length > 0 && !deploys && !call.remote;
}

/** Named for a workstation or a test run, and not run on a server. */
export function isWorkstationCall(placed: PlacedCall): boolean {
  const { file, name = "", workflow } = placed.caller;
  // The name of GitLab's one file says nothing about what its jobs do.
  const where = workflow?.platform === "gitlab" ? name : `${file} ${name}`;
  return !placed.deploys && workstationWords.test(where);
}

/** What a command stands in, by its names: the file, the target or job, the function that it was written in. */
export function calledAs({ call, caller }: PlacedCall): string {
  return `${basename(caller.file)} ${caller.name ?? ""} ${call.function ?? call.command.of ?? ""}`;
}

const unitNames = { makefile: "target", workflow: "job", stage: "stage" };

/** `scripts/x.sh`, `target "x" of Makefile`, `job "x" of .github/workflows/y.yml`. */
export function callerName({ caller }: PlacedCall): string {
  if (caller.name === undefined || caller.kind === "script") return caller.file;
  return `${unitNames[caller.kind]} "${caller.name}" of ${caller.file}`;
}

/** Where a script is meant to run: the folder above it that has files which it names, where the root has none of them. */
export function startFolder(stack: Stack, { file, script }: PlacedCall["caller"]): string {
  const named = (script?.source.text ?? "").matchAll(/(?<![\w/.)}])\.\/(\w[\w.-]*(?:\/[\w.-]+)*)/g);
  const missing = [...named].map(([, path]) => path!).filter(path => stack.files.has(path) === undefined);
  for (let folder = dirname(file); folder !== "" && missing.length > 0; folder = dirname(folder))
    if (missing.some(path => stack.files.has(join(folder, path)) !== undefined)) return folder;
  return "";
}

const containerVerbs = new Set([
  ...["logs", "stop", "start", "restart", "kill", "inspect", "pause", "unpause", "wait", "top", "commit"],
  ...["export", "stats"],
]);

/** Containers that a call addresses by name, as far as the names are known. */
export function addressedContainers(call: Call): Argument[] {
  const named = (arg: Argument | undefined): Argument[] =>
    arg?.value !== undefined && /^[A-Za-z][\w.-]*$/.test(arg.value) ? [arg] : [];
  if (call.kind === "docker-exec") return named(call.container);
  if (call.kind !== "docker") return [];
  const verb = call.verb.replace(/^container /, "");
  if (verb === "cp")
    return call.operands.flatMap(arg =>
      arg.value !== undefined && /^[A-Za-z][\w.-]*:/.test(arg.value)
        ? [{ ...arg, value: arg.value.slice(0, arg.value.indexOf(":")) }]
        : [],
    );
  // Volumes and networks can be inspected by name too.
  return containerVerbs.has(verb) ? call.operands.flatMap(named) : [];
}

/** Whether a project's service runs under this container name; undefined when that cannot be told. */
export function createsContainer(service: Service, name: string): boolean | undefined {
  if (service.containerName) {
    const own = service.containerName.text;
    return own === undefined ? undefined : own === name;
  }
  // The prefix is the directory's name on that machine unless the file names the project.
  const numbered = /^(.+)[-_]\d+$/.exec(name)?.[1];
  if (numbered === undefined) return false;
  return numbered.endsWith(`-${service.name}`) || numbered.endsWith(`_${service.name}`);
}

/** Containers stand still after it. */
export function stopsContainers(call: Call): boolean {
  if (call.kind === "compose") return /^(?:stop|down|kill|pause)$/.test(call.subcommand ?? "");
  return call.kind === "docker" && /^(?:container )?(?:stop|kill|rm|pause)$/.test(call.verb);
}

/** Names that `docker run --name` gives anywhere in the repository. */
export function startedContainers(stack: Stack): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { call } of stack.calls) {
    if (call.kind === "docker-run" && call.containerName?.value) names.add(call.containerName.value);
    if (call.kind === "docker" && call.verb === "rename" && call.operands[1]?.value)
      names.add(call.operands[1].value);
    if (call.kind === "compose" && call.subcommand === "run")
      for (const flag of call.flags)
        if (flag.name === "--name" && flag.value?.value) names.add(flag.value.value);
  }
  return names;
}

/** The projects that a Compose call talks to; empty when its files are not known. */
export function projectsOfCall(
  stack: Stack,
  placed: PlacedCall & { readonly call: ComposeCall },
): ComposeProject[] {
  const files = filesOf(placed.call, placed, stack.calls, stack.files);
  if (files.length === 0) return [];
  const exact = stack.projects.filter(project => project.files.join("\n") === files.join("\n"));
  if (exact.length > 0) return exact;
  const every = stack.projects.filter(project => files.every(file => project.files.includes(file)));
  return every.length > 0
    ? every
    : stack.projects.filter(project => files.some(file => project.files.includes(file)));
}

/** A command lays other files over those of the project or under them, so that they are not all that Compose reads. */
export function isLaidTogether(stack: Stack, project: ComposeProject): boolean {
  return layered(stack).some(
    files => files.length > project.files.length && project.files.every(file => files.includes(file)),
  );
}

const layers = new WeakMap<Stack, readonly (readonly string[])[]>();

/** The files of every call that names several. Many projects ask. */
function layered(stack: Stack): readonly (readonly string[])[] {
  const known = layers.get(stack);
  if (known) return known;
  const found = stack.calls.flatMap(placed =>
    placed.call.kind === "compose" && placed.call.files.length > 1
      ? [filesOf(placed.call, placed, stack.calls, stack.files)]
      : [],
  );
  layers.set(stack, found);
  return found;
}

/** The services of the stack in which a call's program runs: `docker exec x`, `compose exec x`. */
export function servicesInside(stack: Stack, placed: PlacedCall): Service[] {
  const { inside } = placed.call;
  const name = inside?.name?.value;
  if (!inside || name === undefined || inside.kind === "image") return [];
  if (inside.kind === "container")
    return stack.services.filter(service => createsContainer(service, name) === true);
  const outer = stack.calls.find(
    other => other.call.kind === "compose" && other.call.command === placed.call.command && other.call.exec,
  );
  const compose = outer as (PlacedCall & { call: ComposeCall }) | undefined;
  const named = compose ? projectsOfCall(stack, compose) : [];
  // A call that names no file and finds none is meant for what is deployed: another rule tells that it fails.
  const projects =
    named.length === 0 && compose?.call.files.length === 0
      ? stack.projects.filter(project => project.grade === "deployed")
      : named;
  return projects.flatMap(project => project.services.filter(service => service.name === name));
}

/** All that it works on is a workstation's: `docker compose exec` in a file for work. */
export function worksForWork(stack: Stack, placed: PlacedCall): boolean {
  if (placed.deploys || placed.call.remote) return false;
  for (const { call, caller } of stack.calls) {
    if (call.command !== placed.call.command || call.kind !== "compose") continue;
    // A script may lie on a server, beside another default file; a Makefile's commands run where it lies.
    const elsewhere = stack.projects.some(({ grade }) => grade !== "development");
    if (call.files.length === 0 && caller.kind !== "makefile" && elsewhere) return false;
    const projects = projectsOfCall(stack, { ...placed, call });
    return projects.length > 0 && projects.every(project => project.grade === "development");
  }
  return false;
}

/** The command line of a call, for evidence: from its name to its first line's end. */
export function commandPlace(call: Call): Location {
  return call.command.name?.at ?? call.at;
}

/** A failure anywhere in the call's pipe fails the pipe, or the script looks at each member. */
export function isPipefail(stack: Stack, placed: PlacedCall): boolean {
  const { call, caller } = placed;
  if (optionAt(call.script, "pipefail", call.command)) return true;
  if (/pipefail|PIPESTATUS|pipestatus/.test(call.script.fragment.text)) return true;
  if (caller.kind === "makefile") return hasShellFlags(stack, caller.file);
  if (caller.workflow?.platform === "gitlab") return !call.remote;
  return caller.kind === "workflow" && /^[ \t]*shell:/m.test(sourceOf(stack, caller.file)?.text ?? "");
}

/** A failing command ends the script. */
export function stopsOnError(stack: Stack, placed: PlacedCall): boolean {
  const { call, caller } = placed;
  // A step of a workflow runs under `bash -e`; what it sends to another machine does not.
  const initially =
    (caller.kind === "workflow" || caller.kind === "stage") &&
    call.via !== "ssh-stdin" &&
    call.via !== "ssh-action" &&
    !call.remote;
  if (optionAt(call.script, "errexit", call.command, initially)) return true;
  if (
    call.script.commands.some(
      other => other.name?.value === "trap" && other.words.some(word => word.value === "ERR"),
    )
  )
    return true;
  if (caller.kind === "workflow" && /script_stop:\s*true/.test(sourceOf(stack, caller.file)?.text ?? ""))
    return true;
  return caller.kind === "makefile" && hasShellFlags(stack, caller.file);
}

function hasShellFlags(stack: Stack, file: string): boolean {
  return stack.makefiles.some(makefile => makefile.file === file && makefile.variables.has(".SHELLFLAGS"));
}
