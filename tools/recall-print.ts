import type { Compared, Recall, Share } from "./recall-match.ts";
import { shares } from "./recall-match.ts";

const order = ["critical", "high", "medium", "low"];
const rank = (severity: string): number =>
  order.includes(severity) ? order.indexOf(severity) : order.length;

/** The comparison as text for a terminal. */
export function printed(recall: Recall): string {
  const lines: string[] = [];
  section(lines, "MISSED BY THE REVIEW", recall.missed);
  section(lines, "TRUE FINDINGS OF THE REVIEW", recall.claims);
  lines.push("WRONGLY REPORTED (a trap, at medium or above)");
  for (const { trap, finding, judged } of recall.wrong) {
    const at = finding.evidence[0];
    lines.push(
      `  ${judged ? "wrong   " : "to judge"} ${trap.id} ${finding.severity} ${finding.rule} ${at?.file}:${at?.line}`,
    );
    lines.push(`           ${trap.title}`);
  }
  if (recall.wrong.length === 0) lines.push("  none");
  return lines.join("\n") + "\n";
}

function section(lines: string[], title: string, compared: readonly Compared[]): void {
  if (compared.length === 0) return;
  lines.push(title);
  const sorted = [...compared].sort((a, b) => rank(a.item.severity) - rank(b.item.severity));
  for (const outcome of ["found", "candidate", "not found", "apart"] as const) {
    const those = sorted.filter(one => one.outcome === outcome);
    if (those.length === 0) continue;
    lines.push(`  ${outcome} (${those.length})`);
    for (const one of those) {
      const by = one.by.length > 0 ? `  <- ${one.by.join(", ")}` : "";
      lines.push(`    ${one.item.id} ${one.item.severity} ${shortened(one.item.title)}${by}`);
    }
  }
  const bySeverity = [...shares(compared, one => one.item.severity)].sort((a, b) => rank(a.of) - rank(b.of));
  lines.push(...bySeverity.map(share => `  ${line(share)}`));
  lines.push(...shares(compared, one => one.class).map(share => `  class ${line(share)}`));
  lines.push(...shares(compared, () => "all that files can show").map(share => `  ${line(share)}`), "");
}

function line({ of, found, candidates, all }: Share): string {
  const open = candidates > 0 ? `, ${candidates} candidates` : "";
  return `${of}: ${found} of ${all} (${percentage(found, all)} %)${open}`;
}

/** Whole per cent, rounded down so that 59.9 is not 60. */
export function percentage(part: number, whole: number): number {
  return whole === 0 ? 100 : Math.floor((100 * part) / whole);
}

const shortened = (title: string): string => (title.length > 90 ? `${title.slice(0, 89)}…` : title);
