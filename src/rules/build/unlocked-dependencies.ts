import type { Evidence, Severity } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { basename, dirname, inside } from "../../core/path.ts";
import { sourceOf } from "../../core/project-files.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { groupBuilds, serverBuilds, weighBuilds } from "../../stack/query-build.ts";
import { installsOf, lockState } from "../../stack/query-locks.ts";
import { looseness } from "../../stack/query-loose.ts";
import type { Build, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/unlocked-dependencies",
  title: "Every image installs dependencies of fixed versions",
  claim: "builds-reproducibly",
  severity: "medium",
  why: "The next build of the same commit can bring other versions: it may fail or behave differently, and going back to an old commit does not bring the old program back.",
  *check(stack) {
    const builds = serverBuilds(stack).filter(build => build.model && build.contextState === "present");
    // Several Dockerfiles that install from one list without versions have one cause.
    const causes = new Map<string, Loose[]>();
    for (const group of groupBuilds(builds, build => `${build.dockerfilePath} in ${build.context}`)) {
      const [first] = group;
      const installs = installsOf(group);
      const loose = installs
        .flatMap(({ stage, install }) => looseness(stack, stage, install) ?? [])
        .filter(({ says }) => !isAskedFor(stack, first, says));
      if (loose.length === 0) {
        const locked = installs.find(({ stage, install }) => lockState(stage, install) === "yes");
        if (locked)
          yield { subject: first.dockerfilePath!, kept: evidence(locked.install.at, "a lock file is used") };
        continue;
      }
      const says = [...new Set(loose.map(each => each.says))].join("; ");
      const severity = weighBuilds(group, "medium");
      addTo(causes, `${severity} ${says}`, { file: first.dockerfilePath!, says, severity, loose });
    }
    for (const group of causes.values()) {
      const [{ file, says, severity }] = group as [Loose];
      const files = group.map(each => each.file);
      // The list that all of them read is shown once.
      const shown = new Map(
        group
          .flatMap(each => each.loose.flatMap(({ evidence }) => evidence))
          .map(each => [`${each.at.file}:${each.at.span.start}`, each]),
      );
      yield {
        subject: file,
        message: `${files.length === 1 ? `${file} installs` : `${listNames(files)} install`} versions that depend on the day: ${says}.`,
        evidence: [...shown.values()] as [Evidence, ...Evidence[]],
        severity,
      };
    }
  },
});

/** A Dockerfile, and what its installs leave open. */
interface Loose {
  readonly file: string;
  readonly says: string;
  readonly severity: Severity;
  readonly loose: readonly { readonly evidence: readonly Evidence[] }[];
}

/** A pipeline asks for the lock file by its place, and fails without it: that is told there. */
function isAskedFor(stack: Stack, { context, dockerfilePath }: Build, says: string): boolean {
  const name = /^no (\S+) is in the image/.exec(says)?.[1];
  if (name === undefined || context === undefined) return false;
  const text = sourceOf(stack, dockerfilePath ?? "")?.text ?? "";
  const asked = stack.workflows.flatMap(({ source }) =>
    [...source.text.matchAll(/cache-dependency-path:[ \t]*([\w./-]+)/g)].map(([, path = ""]) => path),
  );
  return asked.some(path => {
    const folder = inside(context, dirname(path));
    if (basename(path) !== name || folder === undefined || stack.files.has(path) !== undefined) return false;
    return folder === "" || text.includes(`${folder}/package`);
  });
}
