import { join } from "../../core/path.ts";
import { sourceOf } from "../../core/project-files.ts";
import type { Source } from "../../core/source.ts";
import type { ImageModel, PackageInstall } from "../../stack/image/image.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { groupBuilds, places, weighBuilds } from "../../stack/query-build.ts";
import { type Drift, npmDrift, poetryDrift, yarnDrift } from "../../stack/query-drift.ts";
import { installsOf, lockNames } from "../../stack/query-locks.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

interface Pair {
  readonly manifest: Source;
  readonly lock: Source;
  readonly drift: readonly Drift[];
}

export default defineRule({
  id: "build/lock-drift",
  title: "Lock files fit the manifests beside them",
  claim: "builds",
  severity: "critical",
  why: "npm ci and its kin stop when the lock file was not made for the manifest, so the image cannot be built.",
  *check(stack) {
    const modelled = stack.builds.filter(build => build.dockerfile && build.contextState === "present");
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.context}`)) {
      const [first] = group;
      for (const { stage, install } of installsOf(group)) {
        const pair = pairOf(stack, stage, install);
        if (!pair) continue;
        const { drift, manifest, lock } = pair;
        if (drift.length === 0) {
          yield { subject: manifest.path, kept: evidence(install.at, "the lock file fits") };
          continue;
        }
        const names = drift.map(each => each.dependency.name);
        yield {
          subject: `${first.dockerfilePath} ${lock.path}`,
          message: `${lock.path} was not made for ${manifest.path}: it does not serve ${listNames(names)}, so the install in ${first.dockerfilePath} is refused.`,
          evidence: [
            evidence(install.at, "refuses a lock file that does not fit"),
            ...drift.flatMap(each =>
              places(
                [each.dependency.at],
                each.locked === undefined ? "not in the lock file" : `locked at ${each.locked}`,
              ),
            ),
          ],
          severity: weighBuilds(group, "critical"),
        };
      }
    }
  },
});

/** The manifest and the lock file that an install reads, where both stand side by side in the repository. */
function pairOf(stack: Stack, stage: ImageModel, install: PackageInstall): Pair | undefined {
  const { manager, directory, at } = install;
  if (directory === undefined || install.names.length > 0) return undefined;
  const compare =
    manager === "npm" && install.needsLock
      ? npmDrift
      : manager === "yarn" && install.needsLock
        ? yarnDrift
        : manager === "poetry"
          ? poetryDrift
          : undefined;
  if (!compare) return undefined;
  const read = (name: string): Source | undefined => {
    const { source } = stage.fileBefore(at, join(directory, name));
    return source === undefined ? undefined : sourceOf(stack, source);
  };
  const manifest = read(manager === "poetry" ? "pyproject.toml" : "package.json");
  const lock = read(lockNames[manager]![0]!);
  return manifest && lock ? { manifest, lock, drift: compare(manifest, lock) } : undefined;
}
