import type { ComposeModel, ComposeService } from "../core/engine.ts";
import type { LabFiles } from "../core/lab-files.ts";
import { inside, join } from "../core/path.ts";

/**
 * What lies beside the project: `../web` as a build context or a mount. In a lab it lies beside the copy, so that
 * Compose, the project's scripts and the engine find it by the same name.
 */

/** Paths below the lab's directory that services are built from or mount, and that the project's copy does not hold. */
function siblingsIn({ services }: ComposeModel, { directory, copy }: LabFiles): string[] {
  const used = Object.values(services).flatMap(({ build, volumes = [] }) => [
    build?.["context"],
    ...volumes.flatMap(({ type, source }) => (type === "bind" ? [source] : [])),
  ]);
  const paths = used.filter((path): path is string => typeof path === "string");
  const found = paths.flatMap(path =>
    inside(copy, path) === undefined ? (inside(directory, path) ?? []) : [],
  );
  return [...new Set(found)].filter(path => path !== "");
}

/** Copies them from beside the user's project. Gives what was copied, and what is not there, for the report. */
export async function copySiblings(resolved: ComposeModel, files: LabFiles): Promise<string[]> {
  const changes: string[] = [];
  for (const path of siblingsIn(resolved, files))
    changes.push((await files.copySibling(path)) ? `../${path}: a copy` : `../${path}: not there`);
  return changes;
}

/** Why what lies beside the project is not built from. Undefined for a build of the project's own. */
export async function siblingTrouble(
  { build }: ComposeService,
  files: LabFiles,
): Promise<{ readonly words: string | undefined } | undefined> {
  const context = build?.["context"];
  if (typeof context !== "string" || inside(files.copy, context) !== undefined) return undefined;
  const path = inside(files.directory, context);
  if (path === undefined) return undefined;
  const dockerfile = build?.["dockerfile"];
  const text = await files.read(join(path, typeof dockerfile === "string" ? dockerfile : "Dockerfile"));
  if (text === undefined)
    return { words: `its build context ../${path} is not beside the project, or has no Dockerfile` };
  // An ARG without a FROM makes engine 20.10 fall over.
  return { words: /^[ \t]*FROM\s/im.test(text) ? undefined : `../${path} has no FROM` };
}
