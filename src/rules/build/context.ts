import { addTo } from "../../core/group.ts";
import { dirname, isOutside } from "../../core/path.ts";
import { evidence, listNames, listPlain, weigh } from "../../stack/query.ts";
import { patternOf } from "../../stack/query-backup-names.ts";
import {
  callerName,
  groupBuilds,
  mayAppear,
  places,
  weighBuilds,
  writtenAt,
} from "../../stack/query-build.ts";
import { isMisplaced, isMoved, misplacedProjects } from "../../stack/query-misplaced.ts";
import type { Build, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/context",
  title: "Every build context is part of the repository",
  claim: "builds",
  severity: "critical",
  why: "Docker refuses to build from a directory that is not there, so the image cannot be made from a fresh clone.",
  *check(stack) {
    for (const build of stack.builds) {
      if (build.contextState === "present")
        yield {
          subject: `${build.caller.name} in ${build.at.file}`,
          kept: evidence(build.contextAt, "the build context is here"),
        };
    }
    for (const { project, places: away } of misplacedProjects(stack)) {
      if (isMoved(stack, project)) continue;
      yield {
        subject: project.files.at(-1)!,
        message: `${project.files.at(-1)} names its paths as from the root of the repository, and Compose takes them from ${project.directory}: it finds none of them there.`,
        evidence: [evidence(away[0], "not there"), ...places(away, "not there").slice(1)],
        severity: weigh(project, "high"),
        // A directory may be given by hand.
        confidence: "likely",
      };
    }
    const absent = stack.builds.filter(
      build =>
        !isMisplaced(stack, build.project) &&
        build.contextState === "absent" &&
        build.context !== undefined &&
        !isOutside(build.context) &&
        !mayAppear(stack, build, build.context),
    );
    // Several directories that one Compose file calls otherwise are one mistake; one directory is one, whoever names it.
    const groups = new Map<string, Build[]>();
    for (const group of groupBuilds(absent, build => build.context)) {
      const isAlone = group[0].caller.kind !== "compose" || stack.files.has(group[0].context!) === "file";
      for (const build of group) addTo(groups, isAlone ? build.context! : group[0].at.file, build);
    }
    for (const group of groups.values()) {
      const [first] = group as [Build];
      const isFile = stack.files.has(first.context!) === "file";
      const contexts = [...new Set(group.map(({ context }) => context!))];
      const shows = isFile ? "not a directory" : "no such directory";
      const [one, ...more] = places(
        group.map(build => build.contextAt),
        shows,
      );
      yield {
        subject: first.context!,
        message:
          contexts.length > 1
            ? `${listPlain([...new Set(group.map(callerName))])} build from ${listNames(contexts)}, directories that the repository does not have: the builds fail at once.`
            : `${callerName(first)} builds from "${first.context}", ${isFile ? "which is a file and not a directory" : "a directory that the repository does not have"}: the build fails at once.`,
        evidence: [one!, ...more],
        severity: weighBuilds(group, "critical"),
      };
    }
    const outside = stack.builds.filter(
      build => build.contextState === "outside" && !isBroughtThere(stack, writtenAt(stack, build.contextAt)),
    );
    // What lies side by side on the server is one habit.
    for (const group of groupBuilds(outside, build => dirname(contextText(stack, build)))) {
      const [first] = group;
      const texts = [...new Set(group.map(build => contextText(stack, build)))];
      const areServices = group.every(({ caller }) => caller.kind === "compose");
      const names = [...new Set(group.flatMap(({ caller }) => caller.name ?? []))];
      const together = areServices && names.length > 1;
      const callers = together ? [`Services ${listNames(names)}`] : [...new Set(group.map(callerName))];
      const one = texts.length === 1;
      const said = one ? callers.slice(0, 1) : callers;
      yield {
        subject: texts[0]!,
        message: `${listPlain(said)} ${together || said.length > 1 ? "build" : "builds"} from ${listPlain(texts)}, which ${one ? "lies" : "lie"} outside this repository: a clone of it alone cannot build ${one && !together ? "this image" : "these images"}, and nothing fixes the version of what lies there.`,
        evidence: [
          evidence(first.contextAt, "outside the repository"),
          ...places(
            group.map(build => build.contextAt),
            "outside the repository",
          ).slice(1),
        ],
        severity: weighBuilds(group, "medium"),
        confidence: "likely",
      };
    }
  },
});

/** A release copies or clones the sources to the very path on the server. */
function isBroughtThere(stack: Stack, path: string): boolean {
  const clean = path.replace(/["']/g, "").replace(/\/+$/, "");
  return stack.calls.some(({ call }) => {
    const places =
      call.kind === "remote-copy" && call.direction === "upload" && call.destination
        ? [call.destination]
        : call.name === "git" && call.args[0]?.value === "clone"
          ? call.args.slice(-1)
          : [];
    return places.some(arg => {
      const text = patternOf(call.script, arg);
      return text.replace(/^[^:/]*:/, "").replace(/\/+$/, "") === clean;
    });
  });
}

/** As it is written, without quotes. */
function contextText(stack: Stack, { contextAt }: Build): string {
  return writtenAt(stack, contextAt).replace(/^(["'])(.*)\1$/, "$2");
}
