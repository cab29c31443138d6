import type { Fix } from "../../core/fix.ts";
import { weigh } from "../../stack/query.ts";
import { writtenAt } from "../../stack/query-build.ts";
import { gravest, type ImageUse, imageUses, useEvidence } from "../../stack/query-images.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

interface Bad {
  readonly family: string;
  /** First and last bad release, inclusive, within one series. */
  readonly from: string;
  readonly to: string;
  readonly fixed: string;
  readonly does: string;
}

/** Releases whose makers warn of them, compared with their release notes on 2026-08-22. */
const bad: readonly Bad[] = [
  {
    family: "postgres",
    from: "14.0",
    to: "14.3",
    fixed: "14.4",
    does: "can corrupt indexes that are built or rebuilt CONCURRENTLY",
  },
  {
    family: "mysql",
    from: "8.0.29",
    to: "8.0.29",
    fixed: "8.0.30",
    does: "can corrupt tables after an instant ADD or DROP COLUMN, and was withdrawn",
  },
  ...[
    ["8.0.38", "8.0.39"],
    ["8.4.1", "8.4.2"],
    ["9.0.0", "9.0.1"],
  ].map(([version, fixed]) => ({
    family: "mysql",
    from: version!,
    to: version!,
    fixed: fixed!,
    does: "does not start again when it holds about ten thousand tables, and was withdrawn",
  })),
  {
    family: "mongo",
    from: "4.4.2",
    to: "4.4.8",
    fixed: "4.4.9",
    does: "can lose or duplicate data after an unclean shutdown",
  },
  {
    family: "mongo",
    from: "5.0.0",
    to: "5.0.2",
    fixed: "5.0.3",
    does: "can lose or duplicate data after an unclean shutdown",
  },
];

export default defineRule({
  id: "build/known-bad-version",
  title: "No data store runs a release that damages data",
  claim: "data-survives-redeploy",
  severity: "high",
  why: "The makers of the data store repaired a defect that loses or corrupts data; this release still has it.",
  *check(stack) {
    const uses = imageUses(stack);
    for (const entry of bad) {
      const hit = uses.filter(use => use.runs && use.ref.family === entry.family && isBad(use, entry));
      if (hit.length === 0) continue;
      const fix = moveTo(stack, hit, entry.fixed);
      yield {
        subject: `${entry.family} ${versionOf(hit[0]!)}`,
        message: `${hit[0]!.text} ${entry.does}; ${entry.fixed} repaired it.`,
        evidence: useEvidence(hit, () => `repaired in ${entry.fixed}`),
        severity: weigh(gravest(hit), "high"),
        ...(fix ? { fix } : {}),
      };
    }
  },
});

function versionOf(use: ImageUse): string {
  return /^\d+(\.\d+)*/.exec(use.ref.tag ?? "")?.[0] ?? "";
}

/** Only a tag that names the very release: `14` gets repairs by itself. */
function isBad(use: ImageUse, { from, to }: Bad): boolean {
  const version = versionOf(use).split(".").map(Number);
  const low = from.split(".").map(Number);
  const high = to.split(".").map(Number);
  if (version.length !== low.length) return false;
  const last = low.length - 1;
  if (version.slice(0, last).join(".") !== low.slice(0, last).join(".")) return false;
  return version[last]! >= low[last]! && version[last]! <= high[last]!;
}

/** A minor version keeps the data format. */
function moveTo(stack: Stack, uses: readonly ImageUse[], version: string): Fix | undefined {
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
  return { title: `Move to release ${version}`, grade: "needs-testing", edits };
}
