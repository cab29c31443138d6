import { evidence } from "../../stack/query.ts";
import { groupBuilds, weighBuilds } from "../../stack/query-build.ts";
import { starvedScripts } from "../../stack/query-builder-packages.ts";
import { failingScripts } from "../../stack/query-install-scripts.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/install-scripts",
  title: "The scripts that an install runs by itself find what they need",
  claim: "builds",
  severity: "critical",
  why: "The install ends with the error of its script, and the build with it; on the workstation, where everything is there, it works.",
  *check(stack) {
    const modelled = stack.builds.filter(build => build.model && build.contextState === "present");
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.context}`)) {
      const seen = new Set<string>();
      const built = group.flatMap(build => build.model!.built);
      // The build that such an install starves is told, and to install everything mends both.
      const told = new Set(
        built.flatMap(stage =>
          [...starvedScripts(stack, stage, built)].map(each => each.install.at.span.start),
        ),
      );
      for (const { install, name, script, lacks, kind } of group.flatMap(build => [
        ...failingScripts(stack, build),
      ])) {
        const key = `${install.at.span.start} ${name}`;
        if (seen.has(key) || (kind === "package" && told.has(install.at.span.start))) continue;
        seen.add(key);
        const because =
          kind === "package"
            ? `needs "${lacks}", which is not installed for production`
            : `needs ${lacks}, which is not copied yet`;
        yield {
          subject: `${group[0].dockerfilePath} ${name}`,
          message: `An install of ${group[0].dockerfilePath} runs the script "${name}" of package.json, which ${because}: the build fails.`,
          evidence: [evidence(install.at, `runs "${name}"`), evidence(script.at, `needs ${lacks}`)],
          severity: weighBuilds(group, "critical"),
          confidence: "likely",
        };
      }
    }
  },
});
