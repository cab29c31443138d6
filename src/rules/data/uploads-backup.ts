import { evidence, weigh } from "../../stack/query.ts";
import { forgottenUploads } from "../../stack/query-forgotten-uploads.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/uploads-backup",
  title: "Backups hold what visitors have sent, not only the database",
  claim: "backup-restores",
  severity: "medium",
  why: "After a lost disk the restored database names pictures and documents that nobody has any more.",
  *check(stack) {
    for (const { service, folder, at, mount, backup } of forgottenUploads(stack))
      yield {
        subject: service.name,
        message: `The backups of this repository save the database, and not ${mount.source ?? mount.target}, where "${service.name}" keeps what visitors send (${folder}).`,
        severity: weigh(service, "medium"),
        confidence: "likely",
        evidence: [
          evidence(mount.at, "no backup names it"),
          evidence(at, `uploads go to ${folder}`),
          evidence(backup, "saves the database alone"),
        ],
      };
  },
});
