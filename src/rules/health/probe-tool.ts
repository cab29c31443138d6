import { basename } from "../../core/path.ts";
import { replaceProbe } from "../../remedies/probe.ts";
import { evidence, weigh } from "../../stack/query.ts";
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
    for (const service of worstFirst(stack.services)) {
      const missing = missingTool(service);
      if (!missing || !first(missing.at)) continue;
      const waiting = stack.services.filter(
        other =>
          other.project === service.project &&
          other.dependsOn.some(
            edge => edge.service === service.name && edge.condition === "service_healthy" && edge.required,
          ),
      );
      const edges = waiting.map(other => {
        const edge = other.dependsOn.find(each => each.service === service.name)!;
        return evidence(edge.at, `"${other.name}" waits until it is healthy`);
      });
      const image = (service.build ?? service.made) ? "its image" : `the image ${service.image?.text}`;
      const start = waiting.length > 0 ? ` "${waiting[0]!.name}" waits for it and never starts.` : "";
      yield {
        subject: service.name,
        message: `The health check of "${service.name}" calls ${missing.name}, which ${image} does not have, so it never becomes healthy.${start}`,
        severity: weigh(service, waiting.length > 0 ? "critical" : "high"),
        evidence: [
          evidence(missing.at, `the health check calls ${missing.name} here`),
          ...(missing.image ? [evidence(missing.image, `this image has no ${missing.name}`)] : []),
          ...edges,
        ],
        fix: () => replaceProbe(stack, service),
      };
    }
  },
});

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
