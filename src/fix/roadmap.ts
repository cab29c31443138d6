import { severities } from "../core/finding.ts";
import type { FixGrade } from "../core/fix.ts";
import type { FixReport, ReportedChange } from "../core/fix-report.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { ReportedFinding } from "../core/report.ts";
import { type Phase, phases, type Roadmap, type RoadmapDecision, type RoadmapStep } from "../core/roadmap.ts";
import { separate } from "./apply.ts";
import { type State, textOf } from "./attempt.ts";
import type { FixOutcome, MadeFix } from "./fix.ts";

const phaseOfLevel: Readonly<Record<FixGrade, Phase>> = {
  safe: "immediate",
  "needs-testing": "planned",
  "big-change": "future",
};

/** A fix on its way to a step. */
interface Work {
  readonly change: ReportedChange;
  readonly lines: number;
  readonly after: readonly Work[];
  readonly phase: Phase;
}

/**
 * The order of work for fixes of all grades that the gate has let through level by level: by phase, and within one what
 * weighs most and is shortest first; nothing stands before what it needs. `report` tells of `outcome`, fix by fix.
 */
export function roadmapOf(files: ProjectFiles, outcome: FixOutcome, report: FixReport): Roadmap {
  const { made } = outcome;
  const works: Work[] = [];
  for (const [index, fix] of made.entries()) {
    const after = neededBy(files, made, fix).map(number => works[number]!);
    const change = report.changes[index]!;
    // A safe change that passes only with a big one is as late as that.
    works.push({ change, lines: linesOf(change), after, phase: phaseOfLevel[fix.level] });
  }
  const { root, at, version, findingsBefore, findingsAfter, gaps } = report;
  return {
    ...{ root, at, version, findingsBefore, findingsAfter, gaps },
    steps: numbered(works),
    decisions: decisionsOf(report),
  };
}

/** Which of the fixes before it make this one possible, by index. */
function neededBy(files: ProjectFiles, made: readonly MadeFix[], fix: MadeFix): number[] {
  const before = made.flatMap((other, index) =>
    other.on !== fix.on && index < made.indexOf(fix) ? [index] : [],
  );
  if (before.length === 0) return [];
  const refused = fix.refusedFor?.join("\n");
  if (refused !== undefined) {
    // The gate names the rule whose finding was in the way, or would have been new.
    const named = before.filter(index => refused.includes(made[index]!.finding.rule));
    return named.length > 0 ? named : before.filter(index => sharesFile(made[index]!, fix));
  }
  const touched = before.filter(index => touches(files, made[index]!, fix));
  if (touched.length > 0) return touched;
  const start = made[0]!.on;
  if (offeredIn(start, fix)) return [];
  const revealed = before.filter(index => made[index]!.fix.reveals?.includes(fix.finding.rule));
  return revealed.length > 0 ? revealed : before.filter(index => sharesFile(made[index]!, fix)).slice(-1);
}

/** Both want the same place, in the texts that the earlier one was made for. */
function touches(files: ProjectFiles, earlier: MadeFix, later: MadeFix): boolean {
  const offered = offeredIn(earlier.on, later);
  if (!offered) return false;
  return separate(file => textOf(files, earlier.on.texts, file), [earlier.fix, offered]).deferred.length > 0;
}

function offeredIn({ examination }: State, { finding }: MadeFix) {
  return examination.findings.find(({ fingerprint }) => fingerprint === finding.fingerprint)?.fix?.();
}

function sharesFile(one: MadeFix, other: MadeFix): boolean {
  const filesOf = ({ fix }: MadeFix) => new Set(fix.edits.map(edit => edit.at.file));
  return [...filesOf(one)].some(file => filesOf(other).has(file));
}

function linesOf({ diffs }: ReportedChange): number {
  return diffs.flatMap(({ lines }) => lines).filter(line => /^[-+]/.test(line)).length;
}

/** Again and again the best of those whose needs are met. */
function numbered(works: readonly Work[]): RoadmapStep[] {
  const left = [...works].sort(byWorth);
  const numbers = new Map<Work, number>();
  const steps: RoadmapStep[] = [];
  while (left.length > 0) {
    const next = left.find(work => work.after.every(each => numbers.has(each)))!;
    left.splice(left.indexOf(next), 1);
    numbers.set(next, steps.length + 1);
    steps.push({
      number: steps.length + 1,
      phase: next.phase,
      change: next.change,
      after: next.after.map(each => numbers.get(each)!).sort((a, b) => a - b),
      files: new Set(next.change.diffs.map(diff => diff.file)).size,
      lines: next.lines,
    });
  }
  return steps;
}

function byWorth(a: Work, b: Work): number {
  return (
    phases.indexOf(a.phase) - phases.indexOf(b.phase) ||
    weight(a.change.finding) - weight(b.change.finding) ||
    a.lines - b.lines
  );
}

function weight({ severity }: ReportedFinding): number {
  return severities.indexOf(severity);
}

function decisionsOf({ unfixable, refused, held, waiting }: FixReport): RoadmapDecision[] {
  const all = [
    ...[...refused, ...held].map(({ finding, reasons }) => ({ finding, because: reasons })),
    ...[...unfixable, ...waiting].map(finding => ({ finding, because: [] })),
  ];
  return all
    .sort((a, b) => weight(a.finding) - weight(b.finding))
    .map(({ finding, because }) => ({ phase: phaseOfWeight(finding), finding, because }));
}

function phaseOfWeight({ severity }: ReportedFinding): Phase {
  if (severity === "critical" || severity === "high") return "immediate";
  return severity === "medium" ? "planned" : "future";
}
