import { evidence } from "../../stack/query.ts";
import { buildSubject, groupBuilds, weighBuilds } from "../../stack/query-build.ts";
import { takenAccounts } from "../../stack/query-taken-accounts.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/taken-account",
  title: "A Dockerfile makes no user or group that is there",
  claim: "builds",
  severity: "critical",
  why: "The programs that make users and groups refuse a name or a number that is taken: the step ends with an error, in every build.",
  *check(stack) {
    const modelled = stack.builds.filter(build => build.dockerfile);
    const told = new Set<string>();
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.target ?? ""}`)) {
      const [first] = group;
      for (const { at, what, by, byAt } of takenAccounts(first)) {
        const key = `${at.file}:${at.span.start}`;
        if (told.has(key)) continue;
        told.add(key);
        yield {
          subject: buildSubject(first),
          message: `The build of ${first.dockerfilePath} stops at a step that makes ${what}: ${by} has made it before.`,
          severity: weighBuilds(group, "critical"),
          evidence: [evidence(at, "refused: it is taken"), evidence(byAt, `has ${what}`)],
        };
      }
    }
  },
});
