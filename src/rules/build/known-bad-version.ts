import type { Fix } from "../../core/fix.ts";
import { weigh } from "../../stack/query.ts";
import { writtenAt } from "../../stack/query-build.ts";
import { gravest, type ImageUse, imageUses, useEvidence } from "../../stack/query-images.ts";
import { type Bad, badReleases, badReleasesAsOf, isBad, versionOf } from "../../stack/query-releases.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/known-bad-version",
  title: "No data store runs a release that damages data",
  claim: "data-survives-redeploy",
  severity: "high",
  why: "The makers of the data store repaired a defect that loses or corrupts data; this release still has it.",
  *check(stack) {
    const uses = imageUses(stack);
    for (const entry of badReleases) {
      const hit = uses.filter(use => use.runs && use.ref.family === entry.family && isBad(use, entry));
      if (hit.length === 0) continue;
      yield {
        subject: `${entry.family} ${versionOf(hit[0]!)}`,
        message: `${hit[0]!.text} ${entry.does}; ${entry.fixed} repaired it (table of ${badReleasesAsOf}).`,
        evidence: useEvidence(hit, () => `repaired in ${entry.fixed}`),
        severity: weigh(gravest(hit), "high"),
        fix: () => moveTo(stack, hit, entry),
      };
    }
  },
});

/** A minor version keeps the data format. */
function moveTo(stack: Stack, uses: readonly ImageUse[], { fixed: version, left }: Bad): Fix | undefined {
  const edits = uses.flatMap(use => {
    const written = writtenAt(stack, use.at);
    const start = written.indexOf(`:${versionOf(use)}`);
    if (start === -1 || written.includes("$")) return [];
    const from = use.at.span.start + start + 1;
    return [
      { at: { file: use.at.file, span: { start: from, end: from + versionOf(use).length } }, text: version },
    ];
  });
  if (edits.length !== uses.length) return undefined;
  return {
    title: `Move to release ${version}`,
    grade: "needs-testing",
    edits,
    test: "Make a backup, start the new release, and read and write through the application.",
    ...(left === undefined ? {} : { afterwards: left }),
  };
}
