import type { Violation } from "./finding.ts";

/** Adds one to its group, which is made when it is the first: a copy for each would take the square of their number. */
export function addTo<K, V>(groups: Map<K, V[]>, key: K, value: V): void {
  const group = groups.get(key);
  if (group) group.push(value);
  else groups.set(key, [value]);
}

/** One violation for what is said in the same words of the same subject: both branches of a condition, two lines of a target. */
export function together(violations: readonly Violation[]): Violation[] {
  const found = new Map<string, Violation>();
  for (const each of violations) {
    const key = `${each.subject}\n${each.message}\n${each.severity}`;
    const known = found.get(key);
    found.set(key, known ? { ...known, evidence: [...known.evidence, ...each.evidence] } : each);
  }
  return [...found.values()];
}
