import { addTo } from "../../core/group.ts";
import { basename } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { replaceProbe } from "../../remedies/probe.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { type ProbeCommand, probeOf, toolInContainer } from "../../stack/query-health.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "health/probe-tool",
  title: "Every health check calls a program that its image has",
  claim: "health-is-truthful",
  severity: "high",
  why: "A health check that cannot run fails for ever: the service is unhealthy although it serves, and whatever waits for it never starts.",
  *check(stack) {
    const first = oncePerPlace();
    // Services of one image, and all of a project's own, lack the same program: that is one habit.
    const groups = new Map<string, Lack[]>();
    for (const service of worstFirst(stack.services)) {
      const missing = missingTool(service);
      if (!missing || !first(missing.at)) continue;
      const isOwn = service.build ?? service.made;
      const key = `${missing.name} ${isOwn ? service.project.name : service.image?.text} ${service.project.grade}`;
      addTo(groups, key, { service, missing, edges: waitingFor(service) });
    }
    for (const lacks of groups.values()) {
      const [{ service, missing }] = lacks as [Lack];
      const names = listNames(lacks.map(lack => lack.service.name));
      const edges = lacks.flatMap(lack => lack.edges);
      const images = new Map(
        lacks.flatMap(({ missing: { image } }) =>
          image ? [[`${image.file}:${image.span.start}`, image] as const] : [],
        ),
      );
      const own = lacks.length === 1 ? "its image" : images.size > 1 ? "their images" : "their image";
      const isOwn = service.build ?? service.made;
      const image = `${isOwn ? own : `the image ${service.image?.text}`} ${isOwn && images.size > 1 ? "do" : "does"} not have`;
      const start = edges[0] ? ` "${edges[0].name}" waits for it and never starts.` : "";
      const [subject, verb, who] =
        lacks.length === 1
          ? [`The health check of ${names}`, "calls", "it never becomes"]
          : [`The health checks of ${names}`, "call", "they never become"];
      yield {
        subject: service.name,
        message: `${subject} ${verb} ${missing.name}, which ${image}, so ${who} healthy.${start}`,
        severity: weigh(service, edges.length > 0 ? "critical" : "high"),
        evidence: [
          ...lacks.map(lack => evidence(lack.missing.at, `the health check calls ${missing.name} here`)),
          ...[...images.values()].map(at => evidence(at, `this image has no ${missing.name}`)),
          ...edges.map(edge => evidence(edge.at, `"${edge.name}" waits until it is healthy`)),
        ],
        fix: () => {
          const fixes = lacks.flatMap(lack => replaceProbe(stack, lack.service) ?? []);
          if (fixes.length < lacks.length) return undefined;
          return { ...fixes[0]!, edits: fixes.flatMap(fix => fix.edits) };
        },
      };
    }
  },
});

interface Lack {
  readonly service: Service;
  readonly missing: NonNullable<ReturnType<typeof missingTool>>;
  readonly edges: readonly { readonly name: string; readonly at: Location }[];
}

function waitingFor({ project, name }: Service): Lack["edges"] {
  return project.services.flatMap(other => {
    const edge = other.dependsOn.find(
      each => each.service === name && each.condition === "service_healthy" && each.required,
    );
    return edge ? [{ name: other.name, at: edge.at }] : [];
  });
}

/** The program whose absence fails every alternative of the check. */
function missingTool(service: Service) {
  const alternatives = probeOf(service);
  if (!alternatives || alternatives.length === 0) return undefined;
  const broken = alternatives.map(commands => commands.flatMap(command => absent(service, command) ?? [])[0]);
  return broken.every(each => each !== undefined) ? broken[0] : undefined;
}

function absent(service: Service, command: ProbeCommand) {
  const name = command.words[0];
  // What a container without a shell lacks is told by other tools' absence too; only plain names are judged.
  if (name === undefined || !/^[\w./-]+$/.test(name)) return undefined;
  const answer = toolInContainer(service, name);
  return answer.has === "no" ? { name: basename(name), at: command.at, image: answer.at } : undefined;
}
