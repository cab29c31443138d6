import { evidence, listNames } from "../../stack/query.ts";
import { groupBuilds, places, serverBuilds, weighBuilds } from "../../stack/query-build.ts";
import { shippedRuns } from "../../stack/query-shipped.ts";
import { defineRule } from "../rule.ts";

const compilers = /^(build-essential|build-base|gcc(-\d+)?|g\+\+(-\d+)?|clang(-\d+)?|rustc|cargo)$/;
const headers = /^[\w.+-]+-(dev|devel)$/;
const removal =
  /\bapk\s+del\b|\b(apt-get|apt|dnf|yum|microdnf)\s+(-\S+\s+)*(purge|remove|autoremove|erase)\b/;

export default defineRule({
  id: "build/build-tools-in-image",
  title: "Compilers stay out of the image that is shipped",
  claim: "runs-unprivileged",
  severity: "low",
  why: "A compiler and its headers make the image larger, add packages to repair, and give an intruder the tools to build his own.",
  *check(stack) {
    const builds = serverBuilds(stack).filter(build => build.model);
    for (const group of groupBuilds(builds, build => `${build.dockerfilePath} ${build.stage?.index}`)) {
      const [first] = group;
      const names = first
        .model!.packages.filter(
          each => each.manager === "apt" || each.manager === "apk" || each.manager === "dnf",
        )
        .flatMap(each => each.names);
      const tools = names.filter(name => compilers.test(name.value));
      if (tools.length === 0) {
        if (first.dockerfile!.stages.length > 1)
          yield {
            subject: first.dockerfilePath!,
            kept: evidence(first.stage!.from.at, "no compiler is installed"),
          };
        continue;
      }
      // Removed again; whether all of it went cannot be told from the text.
      if (shippedRuns(first).some(run => removal.test(run.fragment.text))) continue;
      const all = [...tools, ...names.filter(name => headers.test(name.value))];
      yield {
        subject: first.dockerfilePath!,
        message: `${first.dockerfilePath} installs ${listNames([...new Set(tools.map(name => name.value))])} in the stage that is shipped, and leaves ${tools.length === 1 ? "it" : "them"} there.`,
        evidence: places(
          all.map(name => name.at),
          "only needed to build",
        ) as [ReturnType<typeof evidence>],
        severity: weighBuilds(group, "low"),
      };
    }
  },
});
