import type { Argument, Call, ComposeCall, DockerCall } from "../artifacts/commands.ts";
import type { Jenkinsfile } from "../artifacts/jenkinsfile.ts";
import type { Makefile } from "../artifacts/makefile.ts";
import type { Script } from "../artifacts/script.ts";
import { buildsIn, scriptsIn, type Workflow } from "../artifacts/workflow.ts";
import { addTo } from "../core/group.ts";
import { basename, dirname, isOutside, join } from "../core/path.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import { type Location, locate } from "../core/source.ts";
import { spreadUses } from "./call-spread.ts";
import { laidOver } from "./compose-override.ts";
import { deployWords, isDeployJob, startsOnHostedRunner, triesHere } from "./deploy-jobs.ts";
import { formUse, presentFiles } from "./env-forms.ts";
import { defaultNames, folderOnServer, implicitFiles } from "./project-files.ts";
import type { ComposeUse } from "./project-plan.ts";
import type { PlacedCall } from "./stack.ts";
import { writtenScripts } from "./written-scripts.ts";

/** `deploy/update.sh`: an update by itself may be one of the workstation. */
const updatesServer = /(^|\/)(deploy\w*|prod|production|vps)\/(update|upgrade)(\.\w+)?$/i;
const testFolder = /(?:^|\/)(?:tests?|testing|e2e|load-?tests?|benchmarks?)\//i;
/** What deploys there does so on the machine that it lies on, unless it goes to another one. */
const localFolder =
  /(?:^|\/)local(?:host)?(?:[-_.][\w.-]*)?\/[^/]+$|\blocalhost[\w-]*\.\w+$|(?:^|[-_/])(?:deploy[-_]local|local[-_]deploy)(?:\.\w+)?$/i;

/** Every command of scripts, Makefiles and workflows, with who runs it and whether that changes a server. */
export function placeCalls(
  scripts: readonly Script[],
  makefiles: readonly Makefile[],
  workflows: readonly Workflow[],
  jenkinsfiles: readonly Jenkinsfile[] = [],
): PlacedCall[] {
  const placed: PlacedCall[] = [];
  for (const script of scripts) {
    const deploys =
      !localFolder.test(script.file) &&
      !triesHere(script) &&
      (deployWords.test(basename(script.file)) || updatesServer.test(script.file));
    // A rig for load is set up on servers, too, and is none.
    const tests = testFolder.test(script.file);
    for (const call of [...script.calls, ...writtenScripts(script.calls)])
      placed.push({
        call,
        caller: { kind: "script", file: script.file, script },
        deploys: !tests && (deploys || call.remote),
      });
  }
  for (const makefile of makefiles) {
    for (const target of makefile.targets) {
      const name = target.name.value;
      const deploys = deployWords.test(name) && !localFolder.test(name);
      for (const recipe of target.recipes) {
        for (const call of recipe.calls)
          placed.push({
            call,
            caller: { kind: "makefile", file: makefile.file, name },
            deploys: deploys || call.remote,
          });
      }
    }
  }
  for (const workflow of workflows) placed.push(...workflowCalls(workflow));
  for (const { file, stages } of jenkinsfiles)
    for (const { name, calls } of stages)
      for (const call of calls)
        placed.push({
          call,
          caller: { kind: "stage", file, name: name.value },
          deploys: deployWords.test(name.value) || call.remote,
        });
  return placed;
}

function workflowCalls(workflow: Workflow): PlacedCall[] {
  const placed: PlacedCall[] = [];
  const ofJobs = new Map<Workflow["jobs"][number], Call[]>();
  for (const { job, calls } of scriptsIn(workflow)) for (const call of calls) addTo(ofJobs, job, call);
  for (const [job, calls] of ofJobs) {
    const deploys = isDeployJob(workflow, job);
    for (const call of [...calls, ...writtenScripts(calls)])
      placed.push({
        call,
        caller: { kind: "workflow", file: workflow.file, name: job.id.value, workflow },
        deploys: deploys || call.remote,
      });
  }
  const known = new Set<Call>(placed.map(other => other.call));
  for (const { job, call } of buildsIn(workflow)) {
    if (known.has(call)) continue;
    known.add(call);
    placed.push({
      call,
      caller: { kind: "workflow", file: workflow.file, name: job.id.value, workflow },
      deploys: isDeployJob(workflow, job) || call.push,
    });
  }
  return placed;
}

const shipping = new Set(["up", "pull", "build", "create", "start", "restart", "push"]);

/** Which Compose files the commands bring up, as repository paths. */
export function composeUses(calls: readonly PlacedCall[], files: ProjectFiles): ComposeUse[] {
  const uses: ComposeUse[] = [];
  for (const placed of calls) {
    if (placed.call.kind === "docker" && placed.call.verb === "stack deploy") {
      const list = stackFiles(placed.call, placed, files);
      if (list.length > 0)
        uses.push({
          files: list,
          named: true,
          deploys: placed.deploys,
          at: placed.call.at,
          by: nameOf(placed),
        });
    }
    // What a release writes for the server counts, whoever starts it there.
    const written = placed.call.remote && placed.deploys ? writtenFiles(placed.call) : undefined;
    const chosen = written === undefined ? undefined : presentFiles(files, "", written);
    if (chosen)
      uses.push({ files: chosen, named: true, deploys: true, at: placed.call.at, by: nameOf(placed) });
    const filled = filledTemplate(placed.call, files);
    if (filled !== undefined)
      uses.push({
        ...{ files: [filled], named: true, deploys: placed.deploys, at: placed.call.at, by: nameOf(placed) },
        pipeline: placed.caller.kind === "workflow" || placed.caller.kind === "stage",
      });
    if (placed.call.kind !== "compose") continue;
    const tries = placed.call.subcommand === "run" && placed.caller.kind === "workflow";
    if (!shipping.has(placed.call.subcommand ?? "") && !handsOn(placed.call) && !tries) continue;
    const list = filesOf(placed.call, placed, calls, files);
    if (list.length === 0) uses.push(...spreadUses(placed.call, placed, nameOf(placed), files));
    if (list.length === 0) continue;
    // A job that runs one command in a file of its own.
    if (tries && (placed.call.remote || list.length > 1 || placed.call.files.length === 0)) continue;
    const named =
      placed.call.files.length > 0 ||
      composeFileVariable(placed.call).length > 0 ||
      chosenByEnvFile(placed, calls, files, "") !== undefined ||
      (placed.call.remote && copiedComposeFiles(placed, calls, files).length > 0);
    const deploys = placed.deploys && !tries && !startsOnHostedRunner(placed);
    const restarts = placed.call.subcommand === "restart";
    uses.push({
      ...{ files: list, named, deploys, restarts, at: placed.call.at, by: nameOf(placed) },
      profiles: profilesOf(placed.call),
      pulls: pulledBeside(placed, calls),
      pipeline: placed.caller.kind === "workflow" || placed.caller.kind === "stage",
      tries: placed.caller.script !== undefined && triesHere(placed.caller.script),
      services: placed.call.services.map(({ value }) => value ?? "?"),
    });
  }
  return uses;
}

/** `compose -f base.yml -f prod.yml "$@"`: whoever calls the script says what is to be done with these files. */
function handsOn({ subcommand, files, args }: ComposeCall): boolean {
  return (
    subcommand === undefined &&
    files.length > 0 &&
    /^"?\$(?:@|\*|\{[@*]\})"?$/.test(args.at(-1)?.word.text ?? "")
  );
}

/** `envsubst < compose.yml.tpl > compose.yml`: Compose reads what the template says, with its variables filled in. */
function filledTemplate({ name, cwd, command, writes }: Call, files: ProjectFiles): string | undefined {
  if (name !== "envsubst" || cwd === undefined || isOutside(cwd)) return undefined;
  const target = writes[0]?.path.value;
  const from = command.redirects.find(({ op }) => op === "<")?.target.value;
  if (
    target === undefined ||
    from === undefined ||
    !/^(?:docker-)?compose\b.*\.ya?ml$/.test(basename(target))
  )
    return undefined;
  const path = join(cwd, from);
  return !isOutside(path) && files.has(path) === "file" ? path : undefined;
}

/** `docker pull NAME` of the same script on a server; undefined where it brings sources there. */
function pulledBeside({ call, caller }: PlacedCall, calls: readonly PlacedCall[]): string[] | undefined {
  if (!call.remote) return undefined;
  const beside = calls
    .filter(each => each.caller.file === caller.file && each.caller.name === caller.name)
    .map(each => each.call);
  if (beside.some(({ name }) => /^(?:git|scp|rsync|sftp)$/.test(name))) return undefined;
  const names = beside.flatMap(each =>
    each.kind === "docker" && each.verb === "pull" ? (each.operands[0]?.word.text ?? "$") : [],
  );
  // A name that ends in a variable may be any.
  return names.some(name => /\$[^/]*$/.test(name)) ? [] : names;
}

/** Profiles that a whole project is started with. A service that is named is started alone. */
function profilesOf(call: ComposeCall): string[] {
  if (call.subcommand !== "up" || call.services.length > 0) return [];
  const given = call.environment.find(entry => entry.name === "COMPOSE_PROFILES")?.value;
  return [...call.profiles.flatMap(({ value }) => value ?? []), ...(given?.split(",") ?? [])];
}

/** `docker stack deploy -c FILE`. */
function stackFiles(call: DockerCall, placed: PlacedCall, files: ProjectFiles): string[] {
  const named = call.flags.filter(flag => flag.name === "-c" || flag.name === "--compose-file");
  const cwd = call.cwd !== undefined && !isOutside(call.cwd) && !call.cwd.startsWith("~") ? [call.cwd] : [];
  const bases = [...new Set([...cwd, "", dirname(placed.caller.file)])];
  for (const base of bases) {
    const list = named.map(({ value }) => (value?.value === undefined ? "" : join(base, value.value)));
    if (list.every(path => path !== "" && !isOutside(path) && files.has(path) === "file")) return list;
  }
  return [];
}

function nameOf({ caller }: PlacedCall): string {
  if (caller.kind === "workflow") return `job "${caller.name}" of ${caller.file}`;
  if (caller.kind === "stage") return `stage "${caller.name}" of ${caller.file}`;
  return caller.kind === "makefile" ? `target "${caller.name}" of ${caller.file}` : caller.file;
}

/** The Compose files of one call. On a server the repository's root stands for whatever directory it runs in. */
export function filesOf(
  call: ComposeCall,
  placed: PlacedCall,
  calls: readonly PlacedCall[],
  files: ProjectFiles,
): string[] {
  const has = (path: string): boolean => files.has(path) === "file";
  const explicit = call.files.length > 0 ? call.files.map(file => file.value) : composeFileVariable(call);
  const cwd =
    call.cwd !== undefined && !isOutside(call.cwd) && !call.cwd.startsWith("~") ? call.cwd : undefined;
  const below = cwd === undefined && placed.call.remote ? folderOnServer(call.cwd, files) : undefined;
  const bases = [...new Set([cwd ?? below ?? "", "", dirname(placed.caller.file)])];
  if (explicit.length > 0) {
    if (explicit.some(file => file === undefined)) return [];
    for (const base of bases) {
      const list = explicit.map(file => join(base, file!));
      if (list.every(path => !isOutside(path) && has(path))) return list;
    }
    // A Makefile's commands run beside it: a file that is not there is no file of another project.
    if (placed.caller.kind === "makefile" && cwd !== undefined && !placed.call.remote) return [];
    const byName = explicit.map(file => uniquelyNamed(basename(file!), files));
    return byName.every(path => path !== undefined) ? byName : [];
  }
  if (placed.call.remote) {
    const copied = copiedComposeFiles(placed, calls, files);
    if (copied.length > 0) return copied;
  }
  for (const base of bases) {
    const chosen = chosenByEnvFile(placed, calls, files, base);
    const list = chosen ?? laidOver(implicitFiles(base, has), placed, calls, path => has(join(base, path)));
    // The server's `.env` names the files, and what it says is not here.
    if (!chosen && list.length > 0 && placed.call.remote && isLeftToServer(files, base)) return [];
    if (list.length > 0) return list;
  }
  return [];
}

/** An example of the server's `.env` leaves COMPOSE_FILE to be filled in, and there are several files to choose from. */
function isLeftToServer(files: ProjectFiles, base: string): boolean {
  const names = files.list(base);
  if (names.filter(name => /^(?:docker-)?compose\b.*\.ya?ml$/.test(name)).length < 2) return false;
  return names.some(name => {
    if (!/^\.?env\.(?:sample|example|dist|template)$/.test(name)) return false;
    const read = files.read(join(base, name));
    return "source" in read && /^COMPOSE_FILE=[ \t]*$/m.test(read.source.text);
  });
}

/**
 * The files that COMPOSE_FILE names in the `.env` of a directory: as the same pipeline or script writes it, or as it is
 * committed. What git does not track is another file on every machine.
 */
function chosenByEnvFile(
  placed: PlacedCall,
  calls: readonly PlacedCall[],
  files: ProjectFiles,
  base: string,
): string[] | undefined {
  const written = writingFiles(calls).findLast(
    ({ call, caller }) => caller.file === placed.caller.file && call.remote === placed.call.remote,
  );
  const text = written && writtenFiles(written.call);
  return text === undefined ? composeFilesOf(files, base)?.files : presentFiles(files, base, text);
}

const writing = new WeakMap<readonly PlacedCall[], readonly PlacedCall[]>();

/** Of all calls those that write COMPOSE_FILE, once for all that ask. */
function writingFiles(calls: readonly PlacedCall[]): readonly PlacedCall[] {
  const known = writing.get(calls) ?? calls.filter(({ call }) => writtenFiles(call) !== undefined);
  writing.set(calls, known);
  return known;
}

/** `echo COMPOSE_FILE=a.yml:b.yml >> .env`. */
function writtenFiles({ name, writes, args }: Call): string | undefined {
  if (
    (name !== "echo" && name !== "printf") ||
    !writes.some(({ path }) => basename(path.value ?? "") === ".env")
  )
    return undefined;
  const said = args.find(arg => /^COMPOSE_FILE=/.test(arg.value ?? ""))?.value;
  return said?.slice("COMPOSE_FILE=".length).trim();
}

/** The same of a directory's own committed `.env`. */
export function composeFilesOf(
  files: ProjectFiles,
  base: string,
): { files: string[]; at: Location } | undefined {
  const path = join(base, ".env");
  const read = files.has(path) === "file" && files.tracked(path) !== false ? files.read(path) : undefined;
  if (!read || !("source" in read)) return undefined;
  const found = /^(?:export[ \t]+)?COMPOSE_FILE=(["']?)([^\s"'#]+)\1/m.exec(read.source.text);
  const list = found ? presentFiles(files, base, found[2]!) : undefined;
  return found && list
    ? { files: list, at: locate(read.source, found.index, found.index + found[0].length) }
    : undefined;
}

/** What Compose reads beside a committed `.env` that names the files, or beside the form of one, where no name tells. */
export function envFileUses(
  composeFiles: readonly { readonly file: string }[],
  files: ProjectFiles,
): ComposeUse[] {
  const folders = [...new Set(composeFiles.map(({ file }) => dirname(file)))];
  const known = new Set(composeFiles.map(({ file }) => file));
  const form = formUse(files);
  const own = form && !form.files.some(file => known.has(file)) ? [form] : [];
  return own.concat(
    folders.flatMap(folder => {
      const chosen = composeFilesOf(files, folder);
      return chosen
        ? [{ files: chosen.files, named: true, deploys: false, at: chosen.at, by: join(folder, ".env") }]
        : [];
    }),
  );
}

function composeFileVariable(call: ComposeCall): (string | undefined)[] {
  const given = call.environment.find(entry => entry.name === "COMPOSE_FILE");
  if (given && given.value === undefined) return [undefined];
  return given?.value ? given.value.split(/[:;]/) : [];
}

function uniquelyNamed(name: string, files: ProjectFiles): string | undefined {
  const found = files.paths.filter(path => basename(path) === name);
  return found.length === 1 ? found[0] : undefined;
}

/** Compose files that the same pipeline copies to the server before it runs Compose there. */
function copiedComposeFiles(placed: PlacedCall, calls: readonly PlacedCall[], files: ProjectFiles): string[] {
  const result: string[] = [];
  for (const other of calls) {
    if (other.caller.file !== placed.caller.file) continue;
    const packed = packedAs(other.call, files);
    if (packed !== undefined && !result.includes(packed)) result.push(packed);
    if (other.call.kind !== "remote-copy") continue;
    for (const source of copySources(other.call.sources)) {
      const path = presentSpelling(join("", source), files);
      if (path !== undefined && !result.includes(path)) result.push(path);
    }
  }
  return result;
}

/** `cp compose.server.yml bundle/compose.yml` before the bundle goes to the server: the file that lies there by that name. */
function packedAs(call: Call, files: ProjectFiles): string | undefined {
  if (call.kind !== "file" || call.name !== "cp" || call.remote || call.operands.length !== 2)
    return undefined;
  const [source, target] = call.operands.map(({ value }) => value);
  if (source === undefined || target === undefined || call.cwd === undefined) return undefined;
  if (!defaultNames.includes(basename(target)) || defaultNames.includes(basename(source))) return undefined;
  return dirname(target) === "" ? undefined : presentSpelling(join(call.cwd, source), files);
}

/** The Compose file itself, or the one that was renamed here and not in the pipeline: `compose.prod.yaml`. */
function presentSpelling(path: string, files: ProjectFiles): string | undefined {
  if (!/compose[\w.-]*\.ya?ml$/i.test(path)) return undefined;
  if (files.has(path) === "file") return path;
  const key = (name: string) => name.replace(/^docker-(?=compose)/, "").replace(/\.yaml$/, ".yml");
  const [name, ...more] = files.list(dirname(path)).filter(each => key(each) === key(basename(path)));
  return name && more.length === 0 ? join(dirname(path), name) : undefined;
}

function copySources(sources: readonly Argument[]): string[] {
  return sources.flatMap(source => source.value?.split(",").map(part => part.trim()) ?? []);
}
