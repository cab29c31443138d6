import type { Dockerfile } from "../../artifacts/dockerfile.ts";
import type { Fix } from "../../core/fix.ts";
import { rulesOfContents } from "../../remedies/build-context.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { callerName, groupBuilds, places, weighBuilds } from "../../stack/query-build.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/target-stage",
  title: "Every build target is a stage of its Dockerfile",
  claim: "builds",
  severity: "critical",
  why: "The builder refuses a target that no stage is named after, so no image is made.",
  *check(stack) {
    const targeted = stack.builds.filter(
      build => build.target && build.dockerfile && !/[$]|\{\{/.test(build.target.value),
    );
    for (const build of targeted)
      if (build.stage)
        yield { subject: build.dockerfilePath!, kept: evidence(build.target!.at, "the stage exists") };
    const broken = targeted.filter(build => !build.stage);
    for (const group of groupBuilds(broken, build => `${build.dockerfilePath} ${build.target!.value}`)) {
      const [first] = group;
      const target = first.target!.value;
      const dockerfile = first.dockerfile!;
      const names = dockerfile.stages.flatMap(stage => stage.name?.value ?? []);
      const stages =
        names.length === 0 ? "none of its stages has a name" : `its stages are ${listNames(names)}`;
      yield {
        subject: `${first.dockerfilePath} ${target}`,
        message: `${callerName(first)} builds stage "${target}" of ${first.dockerfilePath}, which does not exist: ${stages}.`,
        evidence: [
          evidence(first.target!.at, `no stage is called ${target}`),
          ...places(
            group.map(build => build.target!.at),
            `no stage is called ${target}`,
          ).slice(1),
          ...dockerfile.stages.map(stage =>
            evidence(
              stage.name?.at ?? stage.from.image.at,
              stage.name ? "a stage of another name" : "a stage without a name",
            ),
          ),
        ],
        severity: weighBuilds(group, "critical"),
        fix: () => (names.includes(target) ? undefined : nameLastStage(dockerfile, target)),
      };
    }
  },
});

/** What is shipped without a target is the last stage: the only one without a name is what was meant. */
function nameLastStage(dockerfile: Dockerfile, target: string): Fix | undefined {
  const last = dockerfile.stages.at(-1);
  const unnamed = dockerfile.stages.filter(stage => !stage.name);
  if (!last || last.name || unnamed.length !== 1 || !/^[a-z][a-z0-9_.-]*$/.test(target)) return undefined;
  const end = last.from.image.at.span.end;
  const at = { file: last.from.image.at.file, span: { start: end, end } };
  return {
    title: `Name the final stage "${target}"`,
    grade: "needs-testing",
    edits: [{ at, text: ` AS ${target}` }],
    test: "Build the image.",
    // Until now the image with its web server was not made at all.
    reveals: [...rulesOfContents, "proxy/header-inheritance", "proxy/security-headers", "access/non-root"],
  };
}
