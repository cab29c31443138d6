import type { Problem } from "../core/problem.ts";
import type { ShellScript } from "../formats/shell.ts";
import type { PlacedCall, Stack } from "./stack.ts";

/** A shell script that is run as it stands: a file, or a step of a workflow. */
export interface ShellUnit {
  readonly script: ShellScript;
  readonly file: string;
  readonly placed?: PlacedCall;
  /** Here-documents without an end: the rest of the script is taken for text. */
  readonly endless: readonly Problem[];
  /** What makes the shell refuse the script. */
  readonly fatal: readonly Problem[];
}

const fatal = /^(No \S+ ends what begins here|This (quote|parenthesis) is never closed)$/;
const endless = /^The here-document that begins with \S+ never ends$/;
const shells = new Set(["sh", "bash", "dash", "ash"]);

/**
 * The scripts that cannot be read to their end: files and steps of workflows, not what they hand to other shells. The
 * rule that reports them and the linker, which then does not, ask the same question.
 */
export function brokenUnits(stack: Pick<Stack, "scripts" | "calls">): ShellUnit[] {
  const units: ShellUnit[] = [];
  const add = (script: ShellScript, file: string, placed: PlacedCall | undefined): void => {
    const unit = {
      ...{ script, file },
      endless: script.problems.filter(problem => endless.test(problem.message)),
      fatal: script.problems.filter(problem => fatal.test(problem.message)),
    };
    if (unit.endless.length + unit.fatal.length > 0) units.push(placed ? { ...unit, placed } : unit);
  };
  for (const model of stack.scripts) {
    if (model.script.problems.length === 0 || !shells.has(model.interpreter ?? "bash")) continue;
    add(
      model.script,
      model.file,
      stack.calls.find(({ caller }) => caller.script === model),
    );
  }
  const seen = new Set<ShellScript>();
  for (const placed of stack.calls) {
    const { script, via } = placed.call;
    if (placed.caller.kind !== "workflow" || via !== undefined || seen.has(script)) continue;
    seen.add(script);
    if (script.problems.length > 0) add(script, placed.caller.file, placed);
  }
  return units;
}

/** The problems that are findings already. */
export function toldAsFindings(stack: Pick<Stack, "scripts" | "calls">): ReadonlySet<Problem> {
  return new Set(brokenUnits(stack).flatMap(unit => [...unit.endless, ...unit.fatal]));
}
