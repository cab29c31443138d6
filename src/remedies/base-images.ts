import { endOfLife, parseImageRef } from "../stack/image/facts.ts";
import { satisfies } from "../stack/query-versions.ts";

/**
 * Versions that new files name. Support ends: `stack/image/facts-versions.ts`. A tag of a minor version gets its security
 * fixes with every build; the releases below it are the pipeline's to pin, by digest.
 */
export const nginxImage = "nginx:1.30.5-alpine";

export function pythonImage(version: string): string {
  return `python:${version}-slim-bookworm`;
}

export function nodeImage(major: string): string {
  return `node:${major}-bookworm-slim`;
}

/** Best first: wheels of most packages exist for 3.12, releases with long-term support for even majors of Node. */
const candidates = {
  python: ["3.12", "3.13", "3.11", "3.14"],
  node: ["24", "22", "26"],
} as const;

export function isSupported(product: "python" | "node", version: string, today: string): boolean {
  const ends = endOfLife(parseImageRef(`${product}:${version}`));
  return ends.length > 0 && ends.every(end => end.date >= today);
}

/**
 * The version of a runtime that suits a project: the one it names while that is supported, else the best one that its
 * ranges allow. Undefined when no supported version is allowed.
 */
export function chooseVersion(
  product: "python" | "node",
  named: readonly (string | undefined)[],
  ranges: readonly (string | undefined)[],
  today: string,
): string | undefined {
  const allowed = (version: string): boolean => {
    const [major = 0, minor] = version.split(".").map(Number);
    return ranges.every(
      range => range === undefined || satisfies([major, minor ?? 9_999, 9_999], range) !== false,
    );
  };
  const usable = (version: string) => isSupported(product, version, today) && allowed(version);
  const known = named.filter(version => version !== undefined).find(usable);
  return known ?? candidates[product].find(usable);
}
