import type { Evidence } from "../../core/finding.ts";
import { join } from "../../core/path.ts";
import { bringSources } from "../../remedies/build-context.ts";
import { rewriteDockerfile } from "../../remedies/rewrite.ts";
import type { MissingSource } from "../../stack/image/copy-sources.ts";
import { evidence, listNames, listPlain } from "../../stack/query.ts";
import { buildSubject, directoryName, groupBuilds, places, weighBuilds } from "../../stack/query-build.ts";
import { isMisplaced } from "../../stack/query-misplaced.ts";
import { missingOf, wantsAbove, working } from "../../stack/query-missing-sources.ts";
import { isStartedByHand } from "../../stack/query-triggers.ts";
import type { Build, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/copy-source",
  title: "Everything that an image copies is in its build context",
  claim: "builds",
  severity: "critical",
  why: "The builder stops at the first COPY whose source it cannot find, so no image is made.",
  *check(stack) {
    // A caller whose target is wrong has no model, but shares the fate.
    const told = new Map<string, Told>();
    const modelled = stack.builds.filter(
      build => build.dockerfile && build.contextState === "present" && !isMisplaced(stack, build.project),
    );
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.context}`)) {
      const [first] = group;
      if (!group.some(build => build.model)) continue;
      const missing = missingOf(stack, group);
      if (missing.length === 0) {
        yield {
          subject: buildSubject(first),
          kept: evidence(first.at, "all copied files are in the context"),
        };
        continue;
      }
      // Three images that miss the same lock file have one cause.
      const same = missing.every(each => each.fromStage === undefined && each.reason === "absent");
      const key = wantsAbove(stack, first)
        ? "above"
        : same
          ? listNames([first.context!, ...missing.map(({ path }) => path)].sort())
          : `${told.size}`;
      const others = told.get(key);
      if (others) others.groups.push({ group, missing });
      else told.set(key, { groups: [{ group, missing }] });
    }
    for (const { groups } of told.values()) {
      const [one, ...more] = groups as [Broken, ...Broken[]];
      const [first] = one.group;
      const all = groups.flatMap(({ group }) => group) as [Build, ...Build[]];
      const files = groups.map(({ group }) => group[0].dockerfilePath!);
      yield {
        subject: buildSubject(first),
        message: `The ${more.length === 0 ? "build of" : "builds of"} ${listPlain(files)} ${more.length === 0 ? "stops" : "stop"} at a COPY: ${reasons(first, one.missing)}.${wantsAbove(stack, first) ? above : ""}`,
        evidence: [
          ...evidenceOf(stack, one.group, one.missing),
          ...more.flatMap(({ group, missing }) => evidenceOf(stack, group, missing)),
        ],
        // Another build that is shipped gets it right: what runs is not stopped by this one.
        severity: weighBuilds(
          all,
          groups.every(({ group: [each] }) =>
            working(stack, each).some(build => build.push && build.grade === "deployed"),
          )
            ? all.every(({ at }) => isStartedByHand(stack, at.file))
              ? "medium"
              : "high"
            : "critical",
        ),
        // What git ignores, the machine that builds may have after all.
        ...(one.missing.some(each => stack.files.ignored(join(first.context!, each.path)))
          ? { confidence: "likely" as const }
          : {}),
        fix: () =>
          more.length === 0
            ? (bringSources(stack, one.group, one.missing) ?? rewriteDockerfile(stack, one.group))
            : undefined,
      };
    }
  },
});

const above =
  " What it copies is named as from the directory above, where this repository lies beside others.";

interface Broken {
  readonly group: readonly [Build, ...Build[]];
  readonly missing: readonly MissingSource[];
}

interface Told {
  readonly groups: Broken[];
}

function reasons(build: Build, missing: readonly MissingSource[]): string {
  const names = (some: readonly MissingSource[]) =>
    listNames([...new Set(some.map(each => each.source.value))]);
  const absent = missing.filter(each => each.fromStage === undefined && each.reason === "absent");
  const ignored = missing.filter(each => each.fromStage === undefined && each.reason === "ignored");
  const staged = missing.filter(each => each.fromStage !== undefined);
  const parts: string[] = [];
  if (absent.length > 0)
    parts.push(`its context, ${directoryName(build.context!)}, does not have ${names(absent)}`);
  if (ignored.length > 0)
    parts.push(`${build.ignore?.path ?? ".dockerignore"} keeps ${names(ignored)} out of the context`);
  if (staged.length > 0) parts.push(`the stage that it copies from does not have ${names(staged)}`);
  return parts.join(", and ");
}

function evidenceOf(
  stack: Stack,
  group: readonly [Build, ...Build[]],
  missing: readonly MissingSource[],
): Evidence[] {
  const [first] = group;
  const all: Evidence[] = missing.map(each => evidence(each.source.at, shown(each)));
  for (const each of missing)
    if (each.by) all.push(...places([each.by], "this pattern keeps it out of the context"));
  if (missing.some(each => each.fromStage === undefined)) {
    all.push(
      ...places(
        group.map(build => build.contextAt),
        "the context of this build",
      ),
    );
    all.push(
      ...places(
        working(stack, first).map(build => build.contextAt),
        "with this context the files are there",
      ),
    );
  }
  const seen = new Set<string>();
  return all.filter(({ at }) => {
    const key = `${at.file}:${at.span.start}`;
    return !seen.has(key) && seen.add(key);
  });
}

function shown(each: MissingSource): string {
  if (each.fromStage !== undefined) return `not in that stage: ${each.path}`;
  return each.reason === "ignored" ? "not sent to the builder" : "not in the context";
}
