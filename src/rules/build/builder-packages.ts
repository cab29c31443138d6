import { evidence, listNames } from "../../stack/query.ts";
import { groupBuilds, weighBuilds } from "../../stack/query-build.ts";
import { starvedScripts } from "../../stack/query-builder-packages.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/builder-packages",
  title: "The packages that build an application are installed where it is built",
  claim: "builds",
  severity: "critical",
  why: 'The build ends with "not found" for a compiler or a plugin, so no image is made; on the workstation, where all packages are installed, it works.',
  *check(stack) {
    const modelled = stack.builds.filter(build => build.model && build.contextState === "present");
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.context}`)) {
      const seen = new Set<number>();
      const built = group.flatMap(build => build.model!.built);
      for (const stage of built) {
        for (const { at, script, install, lacks, sure } of starvedScripts(stack, stage, built)) {
          if (seen.has(at.span.start)) continue;
          seen.add(at.span.start);
          const names = lacks.map(each => each.name);
          yield {
            subject: `${group[0].dockerfilePath} ${script}`,
            message: `${group[0].dockerfilePath} runs the script "${script}", which needs ${listNames(names)}, and installs the packages for production only: the build fails.`,
            evidence: [
              evidence(at, `needs ${listNames(names)}`),
              evidence(install.at, "leaves development packages out"),
              ...lacks.map(each => evidence(each.at, "for developers only")),
            ],
            severity: weighBuilds(group, "critical"),
            confidence: sure ? "certain" : "likely",
          };
        }
      }
    }
  },
});
