import type { Evidence } from "../../core/finding.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { documentedUnread } from "../../stack/query-documented.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/documented-never-read",
  title: "Every documented variable is read by something",
  claim: "configured-completely",
  severity: "low",
  why: "Whoever fills in the form believes that the value has an effect: a removed feature or a misspelt name looks like a setting.",
  *check(stack) {
    for (const { file, unread } of documentedUnread(stack)) {
      const places = unread.map(({ at }) => evidence(at, "read by nothing"));
      yield {
        subject: file.file,
        message: `${file.file} documents ${listNames(unread.map(each => each.name))}, which nothing in the repository reads.`,
        evidence: places as unknown as [Evidence, ...Evidence[]],
        confidence: "likely",
      };
    }
  },
});
