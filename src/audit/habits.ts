import type { PlacedViolation } from "../core/finding.ts";
import { addTo } from "../core/group.ts";
import { joinFixes } from "../core/join-fixes.ts";

/** What differs from one place of a habit to the next: names in quotes, variables, numbers. */
const particular = /"[^"]*"|\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b|\b\d+\b/g;

/**
 * What a rule about habits says in the same words of several subjects of one file has one cause: whoever wrote the file.
 * It becomes one finding that names all of them.
 */
export function joinHabits(violations: readonly PlacedViolation[]): PlacedViolation[] {
  const groups = new Map<string, PlacedViolation[]>();
  for (const each of violations) {
    const [{ at }] = each.evidence;
    const words = each.message.replace(particular, "…");
    addTo(groups, [at.file, each.severity, each.confidence, words].join("\0"), each);
  }
  return [...groups.values()].map(group => (group.length === 1 ? group[0]! : joined(group)));
}

function joined(group: readonly PlacedViolation[]): PlacedViolation {
  const [first, ...others] = group as [PlacedViolation, ...PlacedViolation[]];
  const own = namesIn(first.message);
  const names = new Set(
    others.flatMap(({ message }) => namesIn(message).filter((name, index) => name !== own[index])),
  );
  const places = new Map(
    group.flatMap(each =>
      each.evidence.map(item => [`${item.at.file}:${item.at.span.start}`, item] as const),
    ),
  );
  const [head, ...rest] = places.values();
  const list = [...names];
  const all = list.length > 1 ? `${list.slice(0, -1).join(", ")} and ${list.at(-1)}` : list[0];
  return {
    ...first,
    ...(all === undefined ? {} : { message: `${first.message} The same holds for ${all}.` }),
    evidence: [head!, ...rest],
    fix: () => joinFixes(group),
  };
}

const namesIn = (message: string): string[] => [...message.matchAll(particular)].map(([name]) => name);
