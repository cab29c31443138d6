import { evidence, listNames, weigh } from "../../stack/query.ts";
import { sharedStorages } from "../../stack/query-laravel-storage.ts";
import { runningCommand } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/shared-storage",
  title: "Laravel's workers and its pages write to their storage as the same user",
  claim: "boots-healthy",
  severity: "medium",
  why: "The log that a worker begins belongs to root: a page that has an error to write down may not, and answers with another one that hides it.",
  *check(stack) {
    for (const { pages, mount, workers } of sharedStorages(stack)) {
      const names = workers.map(each => each.name);
      yield {
        subject: pages.name,
        message: `${listNames(names)} ${names.length === 1 ? "runs" : "run"} as root and ${names.length === 1 ? "shares" : "share"} ${mount.target} with "${pages.name}", whose pages are made by www-data: what root writes first the pages may not write to.`,
        severity: weigh(pages, "medium"),
        confidence: "likely",
        evidence: [
          evidence(runningCommand(workers[0]!)?.at ?? workers[0]!.at, "works as root"),
          ...workers.slice(1).map(each => evidence(runningCommand(each)?.at ?? each.at, "works as root")),
          evidence(mount.at, "www-data writes here, too"),
        ],
      };
    }
  },
});
