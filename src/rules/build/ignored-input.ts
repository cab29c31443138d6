import type { Fix } from "../../core/fix.ts";
import { inside } from "../../core/path.ts";
import { letIn, rulesOfContents } from "../../remedies/build-context.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { buildSubject, groupBuilds, places, weighBuilds, writtenAt } from "../../stack/query-build.ts";
import { type Ignored, ignoredInputs } from "../../stack/query-inputs.ts";
import type { Build, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/ignored-input",
  title: ".dockerignore leaves everything in the context that the build reads",
  claim: "builds",
  severity: "critical",
  why: "COPY . . succeeds without the file, and the build fails at the step that reads it, or the image lacks it when it starts.",
  *check(stack) {
    const modelled = stack.builds.filter(build => build.dockerfile && build.contextState === "present");
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.context}`)) {
      const [first] = group;
      const ignored = ignoredInputs(stack, group);
      const [worst] = ignored;
      if (!worst || !first.ignore) {
        if (first.ignore)
          yield {
            subject: buildSubject(first),
            kept: evidence(first.at, "the ignore file keeps no input out"),
          };
        continue;
      }
      const names = [...new Set(ignored.map(each => each.input.path))];
      yield {
        subject: buildSubject(first),
        message: `${first.ignore.path} keeps ${listNames(names)} out of the build of ${first.dockerfilePath}, but ${worst.input.neededBy}.`,
        evidence: [
          evidence(worst.by, "this pattern keeps it out"),
          ...places(
            ignored.map(each => each.by),
            "this pattern keeps it out",
          ).slice(1),
          ...places(
            ignored.map(each => each.copiedAt),
            "copies the context without it",
          ),
          ...places(
            ignored.flatMap(each => each.input.at ?? []),
            "needs it",
          ),
        ],
        severity: weighBuilds(group, "critical"),
        fix: () => letInputsIn(stack, first, ignored),
      };
    }
  },
});

/** A directory that is ignored as a whole comes back as a whole: the build reads more of it than what it stops at. */
function letInputsIn(stack: Stack, build: Build, ignored: readonly Ignored[]): Fix | undefined {
  const paths = ignored.map(({ input, by }) => {
    const path = inside(build.context!, input.path)!;
    const pattern = writtenAt(stack, by).replace(/^\/|\/$/g, "");
    return path.startsWith(`${pattern}/`) ? pattern : path;
  });
  const edit = letIn(stack, build, paths);
  return (
    edit && {
      title: `Let ${build.ignore!.path} leave in what the build reads`,
      grade: "needs-testing",
      edits: [edit],
      test: "Build the image.",
      reveals: rulesOfContents,
    }
  );
}
