import type { CopyCall } from "../../artifacts/commands.ts";
import { evidence, isStore } from "../../stack/query.ts";
import { projectOf, startsContainers } from "../../stack/query-release.ts";
import { callerName } from "../../stack/query-scripts.ts";
import type { ComposeProject, Mount, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/sync-deletes",
  title: "A copy that deletes leaves the data directories of the server alone",
  claim: "data-survives-redeploy",
  severity: "critical",
  why: "The copy deletes on the server what the sender does not have: the files of the running database are among them.",
  *check(stack) {
    const told = new Set<string>();
    yield* checkouts(stack);
    for (const placed of stack.calls) {
      const { call } = placed;
      if (call.kind !== "remote-copy" || !deletesAll(call)) continue;
      const words = call.args.map(arg => arg.value ?? arg.word.text);
      const found = dataInTree(stack, words, ({ grade }) => grade === "deployed");
      const key = `${call.at.file}:${call.at.span.start}`;
      if (!found || told.has(key)) continue;
      told.add(key);
      const { service, mount } = found;
      yield {
        subject: `${placed.caller.file}: ${mount.repositoryPath}`,
        message: `${callerName(placed)} copies the project with --delete and does not leave ${mount.repositoryPath} out, where "${service.name}" keeps its data on the server: a release deletes it.`,
        confidence: "likely",
        evidence: [
          evidence(call.at, "deletes what is not in the repository"),
          evidence(mount.sourceAt, "data of the server, beside the code"),
        ],
      };
    }
  },
});

/** A checkout on a machine that stays begins with `git clean -ffdx`, and the job starts the stack where it checked out. */
function* checkouts(stack: Stack) {
  for (const workflow of stack.workflows)
    for (const job of workflow.platform === "github" ? workflow.jobs : []) {
      const own = job.runsOn.some(({ value }) => value === "self-hosted");
      const checkout = job.steps.find(
        step =>
          step.uses?.repository === "actions/checkout" &&
          !step.with.has("path") &&
          !step.with.has("repository") &&
          !/false|\$/.test(step.with.get("clean")?.value ?? ""),
      );
      const start = stack.calls.find(
        ({ call, caller }) =>
          caller.workflow === workflow &&
          caller.name === job.id.value &&
          call.kind === "compose" &&
          !call.remote &&
          call.cwd !== undefined &&
          !/^[/~$]|^\.\./.test(call.cwd) &&
          startsContainers(call),
      );
      const project = own && checkout && start ? projectOf(stack, start) : undefined;
      const found = project && dataInTree(stack, [], each => each === project);
      if (!found || !checkout?.uses || !start) continue;
      yield {
        subject: `${workflow.file}: ${found.mount.repositoryPath}`,
        message: `Job "${job.id.value}" of ${workflow.file} checks the repository out on a machine that stays, where "${found.service.name}" keeps its data in ${found.mount.repositoryPath}: before it fetches, the checkout deletes what git does not have, or the release ends there because it may not.`,
        confidence: "likely" as const,
        evidence: [
          evidence(checkout.uses.at, "clears the directory first"),
          evidence(start.call.at, "starts the stack in this directory"),
          evidence(found.mount.sourceAt, "data of the server, beside the code"),
        ] as const,
      };
    }
}

/** The whole working tree goes up, and what the sender lacks is deleted. */
function deletesAll({ name, deletes, direction, sources }: CopyCall): boolean {
  return (
    name === "rsync" &&
    deletes &&
    direction === "upload" &&
    sources.some(source =>
      /^(?:\.\/?|\$\{?(?:GITHUB_WORKSPACE|PWD|CI_PROJECT_DIR)\}?\/?)$/.test(source.value ?? source.word.text),
    )
  );
}

/** The directory of a store that lies in the tree, is not in git, and is not left out. */
function dataInTree(
  stack: Stack,
  words: readonly string[],
  isMeant: (project: ComposeProject) => boolean,
): { readonly service: Service; readonly mount: Mount } | undefined {
  if (words.some(word => /^--(?:exclude-from|filter|files-from|include)|^-f$|^-\w*F/.test(word)))
    return undefined;
  const left = words.flatMap((word, index) => {
    const glued = /^--exclude=(.*)$/.exec(word)?.[1];
    return glued ?? (words[index - 1] === "--exclude" ? word : []);
  });
  // Lists in braces or variables may name anything.
  if (left.some(pattern => /[{$]/.test(pattern))) return undefined;
  for (const service of stack.services) {
    if (!isMeant(service.project) || !isStore(service)) continue;
    const mount = service.mounts.find(each => {
      const path = each.repositoryPath;
      if (each.type !== "bind" || each.readOnly || !path || each.exists === "file") return false;
      if (/\.(?:sql|conf|sh|cnf|ya?ml)$|init|conf/.test(path)) return false;
      const committed = stack.files.paths.some(
        other => other.startsWith(`${path}/`) && !/\.(?:gitkeep|gitignore)$/.test(other),
      );
      return !committed && !left.some(pattern => covers(pattern, path));
    });
    if (mount) return { service, mount };
  }
  return undefined;
}

function covers(pattern: string, path: string): boolean {
  const bare = pattern
    .replace(/["']/g, "")
    .replace(/^\.?\//, "")
    .replace(/\/(?:\*{1,2})?$/, "");
  return path === bare || path.startsWith(`${bare}/`) || path.split("/").includes(bare) || bare.includes("*");
}
