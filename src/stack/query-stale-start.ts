import type { Call, ComposeCall } from "../artifacts/commands.ts";
import { inside } from "../core/path.ts";
import { isOptional } from "./query.ts";
import { projectOf, type ReleaseRun, releaseRuns, setsVariables } from "./query-release.ts";
import type { ComposeProject, Service, Stack } from "./stack.ts";

/** A release that brings a new version, and starts what it built before. */
export interface StaleStart {
  readonly run: ReleaseRun;
  readonly project: ComposeProject;
  readonly start: ComposeCall;
  readonly brings: Brings;
  /** Never empty. */
  readonly services: readonly Service[];
}

/** Every start of a release that leaves services, known by their `build` only, with their first image. */
export function staleStarts(stack: Stack): StaleStart[] {
  const seen = new Set<string>();
  return releaseRuns(stack).flatMap(run => {
    const placed = run.placed.find(each => run.starts.includes(each.call) && each.call.kind === "compose");
    const start = placed?.call;
    const project = placed && projectOf(stack, placed);
    if (start?.kind !== "compose" || !project || !isThere(project, start) || mayBuild(run, start)) return [];
    const brings = bringsOf(run, start);
    if (!brings) return [];
    const services = builtOnly(project, start).filter(
      service => brings.what === "sources" || isPushed(stack, service),
    );
    const key = `${start.at.file}:${start.at.span.start}`;
    if (services.length === 0 || seen.has(key)) return [];
    seen.add(key);
    return [{ run, project, start, brings, services }];
  });
}

/** The server's file is this one: one of the same name elsewhere may be another, written for the server. */
function isThere({ directory }: ComposeProject, { cwd, files, remote }: ComposeCall): boolean {
  if (!remote || directory === "") return true;
  return [cwd, ...files.map(file => file.value)].some(path => `/${path}/`.includes(`/${directory}/`));
}

/** Something in the run may make or take away an image, or runs what cannot be seen. */
function mayBuild({ calls }: ReleaseRun, start: ComposeCall): boolean {
  if (start.build || start.args.some(arg => arg.value === undefined)) return true;
  return calls.some(call => {
    const words = call.args.map(arg => arg.value ?? arg.word.text);
    // What the pipeline's own machine builds is not where the server looks, unless it is carried there.
    if (call.kind === "docker-build") return call.remote === start.remote;
    if (call.kind === "compose" && call.remote === start.remote)
      return (
        call.subcommand === undefined || call.subcommand === "build" || call.build || words.includes("--rmi")
      );
    if (call.kind === "docker" && call.verb !== "login")
      return (
        call.remote === start.remote &&
        /^(?:image )?(?:rmi|rm|load|import|tag|prune)$|^buildx|prune$/.test(call.verb)
      );
    if (call.kind === "program")
      return (
        !call.inside && /^(?:script|sourced|target|package-script)$/.test(call.runs) && !setsVariables(call)
      );
    if (call.kind === "ssh") return call.remoteScript === undefined && call.remoteCommand.length > 0;
    return /^(?:docker-slim|buildctl|podman|nixpacks|pack|eval|ansible-playbook)$/.test(call.name);
  });
}

export interface Brings {
  readonly what: "sources" | "images";
  readonly call: Call;
}

/** What brings the new version, on the machine and before the start. */
function bringsOf({ calls }: ReleaseRun, start: ComposeCall): Brings | undefined {
  const before = calls.slice(0, calls.indexOf(start));
  const sources = before.findLast(call => {
    if (call.kind === "remote-copy") return call.direction === "upload" && call.sources.some(isTree);
    const [verb, ...rest] = call.args.map(arg => arg.value ?? "");
    return (
      call.name === "git" &&
      call.remote === start.remote &&
      (verb === "pull" || (verb === "reset" && rest.some(word => word.includes("/"))))
    );
  });
  if (sources) return { what: "sources", call: sources };
  const pull = before.findLast(
    call => call.kind === "compose" && call.subcommand === "pull" && call.remote === start.remote,
  );
  return pull && { what: "images", call: pull };
}

/** The whole working tree, not one file of it. */
function isTree(source: { readonly value: string | undefined }): boolean {
  return source.value === "." || source.value === "./" || source.value === "./*";
}

/** Services that the start creates, that are built, and that no registry has under the name that Compose uses. */
function builtOnly(project: ComposeProject, start: ComposeCall): Service[] {
  const named = start.services.map(arg => arg.value);
  return project.services.filter(
    service =>
      (named.length === 0 ? !isOptional(service) : named.includes(service.name)) &&
      service.build?.contextState === "present" &&
      service.build.model?.stage.steps.some(step => step.kind === "copy" && step.copy.from === undefined) &&
      !service.image &&
      !service.get("pull_policy") &&
      !runsMounted(service),
  );
}

/** The code is mounted: a new version of it runs in the old image. */
function runsMounted({ mounts, build }: Service): boolean {
  return mounts.some(
    mount =>
      mount.type === "bind" &&
      mount.exists === "directory" &&
      mount.repositoryPath !== undefined &&
      (inside(build!.context ?? "", mount.repositoryPath) !== undefined ||
        inside(mount.repositoryPath, build!.context ?? "") !== undefined),
  );
}

/** A pipeline pushes the image that this service should run. */
function isPushed(stack: Stack, { build }: Service): boolean {
  return stack.builds.some(
    other => other.push && other.context === build!.context && other.dockerfilePath === build!.dockerfilePath,
  );
}
