import { join } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import type { ImageModel } from "../../stack/image/image.ts";
import { runCommands } from "../../stack/image/run-commands.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { groupBuilds, places, weighBuilds } from "../../stack/query-build.ts";
import { packageAt } from "../../stack/query-runtime.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/package-script",
  title: "Every package script that a Dockerfile runs is defined",
  claim: "builds",
  severity: "critical",
  why: "npm run, and its kin, end with an error when package.json has no script of that name, so the image is not built.",
  *check(stack) {
    const modelled = stack.builds.filter(build => build.dockerfile && build.contextState === "present");
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.context}`)) {
      const seen = new Set<number>();
      for (const stage of group.flatMap(build => build.model?.built ?? [])) {
        for (const { name, at, manifest } of scriptsRun(stack, stage)) {
          if (seen.has(at.span.start)) continue;
          seen.add(at.span.start);
          if (manifest.scripts.has(name)) {
            yield { subject: `${manifest.file} ${name}`, kept: evidence(at, "the script is defined") };
            continue;
          }
          const names = [...manifest.scripts.keys()];
          yield {
            subject: `${group[0].dockerfilePath} ${name}`,
            message: `${group[0].dockerfilePath} runs the script "${name}", which ${manifest.file} does not define: ${names.length === 0 ? "it defines none" : `it defines ${listNames(names)}`}.`,
            evidence: [
              evidence(at, `no script ${name}`),
              ...places(
                [...manifest.scripts.values()].slice(0, 1).map(script => script.at),
                "scripts are defined here",
              ),
            ],
            severity: weighBuilds(group, "critical"),
          };
        }
      }
    }
  },
});

const managers = new Set(["npm", "yarn", "pnpm"]);

/** `npm run x`, `yarn run x` and `pnpm run x` of one stage, with the package.json in force. */
function* scriptsRun(stack: Stack, stage: ImageModel) {
  for (const run of stage.stage.runs) {
    const workdir = run.workdir?.startsWith("/") ? run.workdir : stage.workdir;
    for (const command of runCommands(run, workdir)) {
      const words = command.words.map(word => word.value);
      const name = words[2];
      // Options may mean another package, or that a missing script is fine.
      if (!managers.has(words[0] ?? "") || words[1] !== "run" || name === undefined || name.startsWith("-"))
        continue;
      // `npm run build || true` stops nothing.
      if (command.conditional || !command.decisive) continue;
      if (command.directory === undefined || words.some(isOption)) continue;
      // Yarn runs programs of packages by the same word.
      if (words[0] !== "npm" && !/^(build|start|test|lint|dev)$|:/.test(name)) continue;
      const { has, source } = stage.fileBefore(command.at, join(command.directory, "package.json"));
      const manifest = has === "yes" && source !== undefined ? packageAt(stack, source) : undefined;
      const at: Location = command.at;
      if (manifest) yield { name, at, manifest };
    }
  }
}

function isOption(word: string | undefined): boolean {
  return (
    word === undefined ||
    /^(-w|--workspaces?|--prefix|-C|--cwd|--dir|-F|--filter|--if-present|-r|--recursive)(=|$)/.test(word)
  );
}
