import type { Claim } from "../src/core/claim.ts";
import type { Compared, LeftToDrill, PraiseCheck, Recall, Share } from "./recall-match.ts";
import { shares } from "./recall-match.ts";

const order = ["critical", "high", "medium", "low"];
const rank = (severity: string): number =>
  order.includes(severity) ? order.indexOf(severity) : order.length;

/** The comparison as text for a terminal. `claims` tell which drill decides what no file can show. */
export function printed(recall: Recall, claims: readonly Claim[] = []): string {
  const lines: string[] = [];
  section(lines, "MISSED BY THE REVIEW", recall.missed);
  section(lines, "TRUE FINDINGS OF THE REVIEW", recall.claims);
  const { refuted } = recall;
  lines.push("WRONGLY REPORTED (a trap at medium or above, or a finding of the review that is none)");
  for (const { trap, finding, judged } of recall.wrong) {
    const at = finding.evidence[0];
    lines.push(
      `  ${judged ? "wrong   " : "to judge"} ${trap.id} ${finding.severity} ${finding.rule} ${at?.file}:${at?.line}`,
    );
    lines.push(`           ${trap.title}`);
  }
  if (recall.wrong.length === 0) lines.push("  none");
  const repeated = new Set(recall.wrong.map(one => one.trap.id));
  lines.push(
    `  findings of the review that are none: ${refuted.length}, repeated: ${refuted.filter(one => repeated.has(one.id)).length}${refuted.length > 0 ? ` (${refuted.map(one => one.id).join(", ")})` : ""}`,
  );
  praiseSection(lines, recall.praise);
  drillSection(lines, recall.drills, claims);
  return lines.join("\n") + "\n";
}

function praiseSection(lines: string[], praise: readonly PraiseCheck[]): void {
  if (praise.length === 0) return;
  lines.push("", "STRENGTHS THAT ARE NOT THERE");
  for (const verdict of ["held", "unmapped", "refuted", "undecided", "apart"] as const) {
    const those = praise.filter(one => one.verdict === verdict);
    if (those.length === 0) continue;
    lines.push(`  ${verdict === "held" ? "held, which is wrong" : verdict} (${those.length})`);
    for (const { item, by } of those)
      lines.push(`    ${item.id} ${shortened(item.title)}${by.length > 0 ? `  <- ${by.join(", ")}` : ""}`);
  }
}

function drillSection(lines: string[], drills: readonly LeftToDrill[], claims: readonly Claim[]): void {
  if (drills.length === 0) return;
  lines.push("", "NOT DECIDABLE ON PAPER");
  for (const { item, claim, why } of drills) {
    const how = claims.find(one => one.id === claim)?.decidedBy ?? "no drill is named";
    lines.push(`    ${item.id} ${shortened(item.title)}`, `      ${why}; drill ${claim ?? "?"}: ${how}`);
  }
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
