import { evidence, listNames } from "../../stack/query.ts";
import { groupBuilds, weighBuilds } from "../../stack/query-build.ts";
import { stoppedBuilds } from "../../stack/query-build-settings.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/build-settings",
  title: "What a build runs has the variables that it stops without",
  claim: "builds",
  severity: "critical",
  why: "The settings end with an error, and the build with them: nothing of what Compose or the server sets is there while an image is built.",
  *check(stack) {
    const modelled = stack.builds.filter(build => build.model && build.contextState === "present");
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.context}`)) {
      const seen = new Set<number>();
      for (const build of group) {
        for (const stage of build.model!.built) {
          for (const { at, command, stops } of stoppedBuilds(stack, build, stage)) {
            if (seen.has(at.span.start)) continue;
            seen.add(at.span.start);
            const names = [...new Set(stops.flatMap(each => each.name ?? []))];
            const what =
              names.length > 0
                ? `loads settings that stop without ${listNames(names)}, and the build has ${names.length === 1 ? "no such variable" : "none of them"}`
                : "loads settings that refuse what a build gives them";
            yield {
              subject: `${group[0].dockerfilePath} ${command}`,
              message: `The build of ${group[0].dockerfilePath} stops at ${command}: it ${what}.`,
              evidence: [
                evidence(at, "runs while the image is built"),
                ...stops.map(each => evidence(each.at, each.name ? "stops without it" : "refuses to start")),
              ],
              severity: weighBuilds(group, "critical"),
              confidence: "likely",
            };
          }
        }
      }
    }
  },
});
