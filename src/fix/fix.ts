import type { Finding } from "../core/finding.ts";
import type { FixGrade } from "../core/fix.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import { separate } from "./apply.ts";
import { firstState, type Judge, makeFixes, type State, textOf } from "./attempt.ts";
import type { Lens } from "./examine.ts";
import type { Candidate } from "./gate.ts";
import { type Regraded, regradedBy } from "./regraded.ts";
import { untouchable } from "./untouchable.ts";

export const grades = ["safe", "needs-testing", "big-change"] as const satisfies readonly FixGrade[];

export interface FixOptions extends Lens {
  /** Fixes of this grade and the safer ones. */
  readonly level: FixGrade;
  /** Only findings of these rules; all when left out. */
  readonly only?: readonly string[];
  /** Only findings with these fingerprints; all when left out. */
  readonly chosen?: ReadonlySet<string>;
  /** Level by level: first what passes among the safe fixes alone, then with the next level. All at once when left out. */
  readonly inStages?: boolean;
  readonly judges?: readonly Judge[];
  /** Why a file cannot be edited, whatever it holds: a link, another encoding. */
  readonly locked?: (file: string) => string | undefined;
}

/** A fix that the gate let through, with the state whose texts its edits count in. */
export interface MadeFix extends Candidate {
  readonly on: State;
  /** The level at which it passed. */
  readonly level: FixGrade;
  /** Why it was refused before other fixes were made. */
  readonly refusedFor?: readonly string[];
}

export interface Refusal extends Candidate {
  readonly reasons: readonly string[];
  readonly on: State;
}

export interface FixOutcome {
  readonly start: State;
  readonly end: State;
  readonly made: readonly MadeFix[];
  readonly refused: readonly Refusal[];
  /** Fixes of files that are not edited here: generated ones, and those that git ignores. */
  readonly held: readonly Refusal[];
  /** Left over after the last pass. */
  readonly waiting: readonly Finding[];
  /** Projects that the next audit takes for more of a server, because of these fixes. */
  readonly regraded: readonly Regraded[];
}

const mostPasses = 10;

/**
 * Makes every fix of the level that the gate lets through, in memory. After each pass the result is read and audited
 * again; what overlaps waits for the next pass, and what was refused is tried once more when the files have changed.
 */
export async function fixProject(files: ProjectFiles, options: FixOptions): Promise<FixOutcome> {
  const laboratory = { files, lens: options, judges: options.judges ?? [] };
  const start = await firstState(laboratory);
  const made: MadeFix[] = [];
  const held = new Map<string, Refusal>();
  const refused = new Map<string, Refusal>();
  // Each fingerprint is used up: several defects of one subject take over the one before them.
  const chosen = options.chosen && new Set(options.chosen);
  const ask = chosen ? { ...options, chosen } : options;
  let state = start;
  const stages = options.inStages ? grades.slice(0, grades.indexOf(options.level) + 1) : [options.level];
  const turns = stages.flatMap(level => Array.from({ length: mostPasses }, () => level));
  for (let turn = 0; turn < turns.length; turn++) {
    const level = turns[turn]!;
    const wanted = candidatesOf(state.examination.findings, { ...ask, level });
    const fresh: Candidate[] = [];
    const again: Candidate[] = [];
    for (const candidate of wanted) {
      const { fingerprint } = candidate.finding;
      const reasons = untouchable(state.examination.stack, candidate.fix, options.locked);
      const before = refused.get(fingerprint);
      if (reasons.length > 0) held.set(fingerprint, { ...candidate, reasons, on: state });
      else if (!before) fresh.push(candidate);
      else if (before.on !== state) again.push(candidate);
    }
    const batch = withoutOverlaps(files, state, fresh.length > 0 ? fresh : again);
    if (batch.length === 0) {
      // Nothing is left of this level: on to the next.
      turn = turns.lastIndexOf(level);
      continue;
    }
    const on = state;
    const settled = await makeFixes(laboratory, on, batch);
    state = settled.state;
    for (const candidate of settled.made) {
      const refusedFor = refused.get(candidate.finding.fingerprint)?.reasons;
      refused.delete(candidate.finding.fingerprint);
      chosen?.delete(candidate.finding.fingerprint);
      made.push({ ...candidate, on, level, ...(refusedFor ? { refusedFor } : {}) });
    }
    for (const { candidate, reasons } of settled.refused)
      refused.set(candidate.finding.fingerprint, { ...candidate, reasons, on });
  }
  const left = candidatesOf(state.examination.findings, ask);
  const names = new Set(left.map(({ finding }) => finding.fingerprint));
  const stillThere = (each: Refusal): boolean => names.has(each.finding.fingerprint);
  return {
    ...{ start, end: state, made },
    refused: [...refused.values()].filter(stillThere),
    held: [...held.values()].filter(stillThere),
    waiting: left
      .map(({ finding }) => finding)
      .filter(({ fingerprint }) => !refused.has(fingerprint) && !held.has(fingerprint)),
    regraded: await regradedBy(files, options, state),
  };
}

/** Findings of the level that are asked for. What is merely possible only where its rule is named: the audit does not tell it. */
export function candidatesOf(findings: readonly Finding[], options: FixOptions): Candidate[] {
  const { level, only, chosen } = options;
  return findings.flatMap(finding => {
    if (only ? !only.includes(finding.rule) : finding.confidence === "possible") return [];
    if (chosen && !chosen.has(finding.fingerprint)) return [];
    const fix = finding.fix?.();
    if (!fix || fix.edits.length === 0 || grades.indexOf(fix.grade) > grades.indexOf(level)) return [];
    return [{ finding, fix }];
  });
}

function withoutOverlaps(
  files: ProjectFiles,
  { texts }: State,
  candidates: readonly Candidate[],
): Candidate[] {
  const text = (file: string): string | undefined => textOf(files, texts, file);
  // Nobody has to read small changes of a file that another fix writes anew.
  const anew = ({ fix }: Candidate): boolean =>
    fix.edits.some(({ at }) => {
      const old = text(at.file);
      return old !== undefined && old !== "" && at.span.start === 0 && at.span.end === old.length;
    });
  const ordered = [...candidates.filter(anew), ...candidates.filter(each => !anew(each))];
  const { applied } = separate(
    text,
    ordered.map(({ fix }) => fix),
  );
  return candidates.filter(({ fix }) => applied.includes(fix));
}
