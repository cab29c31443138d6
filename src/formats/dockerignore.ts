import type { Parsed } from "../core/artifact.ts";
import { normalize } from "../core/path.ts";
import type { Problem } from "../core/problem.ts";
import type { Location, Source } from "../core/source.ts";
import { locate } from "../core/source.ts";
import type { Glob } from "./dockerignore-glob.ts";
import { compileGlob, matchGlob } from "./dockerignore-glob.ts";

export interface IgnorePattern {
  /** As Docker uses it: cleaned, without `!` and leading slash. */
  readonly pattern: string;
  /** `!pattern`: takes a path back in. */
  readonly negated: boolean;
  readonly at: Location;
  readonly glob: Glob;
}

/** The patterns of a .dockerignore file, in order. */
export interface Ignore {
  readonly patterns: readonly IgnorePattern[];
}

export interface IgnoreVerdict {
  readonly ignored: boolean;
  /** The pattern that decided; absent when none matches. */
  readonly by?: IgnorePattern;
}

/** More than any real file has; each path is tried against each pattern. */
const mostPatterns = 5_000;
const longestPattern = 4_096;

/** Reads a .dockerignore file as Docker does. Never throws. */
export function parseDockerignore(source: Source): Parsed<Ignore> {
  const patterns: IgnorePattern[] = [];
  const problems: Problem[] = [];
  const { text } = source;
  if (text.length > 1_000_000 || text.includes("\0")) {
    return {
      model: { patterns },
      problems: [{ at: locate(source, 0, 0), message: "The file is too large or binary and was not read." }],
    };
  }
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (start < text.length) {
    const newline = text.indexOf("\n", start);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(start, end);
    const written = line.trim();
    const from = start + (line.length - line.trimStart().length);
    start = end + 1;
    // A comment starts in the first column; " #x" is a pattern.
    if (line.startsWith("#") || written === "") continue;
    const at = locate(source, from, from + written.length);
    const negated = written.startsWith("!");
    const pattern = clean(negated ? written.slice(1).trim() : written);
    const glob = pattern === "" || pattern.length > longestPattern ? undefined : compileGlob(pattern);
    if (!glob)
      problems.push({
        at,
        message: `The pattern "${written.slice(0, 80)}" is not valid: a build with this context fails.`,
      });
    else if (patterns.length === mostPatterns) {
      problems.push({
        at,
        message: `The file has more than ${mostPatterns} patterns; the rest was not read.`,
      });
      break;
    } else patterns.push({ pattern, negated, at, glob });
  }
  return { model: { patterns }, problems };
}

/** Go's filepath.Clean, then without the leading slash. */
function clean(pattern: string): string {
  if (pattern === "") return "";
  const cleaned = normalize(pattern);
  return cleaned === "" ? "." : cleaned === "/" ? "/" : cleaned.replace(/^\//, "");
}

/**
 * Whether a path (relative to the context, forward slashes) is kept out of the build. A pattern that matches a
 * directory matches everything below it; the last pattern that matches decides.
 * Docker always reads the Dockerfile and .dockerignore themselves, ignored or not: ignored, they just cannot be copied.
 */
export function isIgnored(ignore: Ignore, path: string): IgnoreVerdict {
  const clean = normalize(path);
  if (clean === "" || clean.startsWith("..")) return { ignored: false };
  let matchedAbove: boolean[] = [];
  let by: IgnorePattern | undefined;
  let ignored = false;
  // From the top directory down, as Docker's walk: a pattern that matched above counts as matching here.
  for (let slash = clean.indexOf("/"); ; slash = clean.indexOf("/", slash + 1)) {
    const part = slash === -1 ? clean : clean.slice(0, slash);
    const matched: boolean[] = [];
    ignored = false;
    by = undefined;
    for (const [index, pattern] of ignore.patterns.entries()) {
      let match = matchedAbove[index] === true;
      if (!match && pattern.negated === ignored) match = matchGlob(pattern.glob, part);
      matched.push(match);
      if (match) {
        ignored = !pattern.negated;
        by = pattern;
      }
    }
    if (slash === -1) break;
    matchedAbove = matched;
  }
  return by ? { ignored, by } : { ignored };
}

/**
 * The ignore file of a build: `<Dockerfile>.dockerignore` beside the Dockerfile, else `.dockerignore` at the
 * context's root; undefined when neither exists. Paths are relative to the audited root, "" is the root.
 */
export function dockerignorePathFor(
  context: string,
  dockerfilePath: string | undefined,
  exists: (path: string) => boolean,
): string | undefined {
  const own = dockerfilePath === undefined ? undefined : `${dockerfilePath}.dockerignore`;
  if (own !== undefined && exists(own)) return own;
  const shared = context === "" ? ".dockerignore" : `${context}/.dockerignore`;
  return exists(shared) ? shared : undefined;
}
