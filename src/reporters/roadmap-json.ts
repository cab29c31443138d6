import type { Roadmap } from "../core/roadmap.ts";
import { findingOf, placeOf } from "./json.ts";

/** Grows when a reader of the last version would break. */
const roadmapJsonVersion = 1;

/** For programs; described by schema/roadmap.schema.json. */
export function roadmapJson({ version, at, steps, decisions, gaps, ...figures }: Roadmap): string {
  const { findingsBefore, findingsAfter } = figures;
  const document = {
    version: roadmapJsonVersion,
    shipworthy: version,
    at,
    steps: steps.map(({ number, phase, change, after, files, lines }) => ({
      ...{ number, phase, grade: change.finding.fix.grade, after, files, lines },
      finding: findingOf(change.finding),
    })),
    decisions: decisions.map(({ phase, finding, because }) => ({
      phase,
      because,
      finding: findingOf(finding),
    })),
    ...{ findingsBefore, findingsAfter },
    gaps: gaps.map(({ place, ...gap }) => ({ ...gap, ...(place ? { place: placeOf(place) } : {}) })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
