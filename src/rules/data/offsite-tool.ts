import { evidence, listPlain, serverServices, weigh } from "../../stack/query.ts";
import { idleUploads } from "../../stack/query-idle-uploads.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/offsite-tool",
  title: "A container that takes backups elsewhere has the program for it",
  claim: "backup-restores",
  severity: "medium",
  why: "The copies stay on the machine that they are to survive, and the settings for the store outside look as if they were used.",
  *check(stack) {
    for (const service of serverServices(stack)) {
      const found = idleUploads(stack, service);
      const [first, ...more] = found?.calls ?? [];
      if (!found || !first) continue;
      const names = [...new Set(found.calls.map(({ name }) => name))];
      yield {
        subject: service.name,
        message: `"${service.name}" cannot take its backups elsewhere: ${found.file} calls ${listPlain(names)}, and the image ${service.image?.text} has ${names.length === 1 ? "no such program" : "none of them"}.`,
        severity: weigh(service, "medium"),
        confidence: "likely",
        evidence: [
          evidence(first.at, "is not in the container"),
          ...more.map(each => evidence(each.at, "is not in the container")),
          evidence(found.mount.at, "brings the script into it"),
          ...(service.image ? [evidence(service.image.at, "a server and its clients, nothing more")] : []),
        ],
      };
    }
  },
});
