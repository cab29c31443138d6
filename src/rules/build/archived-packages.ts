import { evidence, weigh } from "../../stack/query.ts";
import { archivedInstalls } from "../../stack/query-archived-packages.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/archived-packages",
  title: "The packages of the system can still be fetched",
  claim: "builds",
  severity: "high",
  why: "The build stops there: what runs goes on, and no change of the code can be released, nor can the image be made on a new server.",
  *check(stack) {
    for (const { build, base, system, at } of archivedInstalls(stack)) {
      yield {
        subject: build.dockerfile!.file,
        message: `${build.dockerfile!.file} fetches packages of ${system}, which the servers that its image names have no longer: the build stops there.`,
        severity: weigh(build.grade, "high"),
        confidence: "likely",
        evidence: [evidence(at, "finds no list of packages"), evidence(base, `is ${system}`)],
      };
    }
  },
});
