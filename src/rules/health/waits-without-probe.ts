import { addTo } from "../../core/group.ts";
import { joinFixes } from "../../core/join-fixes.ts";
import type { Location } from "../../core/source.ts";
import { offer } from "../../remedies/offer.ts";
import { addHealthcheck, probeTest } from "../../remedies/probe.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { isComplete, oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "health/waits-without-probe",
  title: "Whoever is waited for until healthy has a health check",
  claim: "waits-for-dependencies",
  severity: "critical",
  why: "Compose refuses to start a service that waits for the health of a container without a health check.",
  *check(stack) {
    // Containers of one file that lack the same are one finding.
    const groups = new Map<string, { readonly other: Service; readonly edges: readonly Wait[] }[]>();
    for (const [other, edges] of waits(stack))
      addTo(groups, `${other.at.file} ${other.healthcheck?.disabled ?? false}`, { other, edges });
    for (const group of groups.values()) {
      const { other: first, edges: firstEdges } = group[0]!;
      const isOff = first.healthcheck?.disabled ?? false;
      const one = group.length === 1;
      const how = isOff
        ? one
          ? "its health check is switched off"
          : "their health checks are switched off"
        : one
          ? "it has no health check"
          : "they have no health check";
      const shows = isOff ? "its health check is switched off" : "it has no health check";
      const others = group.map(({ other }) => other);
      const names = [...new Set(group.flatMap(({ edges }) => edges.map(({ service }) => service.name)))];
      const [place, ...more] = group.flatMap(({ other, edges }) => [
        evidence(other.healthcheck?.at ?? other.at, shows),
        ...edges.map(({ at }) => evidence(at, "waits for service_healthy")),
      ]);
      yield {
        subject: first.name,
        message: `${listNames(names)} ${names.length === 1 ? "waits" : "wait"} until ${listNames(others.map(({ name }) => name))} ${one ? "is" : "are"} healthy, but ${how}: Compose stops with an error.`,
        severity: weigh(firstEdges[0]!.service, "critical"),
        evidence: [place!, ...more],
        fix: () =>
          joinFixes(
            others.map(other => ({
              fix: () =>
                offer(
                  {
                    title: `Check the health of ${other.name}`,
                    grade: "needs-testing",
                    test: probeTest([other.name]),
                  },
                  addHealthcheck(stack, other),
                ),
            })),
          ),
      };
    }
  },
});

interface Wait {
  readonly service: Service;
  readonly at: Location;
}

/** Who waits for each container without a check: that check is the one thing that is missing. */
function waits(stack: Stack): ReadonlyMap<Service, readonly Wait[]> {
  const first = oncePerPlace();
  const byPlace = new Map<string, { readonly other: Service; readonly edges: Wait[] }>();
  for (const service of worstFirst(stack.services)) {
    for (const edge of service.dependsOn) {
      if (edge.condition !== "service_healthy" || !edge.required) continue;
      const other = service.project.services.find(each => each.name === edge.service);
      if (!other || !lacksProbe(other) || !first(edge.at)) continue;
      const key = `${other.at.file}:${other.at.span.start}`;
      const group = byPlace.get(key) ?? { other, edges: [] };
      group.edges.push({ service, at: edge.at });
      byPlace.set(key, group);
    }
  }
  return new Map([...byPlace.values()].map(({ other, edges }) => [other, edges]));
}

/** Neither Compose nor the image gives it a check; undefined facts mean that nobody knows. */
function lacksProbe(service: Service): boolean {
  if (!isComplete(service)) return false;
  if (service.healthcheck) return service.healthcheck.disabled;
  if (service.get("healthcheck", "test")) return false;
  return service.facts?.healthcheck === false;
}
