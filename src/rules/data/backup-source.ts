import type { Evidence } from "../../core/finding.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { emptyArchives } from "../../stack/query-backup-source.ts";
import { callerName } from "../../stack/query-scripts.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/backup-source",
  title: "A backup takes the data from where it lies",
  claim: "backup-restores",
  severity: "high",
  why: "The archive holds an empty directory, or is skipped as absent, while everything that visitors have sent lies in a volume of Docker: it is noticed on the day of the restore.",
  *check(stack) {
    for (const { placed, folder, at, service, mount } of emptyArchives(stack))
      yield {
        subject: `${placed.caller.file}: ${folder}`,
        message: `${callerName(placed)} saves the directory ${folder} of the server, and "${service.name}" keeps ${mount.target} in the volume "${mount.source}": no backup has it.`,
        severity: weigh(service, "high"),
        confidence: "likely",
        evidence: [
          evidence(at, "a directory of the server, which nothing writes to"),
          evidence(mount.at, "the files are here"),
        ] as [Evidence, Evidence],
      };
  },
});
