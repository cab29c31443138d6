import type { ArtifactKind } from "../core/artifact.ts";
import type { Problem } from "../core/problem.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { Source } from "../core/source.ts";

/** Reads files of the project once, and remembers what was read, as what, and what could not be. */
export interface Reader {
  readonly files: ProjectFiles;
  readonly sources: Map<string, Source>;
  readonly kinds: Map<string, string>;
  readonly problems: Problem[];
  /** The text; undefined (and a problem, once) where it cannot be read. */
  text(path: string, kind: string): Source | undefined;
  /** The parsed model of one file; undefined where there is no text. Parsed once. */
  parse<M>(kind: ArtifactKind<M>, path: string): M | undefined;
  /** Models of every file that the kind recognises. */
  all<M>(kind: ArtifactKind<M>): M[];
}

export function createReader(files: ProjectFiles): Reader {
  const sources = new Map<string, Source>();
  const kinds = new Map<string, string>();
  const problems: Problem[] = [];
  const failed = new Set<string>();
  const models = new Map<string, unknown>();

  const text = (path: string, kind: string): Source | undefined => {
    const known = sources.get(path);
    if (known) return known;
    if (failed.has(path)) return undefined;
    const result = files.read(path);
    if ("problem" in result) {
      failed.add(path);
      problems.push(result.problem);
      return undefined;
    }
    sources.set(path, result.source);
    if (!kinds.has(path)) kinds.set(path, kind);
    return result.source;
  };

  const parse = <M>(kind: ArtifactKind<M>, path: string): M | undefined => {
    const key = `${kind.kind}\n${path}`;
    if (models.has(key)) return models.get(key) as M;
    const source = text(path, kind.kind);
    if (!source) return undefined;
    const parsed = kind.parse(source);
    problems.push(...parsed.problems);
    models.set(key, parsed.model);
    return parsed.model;
  };

  const all = <M>(kind: ArtifactKind<M>): M[] =>
    files.paths
      .filter(path => kind.recognises(path))
      .flatMap(path => {
        const model = parse(kind, path);
        return model === undefined ? [] : [model];
      });

  return { files, sources, kinds, problems, text, parse, all };
}
