import { evidence } from "../../stack/query.ts";
import { groupBuilds, serverBuilds, weighBuilds } from "../../stack/query-build.ts";
import { uncheckedDownloads } from "../../stack/query-certificate-checks.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/unchecked-download",
  title: "Builds check whom they download from",
  claim: "builds-reproducibly",
  severity: "medium",
  why: "Whoever stands between the build machine and the server can put a program of their own into the image, and nothing notices.",
  *check(stack) {
    const builds = serverBuilds(stack).filter(build => build.model);
    for (const group of groupBuilds(builds, build => build.dockerfilePath)) {
      const unchecked = new Map(
        group.flatMap(build => uncheckedDownloads(stack, build)).map(each => [each.at.span.start, each]),
      );
      const [first, ...more] = unchecked.values();
      if (!first) continue;
      yield {
        subject: group[0].dockerfilePath!,
        message: `${group[0].dockerfilePath} downloads without a check: ${first.what}.`,
        severity: weighBuilds(group, "medium"),
        evidence: [evidence(first.at, first.what), ...more.map(each => evidence(each.at, each.what))],
      };
    }
  },
});
