import type { Stage } from "../artifacts/dockerfile.ts";
import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import { addWord, insertAfter } from "../formats/dockerfile-edit.ts";
import { type Shipped, shippedInstalls } from "../stack/query-dev-packages.ts";
import type { StageInstall } from "../stack/query-locks.ts";
import { shippedStages } from "../stack/query-shipped.ts";
import type { Build, Stack } from "../stack/stack.ts";

/** Steps after an install that may need what it would leave out. */
const builds =
  /\b(npm|yarn|pnpm)\s+(run(-script)?\s+\S|build|generate|compile)|\bnpx\b|\btsc\b|node_modules\/\.bin|\bnext build|\bvite\b/;
/** Programs that are developers' tools themselves. */
const developing = /\b(nodemon|ts-node|tsx|vite|next dev|react-scripts|concurrently)\b|\brun dev\b/;

/**
 * Leaves development packages out of an image: in the install where nothing is built after it, else by taking them out
 * at the end of the stage that builds. npm and Poetry only; undefined where the program may be one of those packages.
 */
export function leaveOutDevelopment(
  stack: Stack,
  build: Build,
  shipped: readonly Shipped[],
): Fix | undefined {
  const source = build.dockerfilePath === undefined ? undefined : sourceOf(stack, build.dockerfilePath);
  const command = [build.model?.cmd?.text, build.model?.entrypoint?.text].join(" ");
  if (!source || !build.model || developing.test(command)) return undefined;
  const installs = shippedInstalls(build).filter(each =>
    shipped.some(({ install }) => install === each.install),
  );
  const edits = installs.flatMap(each => editFor(each) ?? []);
  if (edits.length !== shipped.length || edits.length === 0) return undefined;
  return {
    title: "Leave development packages out of the image",
    grade: "needs-testing",
    edits,
    test: "Build and start the image: a program that loads one of them stops at once.",
  };

  function editFor({ stage, install }: StageInstall): Edit | undefined {
    const after = stage.stage.runs.filter(run => run.at.span.start >= install.at.span.start);
    const isShipped = shippedStages(build).some(each => each.index === stage.stage.index);
    const isBuilt = after.some(run => builds.test(run.fragment.text));
    const written = source!.text.slice(install.at.span.start, install.at.span.end);
    // Somebody asks for them: with both options the last one counts.
    if (/--(?:only|include|also)[= ]dev\b|--production[= ]false|(?:^|\s)(?:-D|--dev)(?=\s|$)/.test(written))
      return undefined;
    if (laterStages(build, stage.stage).some(each => each.runs.some(run => builds.test(run.fragment.text))))
      return undefined;
    if (install.manager === "poetry" && !isBuilt)
      return (
        exportsOnlyMain(source!, install.at) ??
        addWord(source!, install.at, /^poetry\s+install/, poetryOption(source!.text))
      );
    if (install.manager !== "npm") return undefined;
    const option = npmOption(stage.base?.tag);
    if (!isBuilt) return addWord(source!, install.at, /^npm\s+(ci|install|i)\b/, option);
    const last = after.at(-1);
    // A configuration in TypeScript is read with the compiler, which is such a package.
    if (isShipped || !last || stack.files.paths.some(path => /(^|\/)next\.config\.ts$/.test(path)))
      return undefined;
    // npm looks at the tree as a whole again: what the install forgave, this has to forgive as well.
    const forgives = /--(?:legacy-peer-deps|force)\b/.exec(written)?.[0];
    return insertAfter(source!, last.at, [`RUN npm prune ${option}${forgives ? ` ${forgives}` : ""}`]);
  }
}

/** Stages that go on from this one, or take files from it, and those that do so from them. */
function laterStages({ dockerfile }: Build, first: Stage): Stage[] {
  const all = dockerfile?.stages ?? [];
  const found = new Set([first.index]);
  for (const stage of all)
    if (
      (stage.from.parent !== undefined && found.has(stage.from.parent)) ||
      stage.copies.some(copy => copy.fromStage !== undefined && found.has(copy.fromStage))
    )
      found.add(stage.index);
  return all.filter(stage => stage !== first && found.has(stage.index));
}

/** `poetry export --with dev` for pip. Other groups may be what the program needs. */
function exportsOnlyMain(source: Source, at: Location): Edit | undefined {
  const text = source.text.slice(at.span.start, at.span.end);
  const found = /\bpoetry export\b[^\n]*?(--with[ =](?:dev|test|tests|lint|development))(?=\s|$)/.exec(text);
  if (!found) return undefined;
  const start = at.span.start + found.index + found[0].length - found[1]!.length;
  return { at: locate(source, start, start + found[1]!.length), text: "--only main" };
}

/** Poetry has `--only` since 1.2, and refuses what it does not know. */
function poetryOption(dockerfile: string): string {
  const [, major, minor] =
    /\bpoetry(?:[\s"'[\]\w-]*==|_version[= ]["']?)\s*(\d+)\.(\d+)/i.exec(dockerfile) ?? [];
  return major === "0" || (major === "1" && Number(minor) < 2) ? "--no-dev" : "--only main";
}

/** npm has `--omit` since 7, which came with Node.js 15; older ones take no notice of it. */
function npmOption(tag: string | undefined): string {
  const major = Number(/^\d+/.exec(tag ?? "")?.[0] ?? Number.NaN);
  return major < 15 ? "--only=production" : "--omit=dev";
}
