import type { Severity } from "../../core/finding.ts";
import type { Fix } from "../../core/fix.ts";
import { addTo } from "../../core/group.ts";
import { joinFixes } from "../../core/join-fixes.ts";
import { leaveOutDevelopment } from "../../remedies/dev-packages.ts";
import { splitRequirements } from "../../remedies/split-requirements.ts";
import { evidence, isOptional, listNames, listPlain } from "../../stack/query.ts";
import { formOf, groupBuilds, places, serverBuilds, weighBuilds } from "../../stack/query-build.ts";
import {
  developmentOf,
  managersWithGroups,
  removesModules,
  type Shipped,
  shippedInstalls,
} from "../../stack/query-dev-packages.ts";
import { shippedRuns } from "../../stack/query-shipped.ts";
import type { Build, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/dev-dependencies",
  title: "Images that are shipped have no development dependencies",
  claim: "runs-unprivileged",
  severity: "low",
  why: "Test runners, linters and build tools make the image larger, add packages to repair, and hide that production code needs one of them.",
  *check(stack) {
    // Tools that a person starts by a profile, a migration for instance, are made of a stage of the build.
    const byHand = new Set(
      stack.services.flatMap(each => (isOptional(each) && each.build ? [each.build] : [])),
    );
    const builds = serverBuilds(stack).filter(build => build.model && !byHand.has(build));
    const alike = new Map<string, Copy[]>();
    for (const group of groupBuilds(builds, build => `${build.dockerfilePath} ${build.stage?.index}`)) {
      const [first] = group;
      if (shippedRuns(first).some(run => removesModules.test(run.fragment.text))) continue;
      const installs = shippedInstalls(first);
      const shipped = installs.flatMap(({ stage, install }) => developmentOf(stack, stage, install) ?? []);
      if (shipped.length === 0) {
        const [clean] = installs.filter(
          ({ install }) => managersWithGroups.has(install.manager) && !install.dev,
        );
        if (clean)
          yield { subject: first.dockerfilePath!, kept: evidence(clean.install.at, "leaves them out") };
        continue;
      }
      const names = [...new Set(shipped.flatMap(each => each.names))];
      const said = `shipped with development dependencies: ${listNames(names)} of ${shipped[0]!.manifest}`;
      const severity = weighBuilds(group, "low");
      // Copies of one Dockerfile for several programs have one cause.
      addTo(alike, [formOf(stack, first), severity, said].join("\n"), { first, shipped, said, severity });
    }
    for (const copies of alike.values()) {
      const [{ first, said, severity }] = copies as [Copy];
      const files = [...new Set(copies.map(each => each.first.dockerfilePath!))];
      yield {
        subject: first.dockerfilePath!,
        message: `The ${files.length === 1 ? "image" : "images"} of ${listPlain(files)} ${files.length === 1 ? "is" : "are"} ${said}.`,
        evidence: places(
          copies.flatMap(each => each.shipped.map(({ install }) => install.at)),
          "installs development dependencies",
        ),
        severity,
        fix: () => joinFixes(copies.map(each => ({ fix: () => fixOf(stack, each) }))),
      };
    }
  },
});

interface Copy {
  readonly first: Build;
  readonly shipped: readonly Shipped[];
  readonly said: string;
  readonly severity: Severity;
}

function fixOf(stack: Stack, { first, shipped }: Copy): Fix | undefined {
  return (
    leaveOutDevelopment(stack, first, shipped) ??
    (shipped.length === 1 ? splitRequirements(stack, shipped[0]!) : undefined)
  );
}
