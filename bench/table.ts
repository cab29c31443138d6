import type { Timing } from "./measure.ts";

/** A titled table: every time divided by the one of the row it is compared with. */
export interface Section {
  readonly title: string;
  readonly against: string;
  readonly rows: readonly Timing[];
  readonly notes: readonly string[];
}

/** Ratios are what can be compared between machines; milliseconds are there to judge the noise. */
export function markdown(sections: readonly Section[]): string {
  return sections.map(sectionText).join("\n");
}

function sectionText({ title, against, rows, notes }: Section): string {
  const base = rows.find(row => row.name === against)?.median ?? Number.NaN;
  const lines = [
    `### ${title}`,
    "",
    "| program | ratio | median ms | min ms | peak MB |",
    "|---|--:|--:|--:|--:|",
    ...rows.map(row =>
      row.failed === undefined
        ? `| ${row.name} | ${(row.median / base).toFixed(2)} | ${row.median.toFixed(0)} | ${row.min.toFixed(0)} | ${row.peakMb?.toFixed(0) ?? ""} |`
        : `| ${row.name} | failed: ${row.failed.replace(/\|/g, "/")} | | | |`,
    ),
    "",
    ...notes.map(note => `${note}\n`),
  ];
  return lines.join("\n");
}
