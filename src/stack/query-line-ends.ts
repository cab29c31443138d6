import { stageChain } from "../artifacts/dockerfile.ts";
import { join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import { containerFile } from "./query.ts";
import { scriptsOfJobs, startedPaths } from "./query-executable.ts";
import { workingDirectory } from "./query-import.ts";
import type { PlacedCall, Service, Stack } from "./stack.ts";

/** Scripts with the line ends of Windows that run on Linux. */

export interface WindowsScript {
  readonly path: string;
  /** Its first line. */
  readonly head: Location;
  /** Where it is started. */
  readonly at: Location;
  /** The kernel reads the first line; else a shell is handed the file. */
  readonly isProgram: boolean;
}

const converts = /dos2unix|fromdos|\\r/;

/** The script that a container starts with; undefined where a step on the way takes the signs out. */
export function startedByService(stack: Stack, service: Service): WindowsScript | undefined {
  const directory = workingDirectory(service) ?? "/";
  const { entrypoint, command } = service;
  if (converts.test(`${entrypoint?.text} ${command?.text}`) || isConverted(service)) return undefined;
  for (const { value: name, at, isProgram } of [
    ...startedPaths(service).map(asProgram),
    ...handedOver(service),
  ]) {
    const path = containerFile(stack, service, join(directory, name)).repositoryPath;
    const found = path === undefined ? undefined : windowsScript(stack, path, at, isProgram);
    if (found) return found;
  }
  return undefined;
}

const asProgram = <T>(started: T) => ({ ...started, isProgram: true });

/** `sh start.sh` */
function handedOver({
  entrypoint,
  command,
  model,
}: Service): { value: string; at: Location; isProgram: boolean }[] {
  const [shell, file] = (entrypoint ?? model?.entrypoint ?? command ?? model?.cmd)?.words ?? [];
  if (!/^(?:\S*\/)?(?:ba|da|a)?sh$/.test(shell?.value ?? "") || !file?.value || /^-|[$*\s]/.test(file.value))
    return [];
  return [{ value: file.value, at: file.at, isProgram: false }];
}

export function startedByJobs(stack: Stack): (WindowsScript & { readonly placed: PlacedCall })[] {
  return scriptsOfJobs(stack).flatMap(({ path, at, placed, isProgram }) => {
    // Python and Node.js take either.
    if (!isProgram && !/^(?:ba|da|a)?sh$/.test(placed.call.name)) return [];
    const runners =
      placed.caller.workflow?.jobs.find(({ id }) => id.value === placed.caller.name)?.runsOn ?? [];
    if (runners.some(({ value }) => /windows/i.test(value))) return [];
    if (converts.test(sourceOf(stack, placed.caller.file)?.text ?? "")) return [];
    const found = windowsScript(stack, path, at, isProgram);
    return found ? [{ ...found, placed }] : [];
  });
}

function windowsScript(
  stack: Stack,
  path: string,
  at: Location,
  isProgram: boolean,
): WindowsScript | undefined {
  const source = sourceOf(stack, path);
  const end = source?.text.indexOf("\n") ?? -1;
  if (!source || end < 1 || !endsAsOnWindows(source)) return undefined;
  const line = source.text.slice(0, end - 1);
  // The kernel starts a file without a first line of that form through a shell, if at all.
  if (isProgram && !line.startsWith("#!")) return undefined;
  return { path, head: locate(source, 0, line.length), at, isProgram };
}

/** Every line: an editor on Windows, not a sign in the middle of a text. */
function endsAsOnWindows({ text }: Source): boolean {
  return !/(?:^|[^\r])\n/.test(text);
}

/** Every text here ends so: the checkout may have made them so, and git may keep them otherwise. */
export function isCheckoutOfWindows(stack: Stack): boolean {
  return [...stack.sources.values()].every(
    source => !source.text.includes("\n") || source.text.includes("\r\n"),
  );
}

function isConverted({ build, made }: Service): boolean {
  const used = build ?? made;
  if (!used?.dockerfile) return false;
  const stages = used.stage ? stageChain(used.dockerfile, used.stage) : used.dockerfile.stages;
  return stages.some(({ runs }) => runs.some(run => converts.test(run.fragment.text)));
}
