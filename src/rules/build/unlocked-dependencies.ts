import type { Evidence } from "../../core/finding.ts";
import { evidence } from "../../stack/query.ts";
import { groupBuilds, serverBuilds, weighBuilds } from "../../stack/query-build.ts";
import { installsOf, lockState } from "../../stack/query-locks.ts";
import { looseness } from "../../stack/query-loose.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/unlocked-dependencies",
  title: "Every image installs dependencies of fixed versions",
  claim: "builds-reproducibly",
  severity: "medium",
  why: "The next build of the same commit can bring other versions: it may fail or behave differently, and going back to an old commit does not bring the old program back.",
  *check(stack) {
    const builds = serverBuilds(stack).filter(build => build.model && build.contextState === "present");
    for (const group of groupBuilds(builds, build => `${build.dockerfilePath} in ${build.context}`)) {
      const [first] = group;
      const installs = installsOf(group);
      const loose = installs.flatMap(({ stage, install }) => looseness(stack, stage, install) ?? []);
      if (loose.length === 0) {
        const locked = installs.find(({ stage, install }) => lockState(stage, install) === "yes");
        if (locked)
          yield { subject: first.dockerfilePath!, kept: evidence(locked.install.at, "a lock file is used") };
        continue;
      }
      yield {
        subject: first.dockerfilePath!,
        message: `${first.dockerfilePath} installs versions that depend on the day: ${[...new Set(loose.map(each => each.says))].join("; ")}.`,
        evidence: loose.flatMap(each => each.evidence) as [Evidence, ...Evidence[]],
        severity: weighBuilds(group, "medium"),
      };
    }
  },
});
