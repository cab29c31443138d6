import type { Call } from "../../artifacts/commands.ts";
import { addTo } from "../../core/group.ts";
import { evidence, gradeOf, isOptional, listNames, weigh } from "../../stack/query.ts";
import { isPushedOver } from "../../stack/query-pushes.ts";
import { isMutableTag, projectOf, type ReleaseRun, releaseRuns, wordsOf } from "../../stack/query-release.ts";
import type { Build, ComposeProject, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/moving-tag",
  title: "A release names the version that it starts",
  claim: "rolls-back",
  severity: "medium",
  why: "When the new version is bad, nothing says which one ran before: somebody has to find it in the registry and edit the file on the server, during the outage.",
  *check(stack) {
    if (hasWayBack(stack)) return;
    const pulls = new Map<ComposeProject, Call[]>();
    const found = new Map<string, Found[]>();
    for (const run of releaseRuns(stack)) {
      const start = run.placed.find(each => run.starts.includes(each.call))!;
      const project = projectOf(stack, start);
      const pull = run.calls.find(isPull);
      if (project && pull && !choosesVersion(run)) addTo(pulls, project, pull);
    }
    for (const [project, calls] of pulls) {
      if (project.grade === "staging") continue;
      const moving = project.services.flatMap(service => {
        const maker = makerBehind(stack, service);
        return maker ? [{ service, maker }] : [];
      });
      const images = [...new Set(moving.map(({ service }) => service.image!.raw))];
      if (images.length > 0) addTo(found, listNames(images.sort()), { moving, calls });
    }
    for (const [images, group] of found) {
      const moving = group.flatMap(each => each.moving);
      const makers = new Map(moving.map(({ maker: { at } }) => [`${at.file} ${at.span.start}`, at]));
      const [first, ...more] = moving;
      yield {
        subject: first!.service.project.name,
        message: `Each release starts ${images}, whatever that is by then, although the pipeline pushes every version under a name of its own as well: which one runs is written nowhere.`,
        severity: weigh(gradeOf(first!.service), "medium"),
        confidence: "likely",
        evidence: [
          evidence(first!.service.image!.at, "a tag that every push moves"),
          ...more.map(({ service }) => evidence(service.image!.at, "a tag that every push moves")),
          ...group
            .flatMap(each => each.calls)
            .map(({ at }) => evidence(at, "fetches what the tag names now")),
          ...[...makers.values()].map(at => evidence(at, "pushed under a name of its own, too")),
        ],
      };
    }
  },
});

interface Found {
  readonly moving: readonly { readonly service: Service; readonly maker: Build }[];
  /** What fetches them. */
  readonly calls: readonly Call[];
}

/** The pipeline's build of an image that is run by a tag which moves; where no other tag is pushed, another rule tells. */
function makerBehind(stack: Stack, service: Service): Build | undefined {
  const { build, image, made } = service;
  if (build || !image || !made?.push || isOptional(service)) return undefined;
  if (image.raw.includes("$") || !isMutableTag(image.raw)) return undefined;
  const workflow = stack.workflows.find(({ file }) => file === made.at.file);
  return workflow && !isPushedOver(stack, workflow) ? made : undefined;
}

function isPull(call: Call): boolean {
  if (call.kind === "docker") return call.verb === "pull";
  return (
    call.kind === "compose" &&
    (call.subcommand === "pull" ||
      (call.subcommand === "up" &&
        call.flags.some(({ name, value }) => name === "--pull" && value?.value === "always")))
  );
}

/** It tags, saves or writes: another name than the file's may be started, or the old image has one. */
function choosesVersion({ calls }: ReleaseRun): boolean {
  return calls.some(
    call =>
      (call.kind === "docker" && /^(?:(?:image )?(?:tag|save)|commit|service update)$/.test(call.verb)) ||
      /^(?:sed|envsubst|yq|perl)$/.test(call.name) ||
      wayBack.test(wordsOf(call)) ||
      call.writes.some(({ path }) => /compose|\.env\b/.test(path.word.text)),
  );
}

const wayBack = /roll-?_?back|previous|\brevert/i;

/** A script, job or target for the way back. */
function hasWayBack({ calls, files, workflows }: Stack): boolean {
  return (
    calls.some(({ caller }) => wayBack.test(`${caller.file} ${caller.name ?? ""}`)) ||
    workflows.some(({ jobs }) => jobs.some(job => wayBack.test(job.id.value))) ||
    files.paths.some(path => /(?:^|\/)[\w-]*rollback[\w-]*\.(?:sh|ya?ml|ps1|py)$/i.test(path))
  );
}
