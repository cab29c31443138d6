import { evidence, listPlain } from "../../stack/query.ts";
import { hasPipeline, ownService } from "../../stack/query-policies.ts";
import { untestedReleases } from "../../stack/query-untested.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "pipeline/present",
  title: "A pipeline checks every change before it is released",
  claim: "pipeline-gates",
  severity: "low",
  why: "What is released was tested on one workstation or not at all, and a broken build or a known hole is found by the users.",
  *check(stack) {
    const service = ownService(stack);
    if (!service || hasPipeline(stack)) return;
    const untested = untestedReleases(stack);
    if (untested) {
      const { runs, tests } = untested;
      const names = runs.map(({ title }) => title);
      yield {
        subject: "pipeline",
        message: `The ${names.length === 1 ? "release" : "releases"} in ${listPlain(names)} ${names.length === 1 ? "runs" : "run"} none of the tests of this repository, which stand in ${tests} files, and there is no pipeline that does.`,
        severity: "medium",
        confidence: "likely",
        evidence: runs.map(({ starts }) => evidence(starts[0]!.at, "released untested")),
      };
      return;
    }
    yield {
      subject: "pipeline",
      message: `Nothing in this repository tests "${service.name}", builds it or looks for known holes in it before a release: there is no .github/workflows, no .gitlab-ci.yml and no file of another such service.`,
      evidence: [evidence(service.at, "is released without a pipeline")],
      // A server of builds may be told elsewhere what to do.
      confidence: "possible",
    };
  },
});
