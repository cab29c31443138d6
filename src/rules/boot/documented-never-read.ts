import type { Edit } from "../../core/fix.ts";
import { sourceOf } from "../../core/project-files.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { type DocumentedUnread, documentedUnread } from "../../stack/query-documented.ts";
import type { Stack } from "../../stack/stack.ts";
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
        evidence: places,
        confidence: "likely",
        fix: () =>
          offer(
            {
              title: `Mark what nothing reads in ${file.file}`,
              grade: "needs-testing",
              test: "Look for a setting of nearly the same name: a misspelt one has to be corrected instead.",
            },
            unread.map(each => markUnread(stack, file.file, each)),
          ),
      };
    }
  },
});

/** The line becomes a comment, so that nothing that somebody wrote is lost. A value of several lines stays. */
function markUnread(
  stack: Stack,
  file: string,
  { at, whole }: DocumentedUnread["unread"][number],
): Edit | undefined {
  const text = sourceOf(stack, file)?.text;
  if (text === undefined || text.slice(whole.span.start, whole.span.end).includes("\n")) return undefined;
  const start = text.lastIndexOf("\n", at.span.start - 1) + 1;
  return { at: { file, span: { start, end: start } }, text: "# Read by nothing: " };
}
