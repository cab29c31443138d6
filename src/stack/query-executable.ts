import { stageChain } from "../artifacts/dockerfile.ts";
import { fileReferences } from "../artifacts/script-references.ts";
import { addTo } from "../core/group.ts";
import { basename, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Located, Location } from "../core/source.ts";
import { containerFile } from "./query.ts";
import { workingDirectory } from "./query-import.ts";
import type { PlacedCall, Service, Stack } from "./stack.ts";

/** Scripts that are started as programs, and that git keeps without the right to be. */

export interface PlainScript {
  readonly path: string;
  readonly at: Location;
}

function isPlain(stack: Stack, path: string | undefined): path is string {
  return path !== undefined && stack.files.tracked(path) === true && stack.files.executable?.(path) === false;
}

/** What a container starts by its path, from an image or a mount that brings it as git has it. */
export function startedInContainer(stack: Stack, service: Service): PlainScript | undefined {
  const directory = workingDirectory(service) ?? "/";
  for (const { value: name, at: place } of startedPaths(service)) {
    const { repositoryPath, at } = containerFile(stack, service, join(directory, name));
    if (!isPlain(stack, repositoryPath) || (at && !isMount(service, at) && setsRights(service, at))) continue;
    if (at && isGiven(service, at)) continue;
    return { path: repositoryPath, at: place };
  }
  return undefined;
}

const starters = /^(?:\S*\/)?(?:tini|dumb-init|catatonit)$/;
/** A path where the shell looks for a command; behind an interpreter's name it is an argument, whatever its rights are. */
const commands = /(?:^|[;&|(\n]|\bexec[ \t])[ \t]*(\.{0,2}\/[\w./-]+)/g;

/** Paths that the kernel is asked to start: the first word, and the commands of a shell that is given a text. */
export function startedPaths({ entrypoint, command, model, build, made }: Service): Located<string>[] {
  const given = entrypoint ?? model?.entrypoint ?? command ?? model?.cmd;
  if (!given) return [];
  const { form, at, text } = given;
  // `entrypoint: /bin/sh` reads what stands in `command`: `-c "..."`.
  const isShell =
    entrypoint?.words.length === 1 && /^(?:\S*\/)?(?:ba|da|a)?sh$/.test(entrypoint.words[0]!.value ?? "");
  const words = isShell && command?.form === "exec" ? [...given.words, ...command.words] : given.words;
  const skipped = starters.test(words[0]?.value ?? "")
    ? words.findIndex((word, index) => index > 0 && !word.value?.startsWith("-"))
    : 0;
  const first = words[skipped];
  // The entry point of an image of others takes a command as its arguments.
  const isAlone = (entrypoint ?? build ?? made) !== undefined;
  const direct =
    first?.value?.includes("/") &&
    !/[$*]/.test(first.value) &&
    (isAlone || /\.(?:sh|bash)$/.test(first.value))
      ? [{ value: first.value, at: first.at }]
      : [];
  const shell =
    /^(?:\S*\/)?(?:ba|da|a)?sh$/.test(first?.value ?? "") && /^-\w*c$/.test(words[skipped + 1]?.value ?? "");
  const said = shell ? (words[skipped + 2]?.value ?? "") : form === "shell" && isAlone ? text : "";
  const place = isShell ? (command?.at ?? at) : at;
  return [...direct, ...[...said.matchAll(commands)].map(match => ({ value: match[1]!, at: place }))];
}

function isMount({ mounts }: Service, at: Location): boolean {
  return mounts.some(mount => mount.at.file === at.file && mount.at.span.start === at.span.start);
}

/** The start gives the right itself, to a file that it may change. */
function isGiven({ mounts, command, entrypoint }: Service, at: Location): boolean {
  const mount = mounts.find(each => each.at.file === at.file && each.at.span.start === at.span.start);
  return mount !== undefined && !mount.readOnly && /\bchmod\b/.test(`${entrypoint?.text} ${command?.text}`);
}

/** A step of the image gives rights, or writes the file anew. */
function setsRights(service: Service, at: Location): boolean {
  const build = service.build ?? service.made;
  if (!build?.dockerfile) return true;
  const stages = build.stage ? stageChain(build.dockerfile, build.stage) : build.dockerfile.stages;
  return (
    stages.some(({ runs }) => runs.some(run => /\bchmod\b|\binstall\s+-|\bcp\b/.test(run.fragment.text))) ||
    stages.some(({ copies }) =>
      copies.some(copy => copy.at.span.start === at.span.start && (copy.chmod || copy.from)),
    )
  );
}

/** A script that a job of a pipeline runs from the files that were checked out. */
export interface ScriptOfJob extends PlainScript {
  readonly placed: PlacedCall;
  /** `./build.sh`, not `bash build.sh`. */
  readonly isProgram: boolean;
}

export function startedInPipeline(stack: Stack): ScriptOfJob[] {
  return scriptsOfJobs(stack).filter(({ path, placed, isProgram }) => {
    if (!isProgram || !isPlain(stack, path)) return false;
    return !/\bchmod\b|--chmod|core\.fileMode/.test(sourceOf(stack, placed.caller.file)?.text ?? "");
  });
}

export function scriptsOfJobs(stack: Stack): ScriptOfJob[] {
  const jobs = new Map<PlacedCall["call"]["script"], PlacedCall[]>();
  for (const placed of stack.calls)
    if (placed.caller.kind === "workflow") addTo(jobs, placed.call.script, placed);
  return [...jobs].flatMap(([script, group]) =>
    fileReferences(
      script,
      group.map(each => each.call),
    ).flatMap(({ path, at, role, call, guarded, created }) => {
      const placed = group.find(each => each.call === call)!;
      if (role !== "script" || guarded || created || path === undefined || at.file !== placed.caller.file)
        return [];
      const text = sourceOf(stack, at.file)?.text ?? "";
      const isProgram = call.name === basename(path) && /^\.{0,2}\//.test(text.slice(at.span.start));
      return [{ path, at, placed, isProgram }];
    }),
  );
}
