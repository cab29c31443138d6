import type { ComposeCall } from "../artifacts/commands.ts";
import { basename, inside, isOutside, join } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import type { ComposeProject, Stack } from "./stack.ts";

/** A Compose file whose relative paths are all meant from the root of the repository. */
export interface Misplaced {
  readonly project: ComposeProject;
  /** Contexts and sources of binds that are not below the file's directory. */
  readonly places: readonly [Location, ...Location[]];
}

const known = new WeakMap<Stack, readonly Misplaced[]>();

/**
 * Projects in a folder of which every context and bind source is absent where Compose looks, and present from the root:
 * the file was moved, or `--project-directory` is given by hand. At least two paths say so.
 */
export function misplacedProjects(stack: Stack): readonly Misplaced[] {
  const before = known.get(stack);
  if (before) return before;
  const found = stack.projects.flatMap(project => {
    const places = misplacedPaths(stack, project);
    return places.length >= 2 ? [{ project, places: places as [Location, ...Location[]] }] : [];
  });
  known.set(stack, found);
  return found;
}

export function isMisplaced(stack: Stack, project: ComposeProject | undefined): boolean {
  return (
    misplacedProjects(stack).some(each => each.project === project) ||
    (project !== undefined && isRunFromElsewhere(stack, project))
  );
}

const starting = new WeakMap<Stack, readonly ComposeCall[]>();

/** The calls of `up` and `build`, once for all volumes that ask. */
function bringingUp(stack: Stack): readonly ComposeCall[] {
  const known =
    starting.get(stack) ??
    stack.calls.flatMap(({ call }) =>
      call.kind === "compose" && ["up", "build"].includes(call.subcommand ?? "") ? [call] : [],
    );
  starting.set(stack, known);
  return known;
}

/** Whatever brings the project up says `--project-directory`, and means another folder. */
function isRunFromElsewhere(stack: Stack, project: ComposeProject): boolean {
  const calls = bringingUp(stack).filter(call =>
    call.files.some(
      ({ value }) => value !== undefined && project.files.includes(join(call.cwd ?? "", value)),
    ),
  );
  return (
    calls.length > 0 &&
    calls.every(
      ({ projectDirectory: given, cwd = "" }) =>
        given?.value !== undefined && join(cwd, given.value) !== project.directory,
    )
  );
}

/**
 * A script runs the file by its bare name in a directory of the server: it is copied there, beside what it names. Or
 * one puts together a command that says from where paths are meant.
 */
export function isMoved(stack: Stack, project: ComposeProject): boolean {
  const name = basename(project.files.at(-1)!);
  const moved = stack.calls.some(
    ({ call }) =>
      call.kind === "compose" &&
      (call.cwd === undefined || isOutside(call.cwd) || call.cwd.startsWith("~")) &&
      call.files.some(file => file.value === name || file.value === `./${name}`),
  );
  const isCopied = copies(name);
  return (
    moved ||
    [...stack.sources.values()].some(
      ({ path, text }) => isScript(path) && (saysFromWhere(text) || isCopied.test(text)),
    )
  );
}

/** `cp deployment/compose.server.yml docker-compose.yml`: the paths are meant from where it is copied to. */
function copies(name: string): RegExp {
  return new RegExp(
    `^[^#\\n]*\\b(?:cp|mv|scp|rsync|install|ln)\\s[^\\n]*${name.replace(/\./g, "\\.")}["']?\\s+\\S`,
    "m",
  );
}

const isScript = (path: string): boolean => /\.(?:sh|bash|mk|ya?ml)$|(?:^|\/)(?:GNU)?[Mm]akefile$/.test(path);
const saysFromWhere = (text: string): boolean => /--project-directory\b|\bCOMPOSE_PROJECT_DIR/.test(text);

function misplacedPaths(stack: Stack, project: ComposeProject): Location[] {
  if (project.directory === "") return [];
  const paths = project.services.flatMap(({ build, mounts }) => [
    ...(build?.context === undefined || build.contextState === "remote"
      ? []
      : // The folder itself is always there; its Dockerfile tells from where it is meant.
        [
          build.context === project.directory && build.dockerfilePath !== undefined
            ? { path: build.dockerfilePath, at: build.contextAt }
            : { path: build.context, at: build.contextAt },
        ]),
    ...mounts.flatMap(mount =>
      mount.type === "bind" && mount.repositoryPath !== undefined
        ? [{ path: mount.repositoryPath, at: mount.sourceAt }]
        : [],
    ),
  ]);
  const fromRoot = (path: string): boolean => {
    const rest = inside(project.directory, path);
    return rest !== undefined && rest !== "" && stack.files.has(rest) !== undefined;
  };
  // What is made on the server is absent from both.
  const telling = paths.filter(({ path }) => stack.files.has(path) !== undefined || fromRoot(path));
  const away = telling.filter(({ path }) => stack.files.has(path) === undefined);
  return away.length === telling.length ? away.map(({ at }) => at) : [];
}
