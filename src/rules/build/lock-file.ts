import { filesNamed } from "../../artifacts/project-files.ts";
import { dirname, join } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { bringLock } from "../../remedies/lock-files.ts";
import type { PackageInstall, PackageManager } from "../../stack/image/image.ts";
import { evidence } from "../../stack/query.ts";
import { buildSubject, directoryName, groupBuilds, places, weighBuilds } from "../../stack/query-build.ts";
import { installsOf, lockNames, lockState } from "../../stack/query-locks.ts";
import { wantsAbove } from "../../stack/query-missing-sources.ts";
import type { Build, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const strict: readonly PackageManager[] = ["npm", "yarn", "pnpm", "uv", "pipenv", "bun"];

export default defineRule({
  id: "build/lock-file",
  title: "An install that insists on a lock file finds one in the image",
  claim: "builds",
  severity: "critical",
  why: "npm ci, and the frozen modes of other managers, stop with an error when there is no lock file beside the manifest.",
  *check(stack) {
    // A caller whose target is wrong has no model, but shares the fate.
    const modelled = stack.builds.filter(build => build.dockerfile && build.contextState === "present");
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.context}`)) {
      const [first] = group;
      if (!group.some(build => build.model) || wantsAbove(stack, first)) continue;
      // The wrong context has a finding of its own, and brings the lock file once it is right.
      const stops = group.flatMap(build => build.model?.missingSources ?? []).filter(each => !each.copy.from);
      for (const { stage, install } of installsOf(group)) {
        if (
          !install.needsLock ||
          install.worksWithoutLock ||
          !install.decisive ||
          !strict.includes(install.manager)
        )
          continue;
        const state = lockState(stage, install);
        if (state === "yes")
          yield {
            subject: buildSubject(first),
            kept: evidence(install.at, "a lock file is in the image here"),
          };
        if (state !== "no") continue;
        if (stops.some(({ source }) => isBefore(source.at, install.at))) continue;
        const [name] = lockNames[install.manager]!;
        const manifest = stage.fileBefore(install.at, join(install.directory!, manifestOf(install)));
        const from = dirname(manifest.source ?? join(first.context!, "x"));
        const there = stack.files.has(join(from, name!)) === "file";
        yield {
          subject: `${buildSubject(first)} ${install.manager}`,
          message: `${first.dockerfilePath} installs in a mode that needs a lock file, but no ${name} is in the image at that point: ${cause(stack, first, join(from, name!), there)}. The build fails there.`,
          evidence: [
            evidence(install.at, "needs a lock file"),
            ...places(manifest.from ? [manifest.from] : [], `brings no ${name}`),
            ...(there
              ? []
              : places(
                  group.map(build => build.contextAt),
                  `no ${name} in this context`,
                )),
          ],
          severity: weighBuilds(group, "critical"),
          fix: () =>
            bringLock(
              stack,
              first,
              { stage, install },
              manifest.source ?? join(first.context!, manifestOf(install)),
            ),
        };
      }
    }
  },
});

const isBefore = (one: Location, other: Location): boolean =>
  one.file === other.file && one.span.start < other.span.start;

function manifestOf({ manager }: PackageInstall): string {
  if (manager === "uv") return "pyproject.toml";
  return manager === "pipenv" ? "Pipfile" : "package.json";
}

function cause(stack: Stack, build: Build, wanted: string, there: boolean): string {
  if (there) return build.ignore ? "it is not copied, or kept out by .dockerignore" : "it is not copied";
  const name = wanted.slice(wanted.lastIndexOf("/") + 1);
  const elsewhere = filesNamed(stack.files, name)[0];
  const context = directoryName(build.context!);
  if (stack.files.ignored(wanted)) return `git ignores it, so ${context} of a fresh clone has none`;
  return elsewhere === undefined
    ? "the repository has none"
    : `the only one near is ${elsewhere}, and the context is ${context}`;
}
