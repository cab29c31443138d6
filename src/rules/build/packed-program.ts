import type { Severity, Violation } from "../../core/finding.ts";
import { evidence } from "../../stack/query.ts";
import { buildSubject, groupBuilds, weighBuilds } from "../../stack/query-build.ts";
import { type TwoJars, twoJars, unbuiltTwoJars } from "../../stack/query-jars.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/packed-program",
  title: "The pattern for a packed program fits one file",
  claim: "builds",
  severity: "critical",
  why: "Docker copies several files into a directory only: the step ends with an error, in every build.",
  *check(stack) {
    if (!stack.components.some(({ manifest }) => /\.gradle(?:\.kts)?$/.test(manifest))) return;
    const modelled = stack.builds.filter(build => build.dockerfile && build.contextState === "present");
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.context}`)) {
      const [first] = group;
      const found = twoJars(stack, first);
      if (!found) continue;
      yield violation(buildSubject(first), first.dockerfilePath!, found, weighBuilds(group, "critical"));
    }
    // Built by a pipeline that is not read: where its image goes is not known.
    for (const found of unbuiltTwoJars(stack))
      yield violation(found.dockerfile, found.dockerfile, found, "high");
  },
});

function violation(subject: string, dockerfile: string, found: TwoJars, severity: Severity): Violation {
  return {
    subject,
    message: `${dockerfile} copies ${found.source.value} to ${found.destination}, and Gradle leaves two files there: the program, and a plain one beside it.`,
    severity,
    confidence: "likely",
    evidence: [
      evidence(found.source.at, "two files fit"),
      evidence(found.plugin, "makes both, unless `jar` is switched off"),
    ],
  };
}
