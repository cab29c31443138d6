import type { Violation } from "../../core/finding.ts";
import { evidence } from "../../stack/query.ts";
import { groupBuilds, weighBuilds } from "../../stack/query-build.ts";
import { goCommands, missingPackage, missingSums } from "../../stack/query-go.ts";
import type { Build, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/go-module",
  title: "What `go build` asks for is in the image",
  claim: "builds",
  severity: "critical",
  why: "The compiler stops before it compiles anything: no image is made, and the release ends there.",
  *check(stack) {
    const modelled = stack.builds.filter(build => build.model && build.contextState === "present");
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.context}`)) {
      // The wrong context has a finding of its own.
      if (
        group.some(build =>
          build.model!.missingSources.some(
            each => !each.copy.from && /^(?:go\.|\.$)/.test(each.source.value),
          ),
        )
      )
        continue;
      const told = new Set<string>();
      for (const found of failures(stack, group)) {
        const key = found.evidence.map(({ at }) => `${at.file}:${at.span.start}`)[0]!;
        if (!told.has(key)) yield found;
        told.add(key);
      }
    }
  },
});

function* failures(stack: Stack, group: readonly [Build, ...Build[]]): Iterable<Violation> {
  const name = group[0].dockerfilePath ?? "";
  const severity = weighBuilds(group, "critical");
  for (const stage of group.flatMap(build => build.model!.built)) {
    for (const go of goCommands(stage)) {
      if (go.verb === "mod") continue;
      const absent = missingPackage(stage, go);
      const sums = missingSums(stack, stage, go);
      if (sums)
        yield {
          subject: name,
          message: `${name} builds a Go module without its go.sum: "missing go.sum entry" is all that the build says.`,
          severity,
          evidence: [
            evidence(go.command.at, "needs the checksums of its modules"),
            evidence(sums, "no go.sum with it"),
          ],
        };
      if (absent)
        yield {
          subject: name,
          message: `${name} builds ${absent.value}, which is not in the image at that step: the build fails there.`,
          severity,
          confidence: "likely",
          evidence: [evidence(absent.at, "no such directory in the image")],
        };
    }
  }
}
