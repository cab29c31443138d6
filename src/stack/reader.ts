import type { ArtifactKind, Parsed } from "../core/artifact.ts";
import type { Problem } from "../core/problem.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { Source } from "../core/source.ts";

/** Reads files of the project once, and remembers what was read, as what, and what could not be. */
export interface Reader {
  readonly files: ProjectFiles;
  /** Paths that may describe a deployment: all but those of program code and pictures. */
  readonly surface: readonly string[];
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

/** Endings of files that no artefact is recognised by; most files of a large tree have one. */
const code: ReadonlySet<string> = new Set(
  "js jsx ts tsx mjs cjs mts cts vue svelte css scss sass less html htm map svg png jpg jpeg gif ico webp avif woff woff2 ttf otf eot mp3 mp4 pdf py pyi pyc go java kt rb php rs c cc cpp h hpp cs swift dart snap po mo".split(
    " ",
  ),
);

/** Whether some artefact may be recognised by this path, for the price of one look at its ending. */
export function maySpeakOfDeployment(path: string): boolean {
  const dot = path.lastIndexOf(".");
  if (!code.has(path.slice(dot + 1))) return true;
  const name = path.lastIndexOf("/") + 1;
  // `.env.css`, `Dockerfile.go`, and `sites-enabled/shop.py`, where any name will do.
  if (dot <= name || path[name] === ".") return true;
  return path.includes("sites-") || /^(?:docker|container)file/i.test(path.slice(name, name + 13));
}

/** Copies of other projects, with build files of their own: Go's vendor directory, packages of Node and PHP. */
const foreign = /(?:^|\/)(?:vendor\/[\w.-]+\.[a-z]+\/|node_modules\/|site-packages\/|third[_-]party\/)/;

/** By text: while fixes are tried, a tree is read again and again, and hardly any of its files is another one. */
const parsedTexts = new WeakMap<Source, Map<string, Parsed<unknown>>>();

function parseOnce<M>(kind: ArtifactKind<M>, key: string, source: Source): Parsed<M> {
  const known = parsedTexts.get(source) ?? new Map<string, Parsed<unknown>>();
  if (known.size === 0) parsedTexts.set(source, known);
  const parsed = known.get(key) ?? kind.parse(source);
  known.set(key, parsed);
  return parsed as Parsed<M>;
}

export function createReader(files: ProjectFiles): Reader {
  const surface = files.paths.filter(path => maySpeakOfDeployment(path) && !foreign.test(path));
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
      // A page for people that cannot be read hides nothing of what is started.
      if (kind !== "runbook") problems.push(result.problem);
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
    const parsed = parseOnce(kind, key, source);
    problems.push(...parsed.problems);
    models.set(key, parsed.model);
    return parsed.model;
  };

  const all = <M>(kind: ArtifactKind<M>): M[] =>
    surface
      .filter(path => kind.recognises(path))
      .flatMap(path => {
        const model = parse(kind, path);
        return model === undefined ? [] : [model];
      });

  return { files, surface, sources, kinds, problems, text, parse, all };
}
