import { parsePackageManifest } from "../artifacts/package-manifest.ts";
import type { Edit, Fix } from "../core/fix.ts";
import { dirname, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { isIgnored } from "../formats/dockerignore.ts";
import { directoryName, writtenAt } from "../stack/query-build.ts";
import type { StageInstall } from "../stack/query-locks.ts";
import type { Build, Stack } from "../stack/stack.ts";
import { letIn, rulesOfContents } from "./build-context.ts";
import { isCommitted } from "./committed.ts";
import { memberLock } from "./member-lock.ts";
import { workspaceOf } from "./node-workspace.ts";

/**
 * Writes the member's part of the lock file at the root of its workspace, which the context does not reach. `path` is
 * that of the member's package.json. Undefined where npm would refuse the result: see `memberLock`.
 */
export function lockOfMember(
  stack: Stack,
  build: Build,
  { stage, install }: StageInstall,
  path: string,
): Fix | undefined {
  const directory = dirname(path);
  const manifest = sourceOf(stack, path);
  if (directory !== build.context || !manifest) return undefined;
  const workspace = workspaceOf(stack.files, directory, parsePackageManifest(manifest).model);
  if (!workspace?.member || workspace.needs.length > 0) return undefined;
  const shared = join(workspace.root, "package-lock.json");
  const lock = isCommitted(stack.files, shared) ? sourceOf(stack, shared) : undefined;
  const text = lock && memberLock(lock.text, manifest.text, workspace.member);
  if (text === undefined) return undefined;
  const file = join(directory, "package-lock.json");
  const hidden = build.ignore !== undefined && isIgnored(build.ignore.rules, "package-lock.json").ignored;
  const brought = stage.stage.copies.some(
    copy =>
      !copy.from &&
      copy.at.span.start < install.at.span.start &&
      copy.sources.some(({ value }) => bringsLock.test(value)),
  );
  const edits = [
    { at: { file, span: { start: 0, end: 0 } }, text },
    ...(hidden ? [letIn(stack, build, ["package-lock.json"])] : []),
    ...(brought ? [] : [copyBeside(stack, stage, install, "package-lock.json")]),
  ];
  if (edits.some(edit => edit === undefined)) return undefined;
  return {
    title: `Write ${file} with the versions of ${shared}`,
    grade: "needs-testing",
    edits: edits as Edit[],
    reveals: rulesOfContents,
    test: "Build the image.",
    afterwards: `In a workspace npm keeps only the lock file at the root: after each change of ${path} run \`npm install --package-lock-only --no-workspaces\` in ${directoryName(directory)}, too.`,
  };
}

const bringsLock = /^(?:\.\/)?(?:\.?|\*|\*\.json|package\*(?:\.json)?|package-\*\.json)$/;

/** `COPY package.json ./` gets the lock file as a second source. */
export function copyBeside(
  stack: Stack,
  stage: StageInstall["stage"],
  install: StageInstall["install"],
  name: string,
): Edit | undefined {
  const manifest = /^(package\.json|pyproject\.toml|Pipfile)$/;
  const copies = stage.stage.copies.filter(each => each.at.span.start < install.at.span.start && !each.from);
  const copy = copies.findLast(each =>
    each.sources.some(source => manifest.test(source.value.replace(/^.*\//, ""))),
  );
  const source = copy?.sources.find(each => manifest.test(each.value.replace(/^.*\//, "")));
  if (!copy || !source || !/(\/|^\.)$/.test(copy.destination.value)) return undefined;
  // In the JSON form words stand in quotes.
  const written = writtenAt(stack, source.at);
  if (written !== source.value || writtenAt(stack, copy.at).includes("[")) return undefined;
  return {
    at: { file: source.at.file, span: { start: source.at.span.end, end: source.at.span.end } },
    text: ` ${join(dirname(source.value), name)}`,
  };
}
