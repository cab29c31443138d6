import type { ComposeCall } from "../../artifacts/commands.ts";
import type { Evidence } from "../../core/finding.ts";
import { ownProjectNames } from "../../remedies/project-name.ts";
import { evidence, isStore, listNames } from "../../stack/query.ts";
import { projectsOfCall } from "../../stack/query-scripts.ts";
import type { ComposeProject, NamedVolume, PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/shared-project",
  title: "Production and development are different Compose projects",
  claim: "data-survives-redeploy",
  severity: "medium",
  why: "Compose tells projects apart by name alone: in one checkout, `up` or `down` of the one replaces or removes containers of the other, and both write to the same volumes.",
  *check(stack) {
    for (const project of stack.projects) {
      if (project.grade !== "deployed") continue;
      const partners = stack.projects.filter(other => collides(stack, project, other));
      if (partners.length === 0) continue;
      const places = partners.flatMap(other => sharedPlaces(project, other));
      const orphans = stack.calls.filter(placed => removesOrphans(stack, placed, project));
      const [first, ...more] = unique(places);
      // The same containers alone do harm only where both files come to one machine.
      const stored = partners.some(other =>
        volumesOfBoth(project, other).some(([one]) => isStored(project, one)),
      );
      if (!first || (!stored && orphans.length === 0)) continue;
      const differs = partners.some(other =>
        volumesOfBoth(project, other).some(([one, two]) => differ(one, two)),
      );
      const files = partners.map(other => other.files.at(-1)!);
      yield {
        subject: project.name,
        message: `${project.files.join(" + ")} (deployed) and ${listNames(files).replaceAll('"', "")} are one Compose project, "${project.name}": whichever is started last in this directory takes over the containers and volumes of the other.`,
        evidence: [
          first,
          ...more,
          ...orphans.map(({ call }) =>
            evidence(call.command.name?.at ?? call.at, "removes what only the other file has"),
          ),
        ],
        // That both files come to one machine is seen from neither; a volume that each defines anew is a mistake anyway.
        severity: differs ? "medium" : "low",
        confidence: "likely",
        fix: () => ownProjectNames(stack, project, partners),
      };
    }
  },
});

/** Same name and directory, no file in common, and services or volumes of the same key. */
function collides(stack: Stack, project: ComposeProject, other: ComposeProject): boolean {
  if (other === project || other.grade === "deployed" || other.name !== project.name) return false;
  // Files over a common base are meant to be variants of one project.
  if (other.directory !== project.directory || other.files.some(file => project.files.includes(file)))
    return false;
  if (named(stack, project) || named(stack, other)) return false;
  return sharedPlaces(project, other).length > 0;
}

/** Some command gives it a name of its own. */
function named(stack: Stack, project: ComposeProject): boolean {
  return stack.calls.some(placed => {
    const { call } = placed;
    if (call.kind !== "compose") return false;
    if (!call.project && !call.environment.some(entry => entry.name === "COMPOSE_PROJECT_NAME")) return false;
    return projectsOfCall(stack, placed as PlacedCall & { readonly call: ComposeCall }).includes(project);
  });
}

function volumesOfBoth(project: ComposeProject, other: ComposeProject): [NamedVolume, NamedVolume][] {
  return project.volumes.flatMap(volume => {
    const twin = other.volumes.find(each => each.engineName === volume.engineName);
    return twin && !volume.external && !twin.external ? [[volume, twin] as [NamedVolume, NamedVolume]] : [];
  });
}

/** A database or another store keeps its data there. */
function isStored(project: ComposeProject, volume: NamedVolume): boolean {
  return project.services.some(
    service =>
      isStore(service) &&
      service.kind !== "cache" &&
      service.mounts.some(mount => mount.source === volume.name),
  );
}

function differ(one: NamedVolume, two: NamedVolume): boolean {
  return one.device?.value !== two.device?.value;
}

function sharedPlaces(project: ComposeProject, other: ComposeProject): Evidence[] {
  const volumes = volumesOfBoth(project, other);
  if (volumes.length > 0)
    return volumes.flatMap(([one, two]) => [
      evidence(one.at, `volume "${one.name}" of the deployed file`),
      evidence(two.at, differ(one, two) ? "the same volume, defined otherwise" : "the same volume"),
    ]);
  for (const service of project.services) {
    const twin = other.services.find(each => each.name === service.name);
    if (twin)
      return [
        evidence(service.at, `service "${service.name}" of the deployed file`),
        evidence(twin.at, "the same service, and the same container"),
      ];
  }
  return [];
}

function removesOrphans(stack: Stack, placed: PlacedCall, project: ComposeProject): boolean {
  const { call } = placed;
  if (call.kind !== "compose" || !call.removeOrphans) return false;
  return projectsOfCall(stack, placed as PlacedCall & { readonly call: ComposeCall }).includes(project);
}

function unique(list: readonly Evidence[]): Evidence[] {
  const key = (each: Evidence): string => `${each.at.file}:${each.at.span.start}`;
  return list.filter((each, index) => list.findIndex(other => key(other) === key(each)) === index);
}
