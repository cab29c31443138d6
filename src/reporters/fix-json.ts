import type { FixReport } from "../core/fix-report.ts";
import type { FixEnding } from "./fix-text.ts";
import { findingOf, placeOf } from "./json.ts";

/** Grows when a reader of the last version would break. */
const fixJsonVersion = 1;

/** For programs; described by schema/fixes.schema.json. */
export function fixJson(report: FixReport, ending: FixEnding): string {
  const refusal = ({ finding, reasons }: FixReport["refused"][number]) => ({
    finding: findingOf(finding),
    reasons,
  });
  const document = {
    version: fixJsonVersion,
    shipworthy: report.version,
    at: report.at,
    level: report.level,
    ...ending,
    changes: report.changes.map(({ finding, diffs, leaves }) => ({
      finding: findingOf(finding),
      diffs,
      leaves: leaves.map(findingOf),
    })),
    refused: report.refused.map(refusal),
    held: report.held.map(refusal),
    waiting: report.waiting.map(findingOf),
    unfixable: report.unfixable.map(findingOf),
    higher: report.higher,
    findingsBefore: report.findingsBefore,
    findingsAfter: report.findingsAfter,
    regraded: report.regraded,
    askedPrograms: report.askedPrograms,
    gaps: report.gaps.map(({ place, ...gap }) => ({ ...gap, ...(place ? { place: placeOf(place) } : {}) })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
