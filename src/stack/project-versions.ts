import { addTo } from "../core/group.ts";

/** Folders of versions side by side, as repositories of images and of templates have them. */

const version =
  /^(?:v(?=\d)|(?=\d+\.\d))(\d+(?:\.\d+)*)(?:[-._]?(alpha|beta|rc|pre|m|snapshot)[-._]?(\d*))?$/i;
const stages = ["alpha", "beta", "m", "pre", "snapshot", "rc"];

/**
 * `4.4.9/compose.yml` for whatever lies in `4.0.1/`, where three versions or more have a file of one name: who starts it
 * takes the newest.
 */
export function newerVersion(file: string, all: readonly (readonly string[])[]): string | undefined {
  const parts = file.split("/");
  const index = parts.findLastIndex((part, at) => at < parts.length - 1 && version.test(part));
  if (index === -1) return undefined;
  const before = parts.slice(0, index).join("/");
  const byRest = new Map<string, string[]>();
  for (const other of new Set(all.map(list => list.at(-1)!))) {
    const others = other.split("/");
    if (!version.test(others[index] ?? "") || others.slice(0, index).join("/") !== before) continue;
    const rest = others.slice(index + 1).join("/");
    addTo(byRest, rest, other);
  }
  const newest = [...byRest.values()]
    .filter(same => same.length >= 3)
    .flat()
    .reduce<string | undefined>((a, b) => (a === undefined || older(a, b, index) ? b : a), undefined);
  return newest !== undefined && older(file, newest, index) ? newest : undefined;
}

function older(a: string, b: string, index: number): boolean {
  return compare(a.split("/")[index]!, b.split("/")[index]!) < 0;
}

function compare(a: string, b: string): number {
  const [one, two] = [numbers(a), numbers(b)];
  for (let at = 0; at < Math.max(one.length, two.length); at++) {
    const difference = (one[at] ?? 0) - (two[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Four numbers, then how near it is to a release, then which of that kind. */
function numbers(name: string): number[] {
  const [, plain = "", stage, nth] = version.exec(name) ?? [];
  const four = plain.split(".").map(Number);
  while (four.length < 4) four.push(0);
  return [...four.slice(0, 4), stage ? stages.indexOf(stage.toLowerCase()) : stages.length, Number(nth ?? 0)];
}
