import type { Edit } from "../../core/fix.ts";
import { sourceOf } from "../../core/project-files.ts";
import { lineStartOf } from "../../formats/yaml-edit.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { groupBuilds, places, weighBuilds } from "../../stack/query-build.ts";
import { type LostArgument, lostArguments } from "../../stack/query-build-arguments.ts";
import { publicName } from "../../stack/query-bundles.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/argument-declared",
  title: "Every build argument reaches the step that needs it",
  claim: "configured-completely",
  severity: "high",
  why: "The builder drops an argument that the stage does not declare with ARG: the build succeeds with an empty value, and a bundle made that way calls no address or the wrong one.",
  *check(stack) {
    const given = stack.builds.filter(build => build.args.length > 0);
    for (const group of groupBuilds(given, build => build.dockerfilePath)) {
      const lost = group.flatMap(build => lostArguments(stack, build));
      const first = lost[0];
      if (!first) continue;
      const names = [...new Set(lost.map(each => each.given.name))];
      const file = group[0].dockerfilePath!;
      yield {
        subject: file,
        message:
          names.length === 1
            ? `The build argument ${listNames(names)} is given to ${file}, and the stage that needs it does not declare it: it is empty there.`
            : `The build arguments ${listNames(names)} are given to ${file}, and the stages that need them do not declare them: they are empty there.`,
        severity: weighBuilds(group, names.some(name => publicName.test(name)) ? "high" : "medium"),
        evidence: [
          evidence(first.given.at, "given to the build"),
          ...places(
            lost.slice(1).map(each => each.given.at),
            "given to the build",
          ),
          ...places(
            lost.map(each => each.use),
            "no ARG of that name above, in this stage",
          ),
          ...lost.flatMap(({ elsewhere }) => (elsewhere ? places([elsewhere.at], elsewhere.because) : [])),
        ],
        fix: () =>
          offer(
            {
              title: `Declare ${listNames(names)} in the stage`,
              grade: "needs-testing" as const,
              test: "Build the image, and look for the value in what it makes.",
            },
            declarations(stack, lost),
          ),
      };
    }
  },
});

/** `ARG` lines above the steps; one place gets each name once. */
function declarations(stack: Stack, lost: readonly LostArgument[]): Edit[] | undefined {
  const bySteps = new Map<number, { readonly edit: LostArgument; readonly names: Set<string> }>();
  for (const each of lost) {
    const key = each.step.at.span.start;
    const known = bySteps.get(key);
    if (known) known.names.add(each.given.name);
    else bySteps.set(key, { edit: each, names: new Set([each.given.name]) });
  }
  const edits = [...bySteps.values()].map(({ edit, names }) => {
    const { file, span } = edit.step.at;
    const source = sourceOf(stack, file);
    if (!source) return undefined;
    const start = lineStartOf(source, span.start);
    if (source.text.slice(start, span.start).trim() !== "") return undefined;
    const eol = source.text.includes("\r\n") ? "\r\n" : "\n";
    return {
      at: { file, span: { start, end: start } },
      text: [...names].map(name => `ARG ${name}${eol}`).join(""),
    };
  });
  return edits.every(edit => edit !== undefined) ? edits : undefined;
}
