import type { Stack } from "./stack.ts";

/**
 * Who owns the repository on GitHub, in small letters: as its package.json or the badge of its own workflow says.
 * Empty where neither does.
 */
export function ownersOf(stack: Stack): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [path, pattern] of places) {
    const read = stack.files.has(path) === "file" ? stack.files.read(path) : undefined;
    if (!read || !("source" in read)) continue;
    for (const match of read.source.text.slice(0, 20_000).matchAll(pattern))
      found.add(match[1]!.toLowerCase());
  }
  return found;
}

const badge = /github\.com\/([\w-]+)\/[\w.-]+\/(?:actions\/)?workflows\/[^\s)]*badge\.svg/g;
const places: readonly (readonly [string, RegExp])[] = [
  [
    "package.json",
    /"(?:url|repository)"\s*:\s*"(?:git\+)?(?:https:\/\/github\.com\/|git@github\.com:|github:)([\w-]+)\//g,
  ],
  ["README.md", badge],
  ["readme.md", badge],
];
