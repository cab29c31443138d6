import type { Evidence } from "../../core/finding.ts";
import { severities } from "../../core/finding.ts";
import type { Location } from "../../core/source.ts";
import { upgradeRuntime } from "../../remedies/base-upgrade.ts";
import { evidence } from "../../stack/query.ts";
import { groupBuilds, weighBuilds } from "../../stack/query-build.ts";
import { imageUses } from "../../stack/query-images.ts";
import { type Need, nodeNeeds, pythonNeeds } from "../../stack/query-needs.ts";
import { type RuntimeUse, runtimeUses } from "../../stack/query-runtime.ts";
import { newestOf } from "../../stack/query-versions.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/runtime-version",
  title: "Every image has the language version that its code asks for",
  claim: "boots-healthy",
  severity: "high",
  why: "Code and packages that were written for a newer runtime fail at install, at start, or at the first call of what is missing.",
  *check(stack) {
    const modelled = stack.builds.filter(build => build.model);
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.context}`)) {
      const uses = group.flatMap(runtimeUses);
      const stages = new Map(uses.map(use => [use.stage.base && baseAt(use).span.start, use]));
      // Stages of one Dockerfile that are too old for the same are one finding.
      const short = new Map<string, { name: string; family: string; needs: Need[]; bases: Location[] }>();
      for (const [start, { stage }] of stages) {
        const base = stage.base;
        const version = newestOf(base?.tag);
        if (!base || !version || start === undefined) continue;
        const here = uses.filter(use => use.stage.base && baseAt(use).span.start === start);
        const at = baseAt(here[0]!);
        const needs =
          base.family === "node"
            ? nodeNeeds(stack, here, version)
            : base.family === "python"
              ? pythonNeeds(stack, here, version)
              : [];
        const name = `${base.family === "node" ? "Node.js" : "Python"} ${/^[\d.]+/.exec(base.tag!)![0]}`;
        if (needs.length === 0) {
          if (base.family === "node" || base.family === "python")
            yield {
              subject: `${group[0].dockerfilePath}`,
              kept: evidence(at, `${name} suits the manifests`),
            };
          continue;
        }
        const key = [name, ...needs.map(need => need.says)].join("\n");
        const known = short.get(key);
        if (known) known.bases.push(at);
        else short.set(key, { name, family: base.family!, needs, bases: [at] });
      }
      for (const { name, family, needs, bases } of short.values()) {
        const worst = Math.min(...needs.map(need => severities.indexOf(need.severity)));
        const gravest = needs.find(need => severities.indexOf(need.severity) === worst)!;
        const [first, ...more] = bases;
        yield {
          subject: `${group[0].dockerfilePath} ${family}`,
          message: `${group[0].dockerfilePath} has ${name}, but ${[...new Set(needs.map(need => need.says))].join("; ")}.`,
          evidence: [
            evidence(first!, name),
            ...unique(needs.flatMap(need => need.evidence)),
            ...more.map(at => evidence(at, name)),
          ],
          severity: weighBuilds(group, gravest.severity),
          confidence: gravest.confidence,
          fix: () =>
            upgradeRuntime(
              stack,
              imageUses(stack).filter(use =>
                bases.some(at => use.at.file === at.file && use.at.span.start === at.span.start),
              ),
            ),
        };
      }
    }
  },
});

function baseAt({ stage }: RuntimeUse) {
  return stage.stage.from.image.at;
}

function unique(all: readonly Evidence[]): Evidence[] {
  const seen = new Set<string>();
  return all.filter(({ at }) => {
    const key = `${at.file}:${at.span.start}`;
    return !seen.has(key) && seen.add(key);
  });
}
