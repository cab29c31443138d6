/**
 * Which files a stage holds, worked out backwards from its last step:
 * - COPY from a context we can see decides: what it brings is there.
 * - RUN is read command by command (run-effects.ts). Package managers write to the system's directories only; a
 *   JavaScript build writes below its directory, but not files that people write by hand (next.config.js);
 *   a command nobody knows may have written anything.
 * - At the end stands the base image: in an official one of the table `/app` and the like are empty.
 * So "no" is said only when every step is understood and none can have brought the file; otherwise "unknown".
 */
import type {
  CopyStep,
  Dockerfile,
  ImagePath,
  RunStep,
  Stage,
  StageStep,
} from "../../artifacts/dockerfile.ts";
import { stageChain } from "../../artifacts/dockerfile.ts";
import { basename, inside, join } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import type { BuildContextView } from "./context.ts";
import { isArchive, isPattern, isRemote, matchSources, sourcePath } from "./copy-sources.ts";
import type { ImageFacts } from "./facts.ts";
import { factsFor, parseImageRef } from "./facts.ts";
import type { RunEffects } from "./run-effects.ts";
import { mayCreate, runEffects } from "./run-effects.ts";

export interface FileAnswer {
  readonly has: "yes" | "no" | "unknown";
  readonly kind?: "file" | "directory";
  /** yes: the step that brings it; unknown: a step that may have brought it. */
  readonly from?: Location;
  /** Where the same file stands in the repository. */
  readonly source?: string;
}

export interface ToolAnswer {
  readonly has: "yes" | "no" | "unknown";
  /** yes: the step that installs it, or the FROM; no: the FROM of an image without it; unknown: what makes it so. */
  readonly at?: Location;
}

const unknown: FileAnswer = { has: "unknown" };
const absent: FileAnswer = { has: "no" };
const deepest = 24;
const mostLookups = 20_000;

/** Directories every Linux image has, with content nobody lists. */
const systemRoots = new Set(
  "bin boot dev etc home lib lib32 lib64 libx32 media mnt opt proc root run sbin srv sys tmp usr var".split(
    " ",
  ),
);
/** Files that people write and no build of a JavaScript project creates. */
const handwritten =
  /^((next|vite|nuxt|astro|svelte|tailwind|postcss|babel|webpack|rollup|vue|jest|playwright|drizzle|remix)\.config\.[cm]?[jt]s|package\.json|tsconfig(\.\w+)?\.json|manage\.py|pyproject\.toml|requirements[\w.-]*\.txt|Gemfile|composer\.json|go\.mod)$/;

/** The steps of a stage and its parents in order, with the external image below them. */
export interface Layers {
  readonly base: Stage;
  readonly facts: ImageFacts | undefined;
  readonly steps: readonly StageStep[];
  readonly production: (at: Location) => boolean;
}

/** Answers questions about the files of all stages of one Dockerfile; results are kept. */
export class StageFiles {
  private readonly dockerfile: Dockerfile;
  readonly context: BuildContextView | undefined;
  private readonly layers = new Map<number, Layers>();
  private readonly effects = new Map<RunStep, RunEffects>();
  private readonly known = new Map<string, FileAnswer>();
  private readonly tools = new Map<string, ToolAnswer>();
  private lookups = 0;

  constructor(dockerfile: Dockerfile, context: BuildContextView | undefined) {
    this.dockerfile = dockerfile;
    this.context = context;
  }

  layersOf(stage: Stage): Layers {
    let layers = this.layers.get(stage.index);
    if (!layers) {
      const chain = stageChain(this.dockerfile, stage);
      const base = chain[0]!;
      const { resolved } = base.from;
      const production = chain
        .flatMap(each => each.env)
        .find(each => each.name.value === "NODE_ENV" && each.value.value === "production");
      layers = {
        base,
        facts: resolved === undefined ? undefined : factsFor(parseImageRef(resolved)),
        steps: chain.flatMap(each => each.steps),
        production: at => production !== undefined && production.at.span.start < at.span.start,
      };
      this.layers.set(stage.index, layers);
    }
    return layers;
  }

  /** A path of the Dockerfile as an absolute one; undefined when the base image's working directory is not known. */
  absolute(layers: Layers, path: ImagePath): string | undefined {
    if (path === undefined || path.startsWith("/")) return path;
    return layers.facts?.workdir === undefined ? undefined : join(layers.facts.workdir, path);
  }

  effectsOf(layers: Layers, run: RunStep): RunEffects {
    let effects = this.effects.get(run);
    if (!effects) {
      effects = runEffects(run, this.absolute(layers, run.workdir), layers.production(run.at));
      this.effects.set(run, effects);
    }
    return effects;
  }

  /** Keeps what `compute` says of a program in a stage; asked again meanwhile, the answer is unknown. */
  tool(stage: Stage, name: string, compute: () => ToolAnswer): ToolAnswer {
    const key = `${stage.index} ${name}`;
    const known = this.tools.get(key);
    if (known) return known;
    this.tools.set(key, { has: "unknown" });
    const answer = compute();
    this.tools.set(key, answer);
    return answer;
  }

  /** The state of a path at the end of a stage, or before one of its steps. */
  file(stage: Stage, path: string, before?: number, depth = 0): FileAnswer {
    const layers = this.layersOf(stage);
    const until = before ?? layers.steps.length;
    const key = `${stage.index} ${until} ${path}`;
    const known = this.known.get(key);
    if (known) return known;
    if (depth > deepest || ++this.lookups > mostLookups) return unknown;
    this.known.set(key, unknown); // stages that copy from each other in a circle meet this and end
    const answer = this.lookUp(stage, layers, join("/", path), until, depth);
    this.known.set(key, answer);
    return answer;
  }

  private lookUp(stage: Stage, layers: Layers, path: string, until: number, depth: number): FileAnswer {
    if (path === "/") return { has: "yes", kind: "directory" };
    let doubt: FileAnswer | undefined;
    const byHand = handwritten.test(basename(path));
    for (let i = until - 1; i >= 0; i--) {
      const step = layers.steps[i]!;
      if (step.kind === "workdir") {
        const directory = this.absolute(layers, step.path);
        if (directory !== undefined && inside(path, directory) !== undefined)
          return { has: "yes", kind: "directory", from: step.at };
      } else if (step.kind === "run") {
        const effects = this.effectsOf(layers, step.run);
        const made = effects.creates.find(each => inside(path, each.path) !== undefined);
        if (made)
          return { has: "yes", kind: made.path === path ? made.kind : "directory", from: step.run.at };
        const touched = mayCreate(effects, path, byHand);
        if (touched) doubt ??= { has: "unknown", from: step.run.at };
        if (effects.removes.some(each => inside(each, path) !== undefined)) return doubt ?? absent;
      } else {
        const answer = this.copied(stage, layers, step.copy, path, i, depth);
        if (answer?.has === "yes") return answer;
        if (answer) doubt ??= { has: "unknown", from: step.copy.at };
      }
    }
    const base = baseFile(layers, path);
    return base.has === "no" && doubt ? doubt : base;
  }

  /** What a COPY says of a path: nothing when it cannot bring it. */
  private copied(
    stage: Stage,
    layers: Layers,
    copy: CopyStep,
    path: string,
    index: number,
    depth: number,
  ): FileAnswer | undefined {
    const target = this.absolute(layers, copy.destinationPath);
    if (target === undefined || (!copy.resolved && related(target, path))) return unknown;
    if (!related(target, path)) return undefined;
    for (const heredoc of copy.inline) {
      const place = copy.intoDirectory ? join(target, heredoc.delimiter) : target;
      if (inside(path, place) !== undefined)
        return { has: "yes", kind: place === path ? "file" : "directory", from: copy.at };
    }
    let best: FileAnswer | undefined;
    for (const { value } of copy.sources) {
      const answer = this.fromSource(stage, copy, value, target, path, index, depth);
      if (answer?.has === "yes") return { ...answer, from: copy.at };
      best ??= answer;
    }
    return best;
  }

  private fromSource(
    stage: Stage,
    copy: CopyStep,
    written: string,
    target: string,
    path: string,
    index: number,
    depth: number,
  ): FileAnswer | undefined {
    const ancestor = inside(path, target) !== undefined && path !== target;
    if (isRemote(copy, written) || isArchive(copy, written))
      return ancestor ? { has: "yes", kind: "directory" } : unknown;
    const origin = copy.fromStage === undefined ? undefined : this.dockerfile.stages[copy.fromStage];
    const source = sourcePath(copy, written);
    if (copy.from && (!origin || isPattern(source))) return this.fromElsewhere(path, target, ancestor);
    if (!copy.from && !this.context) return this.fromElsewhere(path, target, ancestor);
    const sources = !copy.from && isPattern(source) ? matchSources(this.context!, source) : [source];
    let best: FileAnswer | undefined;
    for (const each of sources) {
      const look = (at: string) =>
        origin ? this.file(origin, at, undefined, depth + 1) : this.inContext(at);
      const answer = this.placed(stage, copy, each, look, target, path, index, depth);
      if (answer?.has === "yes") return copy.exclude.length > 0 && path !== target ? unknown : answer;
      best ??= answer;
    }
    return best;
  }

  /** A source we cannot look into: something arrives at the destination, what is below it nobody knows. */
  private fromElsewhere(path: string, target: string, ancestor: boolean): FileAnswer {
    if (ancestor) return { has: "yes", kind: "directory" };
    return path === target ? { has: "yes" } : unknown;
  }

  private inContext(path: string): FileAnswer {
    const kind = path === "" ? "directory" : this.context!.has(path);
    return kind ? { has: "yes", kind, source: join(this.context!.dir, path) } : absent;
  }

  private placed(
    stage: Stage,
    copy: CopyStep,
    source: string,
    look: (at: string) => FileAnswer,
    target: string,
    path: string,
    index: number,
    depth: number,
  ): FileAnswer | undefined {
    const found = look(source);
    if (found.has === "no") return undefined;
    const base = copy.parents ? join(target, source) : target;
    const rest = inside(base, path);
    if (inside(path, base) !== undefined && path !== base) return { has: "yes", kind: "directory" };
    if (found.has === "unknown" || found.kind === undefined) {
      if (rest === undefined) return undefined;
      return rest === "" ? { has: "yes" } : unknown;
    }
    if (found.kind === "directory") {
      if (rest === undefined) return undefined;
      if (rest === "") return { has: "yes", kind: "directory" };
      const below = look(join(source, rest));
      return below.has === "no" ? undefined : below;
    }
    if (copy.parents) return path === base ? found : undefined;
    const inDirectory = join(target, basename(source));
    // `conf.d`, `cron.d`: such a name is a directory, and the image has it.
    const already =
      copy.intoDirectory || /^\/etc\/.*\.d$/.test(target)
        ? { has: "yes", kind: "directory" }
        : this.file(stage, target, index, depth + 1);
    // Nobody names a directory after the file that is copied to it, and programs lie side by side.
    const named =
      basename(target) === basename(source) ||
      /\.[A-Za-z0-9]+$/.test(basename(target)) ||
      /\/s?bin\/[^/]+$/.test(target);
    if (already.has === "unknown" && !named)
      return path === target || path === inDirectory ? unknown : undefined;
    const place = already.has === "yes" && already.kind === "directory" ? inDirectory : target;
    if (path === place) return found;
    return inside(path, place) === undefined ? undefined : { has: "yes", kind: "directory" };
  }
}

/** One of the two lies on the way to the other. */
function related(a: string, b: string): boolean {
  return inside(a, b) !== undefined || inside(b, a) !== undefined;
}

/** The base image itself: the usual directories of a system are there with unknown content, everything else is empty. */
function baseFile(layers: Layers, path: string): FileAnswer {
  const { resolved } = layers.base.from;
  if (resolved === "scratch") return absent;
  const { facts } = layers;
  if (!facts) return unknown;
  const root = path.split("/")[1] ?? "";
  const first = { kind: "directory", from: layers.base.from.at } as const;
  if (facts.workdir !== undefined && inside(path, facts.workdir) !== undefined)
    return { has: "yes", ...first };
  if ([...facts.dataDirectories, ...facts.volumes].some(directory => inside(directory, path) !== undefined))
    return unknown;
  if (path === "/usr/src" || path.startsWith("/usr/src/")) return emptyInRuntimes(facts, path, "/usr/src");
  if (path.startsWith("/srv/")) return emptyInRuntimes(facts, path, "/srv");
  if (systemRoots.has(root) || facts.directories.includes(root)) {
    return path === `/${root}` ? { has: "yes", ...first } : unknown;
  }
  // Entry point scripts stand in the root of many images.
  return /\.sh$/.test(path) || facts.workdir === undefined || inside(facts.workdir, path) === ""
    ? unknown
    : absent;
}

/** `/usr/src/app` and `/srv/app` are empty in plain systems and the language images built on them. */
function emptyInRuntimes(facts: ImageFacts, path: string, directory: string): FileAnswer {
  const plain =
    (facts.kind === "base" || ["python", "node", "ruby", "golang", "rust"].includes(facts.family)) &&
    facts.distribution !== "unknown";
  return plain && path !== directory ? absent : unknown;
}
