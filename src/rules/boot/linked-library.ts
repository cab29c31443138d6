import { evidence } from "../../stack/query.ts";
import { groupBuilds, weighBuilds } from "../../stack/query-build.ts";
import { foreignLibrary } from "../../stack/query-go.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/linked-library",
  title: "A program is shipped with the C library that it was linked with",
  claim: "boots-healthy",
  severity: "critical",
  why: 'The kernel finds no loader for the program and says "no such file or directory" of a file that is there: the container ends at once, every time.',
  *check(stack) {
    const modelled = stack.builds.filter(build => build.model && build.contextState === "present");
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.stage?.index}`)) {
      const found = foreignLibrary(stack, group[0]);
      if (!found) continue;
      yield {
        subject: group[0].dockerfilePath ?? "",
        message: `${group[0].dockerfilePath} links its program with the C library of Debian and ships it in an image that has ${found.system}: it does not start.`,
        severity: weighBuilds(group, "critical"),
        confidence: "likely",
        evidence: [
          evidence(found.built, "links with the C library: CGO_ENABLED is not 0"),
          evidence(found.copied, "the program is shipped"),
          evidence(found.base, "without that library"),
        ],
        fix: () => ({
          title: "Link without the C library",
          grade: "needs-testing",
          edits: [
            {
              at: {
                file: found.built.file,
                span: { start: found.built.span.start, end: found.built.span.start },
              },
              text: "CGO_ENABLED=0 ",
            },
          ],
          test: "Build the image and start it: a package that is written in C would now fail to build.",
        }),
      };
    }
  },
});
