import type { Report, ReportedFinding, ReportedPlace } from "../core/report.ts";

/** Grows when a reader of the last version would break. */
export const jsonVersion = 1;

/** For programs; described by schema/report.schema.json. */
export function json(report: Report): string {
  const document = {
    version: jsonVersion,
    shipworthy: report.version,
    at: report.at,
    findings: report.findings.map(findingOf),
    claims: report.claims.map(({ claim, evidence, ...verdict }) => {
      const { id, promise, area, weight } = claim;
      const places = evidence.map(item => ({ ...placeOf(item), shows: item.shows }));
      return { id, promise, area, weight, ...verdict, evidence: places };
    }),
    accepted: report.accepted.map(({ finding, ...acceptance }) => ({
      ...acceptance,
      finding: findingOf(finding),
    })),
    gaps: report.gaps.map(({ place, ...gap }) => ({ ...gap, ...(place ? { place: placeOf(place) } : {}) })),
    stacks: report.stacks,
    services: report.services.map(service => ({ ...service, place: placeOf(service.place) })),
    strengths: report.strengths.map(({ kept, ...strength }) => ({
      ...strength,
      kept: kept.map(item => ({ ...placeOf(item), shows: item.shows })),
    })),
    files: report.files,
    hidden: report.hidden,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

export function findingOf(finding: ReportedFinding): object {
  const { evidence, fix, ...rest } = finding;
  return {
    ...rest,
    evidence: evidence.map(item => ({ ...placeOf(item), shows: item.shows })),
    ...(fix
      ? { fix: { ...fix, edits: fix.edits.map(edit => ({ ...placeOf(edit), text: edit.text })) } }
      : {}),
  };
}

export function placeOf({
  file,
  line,
  column,
  endLine,
  endColumn,
}: ReportedPlace): Omit<ReportedPlace, "excerpt"> {
  return { file, line, column, endLine, endColumn };
}
