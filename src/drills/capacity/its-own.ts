import type { Measured } from "./open-loop.ts";

/** Whether a target of a load is missed by the stack, or only on this machine. */

/** What is not the stack's: how long a server takes that does nothing, and who used the processors. */
export interface Machine {
  /** Milliseconds, 95 of 100. */
  readonly nothing: number;
  /** From 0 to 1; undefined where it cannot be told. */
  readonly share: { readonly lab: number; readonly others: number } | undefined;
}

export function ofMachine({ nothing, share }: Machine): string {
  const percent = (part: number) => `${Math.round(part * 100)} %`;
  const used = share
    ? `the clone used ${percent(share.lab)} of it, other programs ${percent(share.others)}`
    : "how busy it was cannot be told";
  return `${used}; a server that does nothing answered 95 of 100 in ${nothing} ms`;
}

/** A machine that has time: above this, times are no longer the stack's own. */
const busyShare = 0.5;

/** `excused`: the target is missed, and it may be for the machine alone. */
export type Judged = "met" | "missed" | "excused";

export function judge(seen: Measured, target: number, machine: Machine): Judged {
  const { failed, p95 } = seen;
  if (failed.length === 0 && p95 <= target) return "met";
  if (isItsOwn(seen, target, machine)) return "missed";
  if (failed.length === 0) return "excused";
  const hung = failed.every(({ error }) => error === "timeout");
  return hung && (machine.share?.others ?? 0) > busyShare ? "excused" : "missed";
}

/**
 * A missed target is the stack's own if it is missed without what a server takes that does nothing, and without the
 * share of the time that others took: on a calm machine by 95 of 100 answers, on a busy one even by the quicker half.
 */
function isItsOwn({ p50, p95 }: Measured, target: number, { nothing, share }: Machine): boolean {
  const others = share?.others ?? 0;
  const own = (ms: number) => (ms - nothing) * (1 - others);
  return own(p50) > target || (nothing <= target / 4 && others <= busyShare && own(p95) > target);
}
