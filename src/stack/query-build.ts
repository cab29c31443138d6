import type { Evidence, Severity } from "../core/finding.ts";
import { severities } from "../core/finding.ts";
import { basename, dirname, inside, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import { weigh } from "./query.ts";
import { isWrittenByHand } from "./query-process.ts";
import type { Build, PlacedCall, Stack } from "./stack.ts";

/** Questions about builds that several rules ask. */

/** Builds by key in the order they were found; one group is one cause. Builds without a key are left out. */
export function groupBuilds(
  builds: readonly Build[],
  key: (build: Build) => string | undefined,
): (readonly [Build, ...Build[]])[] {
  const groups = new Map<string, [Build, ...Build[]]>();
  for (const build of builds) {
    const name = key(build);
    if (name === undefined) continue;
    const group = groups.get(name);
    if (group) group.push(build);
    else groups.set(name, [build]);
  }
  return [...groups.values()];
}

/** What a defect weighs for the gravest of its callers. */
export function weighBuilds(builds: readonly Build[], severity: Severity): Severity {
  const weights = builds.map(build => severities.indexOf(weigh(build.grade, severity)));
  return severities[Math.min(...weights)]!;
}

/** A Dockerfile without the name of its directory: copies for several programs of one repository are alike by it. */
export function formOf(stack: Stack, { dockerfilePath: path = "" }: Build): string {
  const text = stack.sources.get(path)?.text;
  const name = basename(dirname(path));
  return text === undefined || name.length < 3 ? path : text.replaceAll(name, "*");
}

/** Builds whose images reach a server. */
export function serverBuilds(stack: Stack): Build[] {
  return stack.builds.filter(build => build.grade !== "development");
}

/** A directory of the repository as messages name it. */
export function directoryName(path: string): string {
  return path === "" ? "the root of the repository" : path;
}

/** Who asks for a build, as the subject of a sentence. */
export function callerName({ caller, at }: Build): string {
  if (caller.kind === "compose") return `Service "${caller.name}"`;
  if (caller.kind === "workflow") return `Job "${caller.name}"`;
  if (caller.kind === "stage") return `Stage "${caller.name}"`;
  return caller.kind === "makefile" ? `Target "${caller.name}" of ${at.file}` : at.file;
}

/** The Dockerfile, with its context where that is not simply its directory. */
export function buildSubject(build: Build): string {
  const { dockerfilePath = "", context = "" } = build;
  if (join(context, basename(dockerfilePath)) === dockerfilePath) return dockerfilePath;
  return `${dockerfilePath} in ${directoryName(context)}`;
}

/** The same words for several places, each place once. */
export function places(locations: readonly Location[], shows: string): Evidence[] {
  const seen = new Set<string>();
  return locations.flatMap(at => {
    const key = `${at.file}:${at.span.start}:${at.span.end}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ at, shows }];
  });
}

/** The text at a place, as written. */
export function writtenAt(stack: Stack, at: Location): string {
  return sourceOf(stack, at.file)?.text.slice(at.span.start, at.span.end) ?? "";
}

/** What builds leave behind: directories that no repository holds, and packed programs. */
const product =
  /(^|\/)(dist|build|out|target|bin|release|releases|node_modules|vendor|coverage|staticfiles|artifacts?|wheels?|\.next|\.output|publish)(\/|$)|\.(jar|war|ear|zip|tar|tgz|gz|xz|whl|deb|apk|rpm|exe|so|wasm)$/i;

/** Only a workstation has a lock file that git ignores: nobody makes one on a server. */
export function isLockFile(path: string): boolean {
  return /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|poetry\.lock|uv\.lock|Pipfile\.lock|Gemfile\.lock|composer\.lock)$/.test(
    path,
  );
}

/**
 * Whether something other than git may put a path (relative to the root) there before the build: git ignores it, it
 * is the product of a build, or a command or a step of a pipeline writes it.
 */
export function mayAppear(stack: Stack, build: Build, path: string): boolean {
  if (product.test(path) || inSubmodule(stack, path)) return true;
  if (isStartedElsewhere(stack, build, path)) return true;
  // `static/*` leaves the directory itself alone, yet a clone has none of it.
  if (!isLockFile(path) && (stack.files.ignored(path) || stack.files.ignored(`${path}/x`))) return true;
  if (build.caller.kind === "workflow" && stepBrings(stack, build, path)) return true;
  if (build.caller.kind === "compose" && (isUploaded(stack, path) || isWrittenByHand(stack, path)))
    return true;
  return createdPaths(stack).some(each => arrives(each, path)) || isUnpackedBeside(stack, build);
}

/** A release brings a file of the name into a folder of the name on the server: `api/package.json` to `/srv/harbour/api`. */
function isUploaded(stack: Stack, path: string): boolean {
  const folder = basename(dirname(path));
  return (
    folder !== "" &&
    stack.calls.some(({ call, deploys }) => {
      if (call.kind !== "remote-copy" || call.direction !== "upload" || !(deploys || call.remote))
        return false;
      const target = call.destination?.value ?? call.destination?.word.text ?? "";
      const sources = call.sources.flatMap(({ value }) => value?.split(",").map(part => part.trim()) ?? []);
      return basename(target) === folder && sources.some(source => basename(source) === basename(path));
    })
  );
}

/** A script of a pipeline that is not read: it may be started in the folder that has what it names. */
function isStartedElsewhere(stack: Stack, { caller, at }: Build, path: string): boolean {
  return (
    caller.kind === "script" &&
    /^\.(?:circleci|buildkite|semaphore|woodpecker|travis|drone)\//.test(at.file) &&
    stack.files.paths.some(each => each.endsWith(`/${path}`) || each.includes(`/${path}/`))
  );
}

const submodules = new WeakMap<Stack, readonly string[]>();

/** A repository of its own, which a clone fetches only when it is asked to: its files are not seen here. */
export function inSubmodule(stack: Stack, path: string): boolean {
  let all = submodules.get(stack);
  if (!all) {
    const file = stack.files.has(".gitmodules") === "file" ? stack.files.read(".gitmodules") : undefined;
    const text = file && "source" in file ? file.source.text : "";
    all = [...text.matchAll(/^[ \t]*path[ \t]*=[ \t]*(\S[^\r\n]*)/gm)].map(([, value = ""]) =>
      value
        .trim()
        .replace(/^"(.*)"$/, "$1")
        .replace(/\/$/, ""),
    );
    submodules.set(stack, all);
  }
  return all.some(module => inside(module, path) !== undefined);
}

const unpacked = new WeakMap<Build, boolean>();

/** An archive that the caller unpacks may hold anything. */
function isUnpackedBeside(stack: Stack, build: Build): boolean {
  if (build.caller.kind === "compose") return false;
  const known =
    unpacked.get(build) ??
    stack.calls.some(
      ({ call, caller }) =>
        !call.remote &&
        caller.file === build.at.file &&
        (call.name === "unzip" || (call.name === "tar" && /^-?\w*x/.test(call.args[0]?.value ?? ""))),
    );
  unpacked.set(build, known);
  return known;
}

/** A path that a command writes. With sources, it is a directory and only files of those names arrive in it. */
interface Created {
  readonly target: string;
  readonly sources: readonly string[];
}

const created = new WeakMap<Stack, readonly Created[]>();

/** What the commands of this machine write, worked out once. */
function createdPaths(stack: Stack): readonly Created[] {
  let all = created.get(stack);
  if (!all) {
    all = stack.calls.flatMap(({ call }) => (call.remote ? [] : createdBy(call)));
    created.set(stack, all);
  }
  return all;
}

const notCreating = new Set(["rm", "chmod", "chown", "cat"]);
const outputs = new Set(["-o", "-O", "--output", "--output-file", "--out"]);

/** Most calls write nothing. */
function mayCreate(call: PlacedCall["call"]): boolean {
  if (call.kind === "file" || call.kind === "remote-copy" || call.name === "git") return true;
  return call.writes.length > 0 || call.args.some(({ value }) => value !== undefined && outputs.has(value));
}

function createdBy(call: PlacedCall["call"]): Created[] {
  if (!mayCreate(call)) return [];
  const targets = call.writes.flatMap(write => write.path.value ?? []);
  const values = call.args.map(argument => argument.value);
  const output = values.findIndex(value => value !== undefined && outputs.has(value));
  if (output !== -1) targets.push(values[output + 1] ?? "");
  const operands = values.filter(value => !value?.startsWith("-"));
  const last = operands.at(-1);
  let sources: string[] = [];
  if (call.name === "git" && operands[0] === "clone")
    targets.push(operands[2] ?? basename(operands[1] ?? "").replace(/\.git$/, ""));
  else if ((call.kind === "file" || call.kind === "remote-copy") && !notCreating.has(call.name)) {
    // An empty directory, or one file: nothing arrives below it.
    if (call.name === "mkdir" || call.name === "touch")
      return operands.flatMap(each => (each === undefined ? [] : [{ ...plain(each), sources: [""] }]));
    if (last !== undefined) {
      sources = operands.slice(0, -1).map(source => basename(source ?? ""));
      return [...targets.map(plain), { target: join(call.cwd ?? "", last), sources }];
    }
  }
  return targets.map(plain);

  function plain(target: string): Created {
    return { target: join(call.cwd ?? "", target), sources: [] };
  }
}

function arrives({ target, sources }: Created, path: string): boolean {
  if (sources.length === 0 && target === "") return false;
  if (inside(path, target) !== undefined) return true;
  if (inside(target, path) === undefined) return false;
  // `cp config/app.env .` brings a file of that name, not all that may lie below `.`.
  return sources.length === 0 || sources.some(source => path.split("/").includes(source));
}

/** An earlier step that checks out something else, or fetches what another job made. */
function stepBrings(stack: Stack, build: Build, path: string): boolean {
  const workflow = stack.workflows.find(each => each.file === build.at.file);
  const job = workflow?.jobs.find(each => each.id.value === build.caller.name);
  for (const other of workflow?.jobs ?? [])
    for (const { value } of other.kept ?? []) {
      const directory = join("", value.replace(/\/?\*.*$/, ""));
      if (
        value.includes("$") ||
        inside(directory, path) !== undefined ||
        inside(path, directory) !== undefined
      )
        return true;
    }
  for (const step of job?.steps ?? []) {
    if (step.at.span.start >= build.at.span.start) return false;
    const name = step.uses?.repository ?? "";
    const target = step.with.get("path")?.value;
    const fetches = /download-artifact|\/cache$|dawidd6/.test(`${name}/${step.uses?.path ?? ""}`);
    const other = name === "actions/checkout" && (step.with.has("repository") || target !== undefined);
    if (!fetches && !other) continue;
    if (target === undefined || target.includes("$") || target.includes("*")) return true;
    const directory = join("", target);
    if (inside(directory, path) !== undefined || inside(path, directory) !== undefined) return true;
  }
  return false;
}
