import { addTo } from "../../core/group.ts";
import { evidence, listPlain, weigh } from "../../stack/query.ts";
import { type ArchivedInstall, archivedInstalls } from "../../stack/query-archived-packages.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/archived-packages",
  title: "The packages of the system can still be fetched",
  claim: "builds",
  severity: "high",
  why: "The build stops there: what runs goes on, and no change of the code can be released, nor can the image be made on a new server.",
  *check(stack) {
    // The same base in several Dockerfiles is one habit.
    const groups = new Map<string, ArchivedInstall[]>();
    for (const install of archivedInstalls(stack)) {
      const key = `${install.system} ${install.build.grade}`;
      addTo(groups, key, install);
    }
    for (const group of groups.values()) {
      const [{ build, system }] = group as [ArchivedInstall];
      const files = group.map(each => each.build.dockerfile!.file);
      const [first, ...more] = group.flatMap(({ at, base }) => [
        evidence(at, "finds no list of packages"),
        evidence(base, `is ${system}`),
      ]);
      yield {
        subject: files.join(" "),
        message: `${listPlain(files)} ${files.length === 1 ? "fetches" : "fetch"} packages of ${system}, which the servers that its image names have no longer: the build stops there.`,
        severity: weigh(build.grade, "high"),
        confidence: "likely",
        evidence: [first!, ...more],
      };
    }
  },
});
