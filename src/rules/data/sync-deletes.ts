import type { CopyCall } from "../../artifacts/commands.ts";
import { evidence, isStore } from "../../stack/query.ts";
import { callerName } from "../../stack/query-scripts.ts";
import type { Mount, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/sync-deletes",
  title: "A copy that deletes leaves the data directories of the server alone",
  claim: "data-survives-redeploy",
  severity: "critical",
  why: "The copy deletes on the server what the sender does not have: the files of the running database are among them.",
  *check(stack) {
    const told = new Set<string>();
    for (const placed of stack.calls) {
      const { call } = placed;
      if (call.kind !== "remote-copy" || !deletesAll(call)) continue;
      const found = dataInTree(stack, call);
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
  call: CopyCall,
): { readonly service: Service; readonly mount: Mount } | undefined {
  const words = call.args.map(arg => arg.value ?? arg.word.text);
  if (words.some(word => /^--(?:exclude-from|filter|files-from|include)|^-f$|^-\w*F/.test(word)))
    return undefined;
  const left = words.flatMap((word, index) => {
    const glued = /^--exclude=(.*)$/.exec(word)?.[1];
    return glued ?? (words[index - 1] === "--exclude" ? word : []);
  });
  // Lists in braces or variables may name anything.
  if (left.some(pattern => /[{$]/.test(pattern))) return undefined;
  for (const service of stack.services) {
    if (service.project.grade !== "deployed" || !isStore(service)) continue;
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
