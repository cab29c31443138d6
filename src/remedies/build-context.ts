import type { Edit, Fix } from "../core/fix.ts";
import { basename, dirname, inside, isOutside, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { appendLines } from "../formats/dockerignore-edit.ts";
import { isPattern, type MissingSource, sourcePath } from "../stack/image/copy-sources.ts";
import { directoryName, writtenAt } from "../stack/query-build.ts";
import type { Build, Stack } from "../stack/stack.ts";

/** Rules about the contents of an image, which has none while its build is known to fail: see `Fix.reveals`. */
export const rulesOfContents = [
  "build/build-tools-in-image",
  "build/dev-dependencies",
  "build/dockerignore",
  "build/end-of-life",
  "build/floating-image",
  "build/lock-tool",
  "build/runtime-version",
  "build/unlocked-dependencies",
];

/** What belongs into no image, also where a Dockerfile asks for it. */
const secret = /(^|\/)(\.env(\.|$)|.*\.(pem|key|p12|pfx|kdbx)$|id_[a-z0-9]+$)|(^|\/)\.git(\/|$)/;

/**
 * Takes paths (relative to the context) back into a build that an ignore file keeps them out of. Undefined without an
 * ignore file, and for what should be kept out.
 */
export function letIn(stack: Stack, build: Build, paths: readonly string[]): Edit | undefined {
  const source = build.ignore && sourceOf(stack, build.ignore.path);
  if (!source || paths.length === 0 || paths.some(path => secret.test(path))) return undefined;
  return appendLines(
    source,
    "The build reads this all the same.",
    [...new Set(paths)].map(path => `!${path}`),
  );
}

/** Whether every file that the Dockerfile copies from its context is below a directory. */
export function suitsContext(stack: Stack, build: Pick<Build, "dockerfile">, context: string): boolean {
  if (!build.dockerfile) return false;
  const copies = build.dockerfile.stages.flatMap(stage => stage.copies).filter(copy => !copy.from);
  return copies.every(copy =>
    copy.sources.every(source => {
      const path = sourcePath(copy, source.value);
      return !copy.resolved || isPattern(path) || stack.files.has(join(context, path)) !== undefined;
    }),
  );
}

/**
 * The context with which a Dockerfile that fails in one place builds: the one of another caller, else its own
 * directory. Undefined when neither has all that is copied.
 */
export function rightContext(
  stack: Stack,
  dockerfilePath: string,
  wrong: string | undefined,
): string | undefined {
  const dockerfile = stack.dockerfiles.get(dockerfilePath);
  if (!dockerfile) return undefined;
  const others = stack.builds
    .filter(build => build.dockerfilePath === dockerfilePath && build.contextState === "present")
    .flatMap(build => build.context ?? []);
  const candidates = [...new Set([...others, dirname(dockerfilePath)])].filter(each => each !== wrong);
  const fitting = candidates.filter(context => suitsContext(stack, { dockerfile }, context));
  return fitting[0];
}

/**
 * Makes a build use another context and, where it is given, another Dockerfile. The words are replaced where they
 * stand; undefined where they are computed, quoted in parts, or where the directory they count from is not clear.
 */
export function moveBuild(
  stack: Stack,
  build: Build,
  context: string,
  dockerfile?: string,
): Edit[] | undefined {
  const written = writtenAt(stack, build.contextAt);
  const from = countedFrom(build, written);
  if (from === undefined || build.context === undefined) return undefined;
  const edits: Edit[] = [];
  const to = inside(from, context);
  if (to === undefined) return undefined;
  if (context !== build.context) edits.push({ at: build.contextAt, text: spell(written, to) });
  if (build.caller.kind === "compose") {
    // Compose takes the Dockerfile from the context.
    const file = dockerfile ?? build.dockerfilePath!;
    const below = inside(context, file);
    if (below === undefined) return undefined;
    const isWritten = writtenAt(stack, build.dockerfileAt) !== written;
    if (isWritten) {
      if (writtenAt(stack, build.dockerfileAt) !== below) edits.push({ at: build.dockerfileAt, text: below });
    } else if (below !== "Dockerfile") return undefined;
  } else if (dockerfile !== undefined) {
    const name = writtenAt(stack, build.dockerfileAt);
    const below = inside(from, dockerfile);
    if (below === undefined || !/^[\w./-]+$/.test(name)) return undefined;
    edits.push({ at: build.dockerfileAt, text: spell(name, below) });
  }
  return edits;
}

/** The directory that a written context counts from, relative to the root. */
function countedFrom(build: Build, written: string): string | undefined {
  if (!/^[\w./-]+$/.test(written) || isOutside(written) || build.context === undefined) return undefined;
  const plain = join("", written);
  if (plain === "") return build.context;
  if (build.context === plain) return "";
  return build.context.endsWith(`/${plain}`) ? build.context.slice(0, -plain.length - 1) : undefined;
}

/** With a leading `./` where the text had one, or where nothing else is left. */
function spell(before: string, path: string): string {
  if (path === "") return ".";
  return before.startsWith("./") || before === "." ? (before === "." ? path : `./${path}`) : path;
}

/** Sources of COPY that are not where they were looked for, mended by what the repository shows. */
export function bringSources(
  stack: Stack,
  builds: readonly [Build, ...Build[]],
  missing: readonly MissingSource[],
): Fix | undefined {
  const [first] = builds;
  const inContext = missing.filter(each => each.fromStage === undefined);
  if (inContext.length !== missing.length) return undefined;
  const ignored = missing.filter(each => each.reason === "ignored");
  const test = `Build ${first.dockerfilePath} from a fresh clone.`;
  if (ignored.length === missing.length) {
    const edit = letIn(
      stack,
      first,
      ignored.map(each => each.path),
    );
    return (
      edit && {
        title: `Let ${first.ignore!.path} leave in what the image copies`,
        grade: "needs-testing",
        edits: [edit],
        test,
        reveals: rulesOfContents,
      }
    );
  }
  if (ignored.length > 0) return undefined;
  const context = rightContext(stack, first.dockerfilePath!, first.context);
  if (context !== undefined) {
    const edits = builds.flatMap(build => moveBuild(stack, build, context) ?? []);
    if (edits.length < builds.length) return undefined;
    return {
      title: `Build from ${directoryName(context)}, where the copied files are`,
      grade: "needs-testing",
      edits,
      test,
      reveals: rulesOfContents,
    };
  }
  const renamed = missing.flatMap(each => renamedSource(stack, first, each) ?? []);
  if (renamed.length !== missing.length) return undefined;
  return {
    title: "Copy the files from where they are",
    grade: "needs-testing",
    edits: renamed,
    test,
    reveals: rulesOfContents,
  };
}

/** The only path of the context that has this name, where it cannot be mistaken. */
function renamedSource(stack: Stack, build: Build, { source, path }: MissingSource): Edit | undefined {
  const name = basename(path);
  const found = stack.files.paths.filter(
    each =>
      basename(each) === name &&
      inside(build.context!, each) !== undefined &&
      stack.files.tracked(each) !== false,
  );
  const [only] = found;
  if (found.length !== 1 || writtenAt(stack, source.at) !== source.value) return undefined;
  return { at: source.at, text: inside(build.context!, only!)! };
}
