import type { Argument, Call } from "../artifacts/commands.ts";
import { basename, isOutside, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import { gradeOf } from "./query.ts";
import { pulls } from "./query-config-loads.ts";
import { projectOf, startsContainers, wordsOf } from "./query-release.ts";
import type { ComposeProject, PlacedCall, Stack } from "./stack.ts";

/** Files of the repository that scripts change on the server, and what a release does to the change. */
export interface LocalChange {
  readonly path: string;
  /** Who uses the file there. */
  readonly project: ComposeProject;
  readonly usedAt: Location;
  readonly writer: PlacedCall;
  readonly git: PlacedCall;
  /** `git reset --hard` puts the file back; `git pull` refuses to. */
  readonly kind: "reset" | "pull";
  /** The file is written anew, not a word in it. */
  readonly whole: boolean;
}

export function localChanges(stack: Stack): LocalChange[] {
  const brings = stack.calls.filter(placed => bringsCode(stack, placed));
  if (brings.length === 0) return [];
  const used = usedFiles(stack);
  const found = new Map<string, LocalChange>();
  for (const writer of stack.calls) {
    if (used.size === 0 || !isOnServer(stack, writer)) continue;
    for (const { arg, whole } of written(writer.call)) {
      const path = meant(arg, writer.call, [...used.keys()]);
      // A word in a Compose file is put right again at the next start.
      if (path === undefined || (!whole && used.get(path)!.project.files.includes(path))) continue;
      for (const git of brings) {
        const kind = isReset(git.call) ? "reset" : "pull";
        if (kind === "reset" && (isRelease(brings, writer) || comesAgain(stack, writer, git, path))) continue;
        const known = found.get(path);
        if (known && (known.kind === "reset" || kind === "pull")) continue;
        found.set(path, { path, ...used.get(path)!, writer, git, kind, whole });
      }
    }
  }
  return [...found.values()];
}

/** A release brings the code to the server by git, and nothing takes care of what was changed there. */
function bringsCode(stack: Stack, placed: PlacedCall): boolean {
  const { call, caller, deploys } = placed;
  if (call.inside || !(pulls(call) || isReset(call))) return false;
  if (!call.remote && !(deploys && caller.kind !== "workflow" && startsThere(stack, placed))) return false;
  const text = `${call.script.fragment.text}\n${sourceOf(stack, caller.file)?.text ?? ""}`;
  return !/git[^\n]* (?:stash|restore|worktree)\b|git[^\n]* checkout [^\n]*(?:-- |\.(?:conf|ya?ml)\b)|skip-worktree|assume-unchanged/.test(
    text,
  );
}

/** It brings the code there by itself, and writes the file each time. */
function isRelease(brings: readonly PlacedCall[], { caller }: PlacedCall): boolean {
  return brings.some(each => each.caller.file === caller.file && each.caller.name === caller.name);
}

/** `git pull` of somebody who makes a release is none on a server. */
function startsThere(stack: Stack, { caller }: PlacedCall): boolean {
  return stack.calls.some(
    each =>
      each.caller.file === caller.file && each.caller.name === caller.name && startsContainers(each.call),
  );
}

function isReset(call: Call): boolean {
  return call.name === "git" && /\breset --hard\b|\bcheckout (?:-f|--force)\b/.test(wordsOf(call));
}

/** Not for work, for a test or for another name of the project. */
function isOnServer(stack: Stack, placed: PlacedCall): boolean {
  const { call, caller } = placed;
  if (call.inside || (caller.kind === "workflow" && !call.remote)) return false;
  if (
    /(?:^|[-_/.])(?:dev|develop\w*|local\w*|tests?|e2e|ci|simulat\w+|rebrand|scaffold|template)(?:[-_/.]|$)/i.test(
      `${caller.file}/${caller.name ?? ""}`,
    )
  )
    return false;
  const projects = stack.calls
    .filter(each => each.caller.file === caller.file && each.caller.name === caller.name)
    .flatMap(each => projectOf(stack, each) ?? []);
  return projects.length === 0 || projects.some(project => gradeOf(project) !== "development");
}

type Used = Pick<LocalChange, "project" | "usedAt">;

/** Tracked files that a container of a server reads: mounted configuration, and the Compose files themselves. */
function usedFiles({ projects, services, files }: Stack): Map<string, Used> {
  const used = new Map<string, Used>();
  const add = (path: string, one: Used): void => {
    if (files.has(path) === "file" && files.tracked(path) !== false && !used.has(path)) used.set(path, one);
  };
  for (const service of services) {
    if (gradeOf(service) === "development") continue;
    for (const { repositoryPath: path, type, exists, target, at } of service.mounts) {
      if (type !== "bind" || !path || !/^\/(?:etc|usr\/local\/etc|opt\/bitnami)\//.test(target)) continue;
      const one = { project: service.project, usedAt: at };
      if (exists === "file") add(path, one);
      else for (const name of files.list(path)) add(join(path, name), one);
    }
  }
  for (const project of projects)
    if (gradeOf(project) !== "development")
      for (const file of project.files)
        if (project.services[0]) add(file, { project, usedAt: project.services[0].at });
  return used;
}

function written(call: Call): { arg: Argument; whole: boolean }[] {
  const found = call.writes.filter(({ append }) => !append).map(({ path }) => ({ arg: path, whole: true }));
  const last = call.args.at(-1);
  if (!last || call.args.length < 2) return found;
  if (call.name === "sed" && call.args.some(({ word }) => /^-[a-zE]*i|^--in-place/.test(word.text)))
    found.push({ arg: last, whole: false });
  if (/^(?:cp|mv|ln)$/.test(call.name)) found.push({ arg: last, whole: true });
  return found;
}

/** The one of the files that a path on the server stands for. */
function meant(
  { value, word }: Argument,
  { cwd, remote }: Call,
  paths: readonly string[],
): string | undefined {
  const text = (value ?? word.text).replace(/["']/g, "");
  const rest = text.replace(/^(?:\.\/|\$\{?\w+\}?\/)+/, "");
  if (/[$*?]/.test(rest) || rest === "") return undefined;
  if (value !== undefined && cwd !== undefined && !remote && !isOutside(join(cwd, value))) {
    const path = join(cwd, value);
    if (paths.includes(path)) return path;
  }
  const variable = rest !== text.replace(/^(?:\.\/)+/, "");
  if (text.startsWith("/") || (!rest.includes("/") && !variable)) return undefined;
  const fitting = paths.filter(path => path === rest || path.endsWith(`/${rest}`));
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** The release writes the file again behind its reset, and does not ask it first what it said. */
function comesAgain(stack: Stack, writer: PlacedCall, git: PlacedCall, path: string): boolean {
  const same = writer.caller.file === git.caller.file && writer.caller.name === git.caller.name;
  const called = stack.calls.some(
    ({ call, caller }) =>
      caller.file === git.caller.file &&
      caller.name === git.caller.name &&
      call.kind === "program" &&
      basename(call.file?.value ?? call.file?.word.text ?? "") === basename(writer.caller.file),
  );
  if (!same && !called) return false;
  return !stack.calls.some(
    ({ call, caller }) =>
      caller.file === writer.caller.file &&
      /^(?:grep|cmp|diff|cat|head|readlink)$/.test(call.name) &&
      call.writes.length === 0 &&
      call.args.some(
        ({ value, word }) => basename((value ?? word.text).replace(/["']/g, "")) === basename(path),
      ),
  );
}
