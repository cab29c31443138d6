import type { Evidence } from "../../core/finding.ts";
import { join } from "../../core/path.ts";
import type { ImageModel, PackageInstall } from "../../stack/image/image.ts";
import { evidence } from "../../stack/query.ts";
import { groupBuilds, places, weighBuilds } from "../../stack/query-build.ts";
import { installsOf, lockNames } from "../../stack/query-locks.ts";
import { pipelinePins, skewOf } from "../../stack/query-skew.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/lock-tool",
  title: "Lock files are read by a version of the tool that understands them",
  claim: "builds-reproducibly",
  severity: "medium",
  why: "An older tool ignores the lock file or parts of it, so other versions are installed than those that were tested, or it refuses to install.",
  *check(stack) {
    const modelled = stack.builds.filter(build => build.dockerfile && build.contextState === "present");
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.context}`)) {
      const [first] = group;
      for (const { stage, install } of installsOf(group)) {
        const lock = lockText(stack, stage, install);
        const skew = lock && skewOf(stage, install, lock.text);
        if (!lock || !skew) continue;
        yield {
          subject: `${first.dockerfilePath} ${install.manager}`,
          message: `${lock.path} ${skew.says}.`,
          evidence: [
            evidence(skew.at, skew.shows),
            ...places([install.at], `reads ${lock.path}`),
            ...pipelinePins(stack, install),
          ] as [Evidence, ...Evidence[]],
          severity: weighBuilds(group, skew.severity),
        };
      }
    }
  },
});

function lockText(stack: Stack, stage: ImageModel, install: PackageInstall) {
  const name = lockNames[install.manager]?.[0];
  if (name === undefined || install.directory === undefined || install.names.length > 0) return undefined;
  const { source } = stage.fileBefore(install.at, join(install.directory, name));
  const read = source === undefined ? undefined : stack.files.read(source);
  return read && "source" in read ? { path: source!, text: read.source.text } : undefined;
}
