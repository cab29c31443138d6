import type { CopyStep } from "../../artifacts/dockerfile.ts";
import { join, normalize } from "../../core/path.ts";
import type { Located } from "../../core/source.ts";
import { compileGlob, matchGlob } from "../../formats/dockerignore-glob.ts";
import type { AbsenceReason, BuildContextView } from "./context.ts";

/** A source of a COPY: relative to the context or, with a leading slash, in the stage it is taken from. */
export function sourcePath(copy: CopyStep, source: string): string {
  // Sources never leave their root: "../x" means "x".
  const clean = normalize(`/${source}`);
  return copy.from ? clean : clean.slice(1);
}

export function isRemote(copy: CopyStep, source: string): boolean {
  return copy.keyword === "ADD" && /^(https?:\/\/|git@|git:\/\/|ssh:\/\/)/.test(source);
}

export function isPattern(source: string): boolean {
  return /[*?[]/.test(source);
}

/** A local archive that ADD unpacks. */
export function isArchive(copy: CopyStep, source: string): boolean {
  return copy.keyword === "ADD" && /\.(tar|tgz|tbz2?|txz|tar\.(gz|bz2|xz|zst))$/i.test(source);
}

const mostMatches = 2_000;

const matched = new WeakMap<BuildContextView, Map<string, readonly string[]>>();

/** Paths of the context that a pattern matches, part by part as Go's filepath.Match; `**` is no special in COPY. */
export function matchSources(context: BuildContextView, pattern: string): readonly string[] {
  const answers = matched.get(context) ?? new Map<string, readonly string[]>();
  matched.set(context, answers);
  let paths = answers.get(pattern);
  if (!paths) {
    paths = findSources(context, pattern);
    answers.set(pattern, paths);
  }
  return paths;
}

function findSources(context: BuildContextView, pattern: string): readonly string[] {
  let found = [""];
  for (const part of pattern.split("/")) {
    const glob = isPattern(part) ? compileGlob(part.replace(/\*+/g, "*")) : undefined;
    const next: string[] = [];
    for (const directory of found) {
      if (!isPattern(part)) {
        const path = join(directory, part);
        if (context.has(path)) next.push(path);
      } else if (glob) {
        for (const name of context.list(directory)) {
          if (!matchGlob(glob, name)) continue;
          const path = join(directory, name);
          if (context.has(path)) next.push(path);
        }
      }
      if (next.length > mostMatches) return next;
    }
    found = next;
  }
  return found;
}

export interface MissingSource extends AbsenceReason {
  readonly source: Located<string>;
  readonly copy: CopyStep;
  /** Relative to the context, or absolute in `fromStage`. */
  readonly path: string;
  /** The stage that does not have it; undefined for the build context. */
  readonly fromStage?: number;
}

/** Sources of one COPY that the context does not have. A build stops there; not so at a pattern without matches. */
export function missingInContext(copy: CopyStep, context: BuildContextView): MissingSource[] {
  if (copy.from || !copy.resolved) return [];
  const missing: MissingSource[] = [];
  for (const source of copy.sources) {
    const path = sourcePath(copy, source.value);
    if (path === "" || isRemote(copy, source.value) || isPattern(path) || context.has(path)) continue;
    const why = context.why?.(path);
    missing.push({ source, copy, path, reason: why?.reason ?? "absent", ...(why?.by ? { by: why.by } : {}) });
  }
  return missing;
}
