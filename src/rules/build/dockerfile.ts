import type { Fix } from "../../core/fix.ts";
import { basename, dirname, join } from "../../core/path.ts";
import { moveBuild, rightContext, rulesOfContents } from "../../remedies/build-context.ts";
import { createDockerfile } from "../../remedies/rewrite.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { callerName, groupBuilds, mayAppear, places, weighBuilds } from "../../stack/query-build.ts";
import { isMisplaced } from "../../stack/query-misplaced.ts";
import { isNeverStarted, isStartedByHand } from "../../stack/query-triggers.ts";
import { goneFolder } from "../../stack/query-unfound.ts";
import type { Build, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/dockerfile",
  title: "Every Dockerfile that a build names exists",
  claim: "builds",
  severity: "critical",
  why: "The builder stops before its first step when it cannot open the Dockerfile.",
  *check(stack) {
    for (const build of stack.builds)
      if (build.dockerfileState === "present")
        yield {
          subject: build.dockerfilePath!,
          kept: evidence(build.dockerfileAt, "the Dockerfile is here"),
        };
    const absent = stack.builds.filter(
      build =>
        build.dockerfileState === "absent" &&
        // The context's own absence is another rule's.
        build.contextState !== "absent" &&
        // So is a file that is meant from the root of the repository.
        !isMisplaced(stack, build.project) &&
        !mayAppear(stack, build, build.dockerfilePath!) &&
        !isBesideScript(stack, build) &&
        !isLeftBehind(stack, build),
    );
    // A folder that was moved takes all its Dockerfiles with it.
    for (const group of groupBuilds(
      absent,
      build => goneFolder(stack, build.dockerfilePath) ?? build.dockerfilePath,
    )) {
      const [first] = group;
      const path = first.dockerfilePath!;
      const paths = [...new Set(group.map(build => build.dockerfilePath!))];
      const found = nearby(stack, first);
      const hint = found.length === 0 ? "" : ` The repository has ${listNames(found)}.`;
      const shown = paths.flatMap(each =>
        places(
          group.flatMap(build => (build.dockerfilePath === each ? build.dockerfileAt : [])),
          `no file ${each}`,
        ),
      );
      yield {
        subject: path,
        message: `${callerName(first)} builds with ${path}, which does not exist${paths.length > 1 ? `, and neither does what ${paths.length === 2 ? "another build names" : "others name"} in ${goneFolder(stack, path)}` : ""}: the build fails at once.${hint}`,
        evidence: [shown[0]!, ...shown.slice(1)],
        severity: weighBuilds(
          group,
          group.every(build => isNeverStarted(stack, build))
            ? "low"
            : isBesideAutomatic(stack, group)
              ? "medium"
              : "critical",
        ),
        fix: () =>
          paths.length > 1
            ? undefined
            : (useAnother(stack, group) ?? (group.length === 1 ? createDockerfile(stack, first) : undefined)),
      };
    }
  },
});

/** Only people start it, while a workflow that starts by itself pushes an image: what is released is not stopped. */
function isBesideAutomatic(stack: Stack, group: readonly Build[]): boolean {
  return (
    group.every(({ at }) => isStartedByHand(stack, at.file)) &&
    stack.builds.some(
      ({ caller, push, at, dockerfileState }) =>
        caller.kind === "workflow" &&
        push &&
        dockerfileState !== "absent" &&
        !isStartedByHand(stack, at.file),
    )
  );
}

/** The script is called after a service that runs pipelines, and what tells the service of them is gone. */
function isLeftBehind(stack: Stack, { at }: Build): boolean {
  const name = /(?:^|[_.-])(travis|circleci|appveyor|semaphore)(?=[_.-])/.exec(basename(at.file))?.[1];
  return (
    name !== undefined &&
    !stack.files.paths.some(path => path !== at.file && path.includes(name) && /\.ya?ml$/.test(path))
  );
}

/** It is there when the script is started in its own folder or in one above it, which nothing forbids. */
function isBesideScript(stack: Stack, { caller, at, dockerfilePath }: Build): boolean {
  for (let folder = dirname(at.file); caller.kind === "script" && folder !== ""; folder = dirname(folder))
    if (stack.files.has(join(folder, dockerfilePath!)) === "file") return true;
  return false;
}

/** Another Dockerfile, where its name or place leaves no doubt and all that it copies is found. */
function useAnother(stack: Stack, group: readonly [Build, ...Build[]]): Fix | undefined {
  const path = meant(group[0].dockerfilePath!, [...stack.dockerfiles.keys()]);
  const context = path === undefined ? undefined : rightContext(stack, path, undefined);
  if (path === undefined || context === undefined) return undefined;
  const edits = group.flatMap(build => moveBuild(stack, build, context, path) ?? []);
  const files = new Set(edits.map(edit => `${edit.at.file}:${edit.at.span.start}`));
  if (files.size !== edits.length || edits.length < group.length) return undefined;
  return {
    title: `Build with ${path}`,
    grade: "needs-testing",
    edits,
    test: "Build the image.",
    reveals: rulesOfContents,
  };
}

/** `Dockerfile.api` can mean `apps/api/Dockerfile`; a file that differs in case alone is the same. */
function meant(wanted: string, all: readonly string[]): string | undefined {
  const alike = all.filter(path => path.toLowerCase() === wanted.toLowerCase());
  const part = /^Dockerfile\.([\w-]+)$|^([\w-]+)\.Dockerfile$/i.exec(basename(wanted));
  const name = part?.[1] ?? part?.[2];
  const named = name === undefined ? [] : all.filter(path => dirname(path).split("/").includes(name));
  const found = alike.length > 0 ? alike : named;
  return found.length === 1 ? found[0] : undefined;
}

/** Dockerfiles that may have been meant: in the same directory, else anywhere. */
function nearby(stack: Stack, build: Build): string[] {
  const all = [...stack.dockerfiles.keys()];
  const beside = all.filter(path => dirname(path) === dirname(build.dockerfilePath!));
  return beside.length > 0 ? beside : all;
}
