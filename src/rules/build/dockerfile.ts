import { dirname } from "../../core/path.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { callerName, groupBuilds, mayAppear, places, weighBuilds } from "../../stack/query-build.ts";
import type { Build, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/dockerfile",
  title: "Every Dockerfile that a build names exists",
  claim: "builds",
  severity: "critical",
  why: "The builder stops before its first step when it cannot open the Dockerfile.",
  *check(stack) {
    for (const build of stack.builds)
      if (build.dockerfileState === "present")
        yield {
          subject: build.dockerfilePath!,
          kept: evidence(build.dockerfileAt, "the Dockerfile is here"),
        };
    const absent = stack.builds.filter(
      build =>
        build.dockerfileState === "absent" &&
        // The context's own absence is another rule's.
        build.contextState !== "absent" &&
        !mayAppear(stack, build, build.dockerfilePath!),
    );
    for (const group of groupBuilds(absent, build => build.dockerfilePath)) {
      const [first] = group;
      const path = first.dockerfilePath!;
      const found = nearby(stack, first);
      const hint = found.length === 0 ? "" : ` The repository has ${listNames(found)}.`;
      yield {
        subject: path,
        message: `${callerName(first)} builds with ${path}, which does not exist: the build fails at once.${hint}`,
        evidence: [
          evidence(first.dockerfileAt, `no file ${path}`),
          ...places(
            group.map(build => build.dockerfileAt),
            `no file ${path}`,
          ).slice(1),
        ],
        severity: weighBuilds(group, "critical"),
      };
    }
  },
});

/** Dockerfiles that may have been meant: in the same directory, else anywhere. */
function nearby(stack: Stack, build: Build): string[] {
  const all = [...stack.dockerfiles.keys()];
  const beside = all.filter(path => dirname(path) === dirname(build.dockerfilePath!));
  return beside.length > 0 ? beside : all;
}
