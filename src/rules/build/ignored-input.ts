import { inside, join } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { isIgnored } from "../../formats/dockerignore.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { buildSubject, groupBuilds, places, weighBuilds } from "../../stack/query-build.ts";
import { type Input, inputsOf } from "../../stack/query-inputs.ts";
import type { Build, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

interface Ignored {
  readonly input: Input;
  /** The pattern. */
  readonly by: Location;
  readonly copiedAt: Location;
}

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
      };
    }
  },
});

/** Inputs that the repository has, that a broad COPY would bring, and that a pattern keeps out. */
function ignoredInputs(stack: Stack, group: readonly Build[]): Ignored[] {
  const found = new Map<string, Ignored>();
  for (const build of group) {
    if (!build.ignore || !build.model) continue;
    for (const stage of build.model.built) {
      for (const input of inputsOf(stack, build, stage)) {
        const path = inside(build.context!, input.path);
        if (path === undefined || stack.files.has(input.path) === undefined) continue;
        const { ignored, by } = isIgnored(build.ignore.rules, path);
        if (!ignored || !by) continue;
        // A COPY that names it is another rule's: it stops the build at once.
        const copy = stage.stage.copies.find(
          each =>
            !each.from &&
            each.sources.some(
              source => inside(join("", source.value.replace(/^\/+/, "")), path) !== undefined,
            ),
        );
        if (copy && !found.has(input.path)) found.set(input.path, { input, by: by.at, copiedAt: copy.at });
      }
    }
  }
  return [...found.values()];
}
