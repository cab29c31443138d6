import { evidence } from "../../stack/query.ts";
import { groupBuilds, weighBuilds } from "../../stack/query-build.ts";
import { wrongOutputs } from "../../stack/query-build-output.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/build-output",
  title: "A build makes the directory that the image takes from it",
  claim: "builds",
  severity: "critical",
  why: "The builder stops at the COPY, because the directory is not there: no image is made.",
  *check(stack) {
    const modelled = stack.builds.filter(build => build.model && build.contextState === "present");
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.context}`)) {
      const seen = new Set<string>();
      const all = group.flatMap(build => build.model!.built);
      for (const stage of all) {
        for (const { at, path, built, tool, makes, config } of wrongOutputs(stack, stage, all)) {
          const key = `${built.span.start} ${makes}`;
          if (seen.has(key)) continue;
          seen.add(key);
          yield {
            subject: `${group[0].dockerfilePath} ${path}`,
            message: `${group[0].dockerfilePath} copies ${path}, which the build with ${tool} does not make: it makes ${makes}${config ? `, and ${config} asks for nothing else` : ""}.`,
            evidence: [evidence(at, "is not there"), evidence(built, `makes ${makes}`)],
            severity: weighBuilds(group, "critical"),
            confidence: "likely",
          };
        }
      }
    }
  },
});
