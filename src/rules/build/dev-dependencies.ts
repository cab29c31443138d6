import { leaveOutDevelopment } from "../../remedies/dev-packages.ts";
import { splitRequirements } from "../../remedies/split-requirements.ts";
import { evidence, isOptional, listNames } from "../../stack/query.ts";
import { groupBuilds, places, serverBuilds, weighBuilds } from "../../stack/query-build.ts";
import {
  developmentOf,
  managersWithGroups,
  removesModules,
  shippedInstalls,
} from "../../stack/query-dev-packages.ts";
import { shippedRuns } from "../../stack/query-shipped.ts";
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
      yield {
        subject: first.dockerfilePath!,
        message: `The image of ${first.dockerfilePath} is shipped with development dependencies: ${listNames(names)} of ${shipped[0]!.manifest}.`,
        evidence: places(
          shipped.map(each => each.install.at),
          "installs development dependencies",
        ) as [ReturnType<typeof evidence>],
        severity: weighBuilds(group, "low"),
        fix: () =>
          leaveOutDevelopment(stack, first, shipped) ??
          (shipped.length === 1 ? splitRequirements(stack, shipped[0]!) : undefined),
      };
    }
  },
});
