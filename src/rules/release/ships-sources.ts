import type { Call, ComposeCall, CopyCall } from "../../artifacts/commands.ts";
import type { Evidence } from "../../core/finding.ts";
import { dirname, inside, isOutside, join } from "../../core/path.ts";
import { evidence, isOptional, listNames } from "../../stack/query.ts";
import { projectOf, type ReleaseRun, releaseRuns } from "../../stack/query-release.ts";
import type { ComposeProject, Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/ships-sources",
  title: "The pipeline brings everything to the server that its Compose file needs there",
  claim: "boots-healthy",
  severity: "high",
  why: "Compose builds and mounts from the server's own disk: what was never copied there is missing at the first release and stays old at every later one.",
  *check(stack) {
    for (const run of releaseRuns(stack)) {
      if (run.placed[0]!.caller.kind !== "workflow" || fetchesTree(run)) continue;
      const start = run.placed.find(each => each.call.remote && run.starts.includes(each.call));
      const project = start && projectOf(stack, start);
      const copies = run.calls.filter(
        (call): call is CopyCall => call.kind === "remote-copy" && call.direction !== "download",
      );
      const shipped = sourcesOf(copies);
      if (!start || !project || !shipped || !project.files.some(file => covered(shipped, file))) continue;
      const missing = needsOf(project, start.call as ComposeCall, run).filter(
        need => !covered(shipped, need.path) && !writtenThere(run, need.path),
      );
      const first = missing[0];
      if (!first) continue;
      const builds = missing.filter(need => need.build);
      yield {
        subject: run.title,
        message:
          builds.length > 0
            ? `The release in ${run.title} starts ${listNames(builds.map(need => need.service.name))} by building from directories that it never copies to the server.`
            : `The release in ${run.title} starts services that mount ${listNames([...new Set(missing.map(need => need.path))])}, which it never copies to the server.`,
        severity: "high",
        confidence: "likely",
        evidence: [
          evidence(first.at, first.shows),
          ...missing.slice(1).map(need => evidence(need.at, need.shows)),
          ...copies.map((copy): Evidence => evidence(copy.at, "all that is copied to the server")),
          evidence(start.call.at, "starts it there"),
        ],
      };
    }
  },
});

/** The server gets the whole tree in another way: it pulls from git, or unpacks an archive. */
function fetchesTree({ calls }: ReleaseRun): boolean {
  return calls.some(
    call =>
      call.remote &&
      (["git", "gh", "tar", "unzip", "rsync"].includes(call.name) ||
        (call.kind === "http" && call.output !== undefined && call.output.value !== "/dev/null")),
  );
}

/** Repository paths that are copied; undefined when one of them is unknown, a pattern, or the whole tree. */
function sourcesOf(copies: readonly CopyCall[]): string[] | undefined {
  const paths: string[] = [];
  for (const copy of copies)
    for (const source of copy.sources) {
      if (source.value === undefined || copy.cwd === undefined || /[*?[!]/.test(source.value))
        return undefined;
      const path = join(copy.cwd, source.value.replace(/^\/+(?=\.)/, ""));
      if (path === "" || isOutside(path)) return undefined;
      paths.push(path);
    }
  return paths.length === 0 ? undefined : paths;
}

function covered(shipped: readonly string[], path: string): boolean {
  return shipped.some(source => inside(source, path) !== undefined);
}

interface Need {
  readonly service: Service;
  readonly path: string;
  readonly build: boolean;
  readonly at: Evidence["at"];
  readonly shows: string;
}

function needsOf(project: ComposeProject, start: ComposeCall, { calls }: ReleaseRun): Need[] {
  const named = start.services.map(argument => argument.value);
  const pulls = calls.some(call => call.kind === "compose" && call.remote && call.subcommand === "pull");
  const services = project.services.filter(
    service => !isOptional(service) && (named.length === 0 || named.includes(service.name)),
  );
  return services.flatMap(service => {
    const needs: Need[] = [];
    const { build } = service;
    // With an image name of its own the service may have been pulled.
    if (
      build?.context !== undefined &&
      build.contextState === "present" &&
      !(service.image && (pulls || !start.build))
    )
      needs.push({
        service,
        path: build.dockerfilePath ?? (build.context || "Dockerfile"),
        build: true,
        at: build.contextAt,
        shows: "built from a directory that is not copied",
      });
    for (const mount of service.mounts)
      if (mount.type === "bind" && mount.repositoryPath && mount.exists === "file")
        needs.push({
          service,
          path: mount.repositoryPath,
          build: false,
          at: mount.sourceAt,
          shows: "mounts a file that is not copied",
        });
    return needs;
  });
}

/** The job writes the file on the server, or a directory above it is made there by other means. */
function writtenThere({ calls }: ReleaseRun, path: string): boolean {
  return calls.some(
    (call: Call) =>
      call.remote &&
      call.writes.some(
        write =>
          write.path.value === undefined || join(dirname(path), write.path.value.split("/").at(-1)!) === path,
      ),
  );
}
