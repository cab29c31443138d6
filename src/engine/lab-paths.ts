import { lstatSync, realpathSync } from "node:fs";
import { type ComposeModel, EngineError } from "../core/engine.ts";
import { dirname, inside } from "../core/path.ts";

/**
 * Whether a path of the lab is, or lies behind, a link that leads out of the lab's directory. The engine follows links
 * of this machine when it mounts or builds: `data -> /etc` would hand out what is not the lab's. A link to nothing
 * counts as well, because the engine makes what it leads to.
 */
export function leadsOut(path: string, directory: string): boolean {
  for (let at = path; inside(directory, at) !== undefined; at = dirname(at)) {
    try {
      return inside(realpathSync(directory), realpathSync(at)) === undefined;
    } catch {
      if (lstatSync(at, { throwIfNoEntry: false })) return true;
    }
  }
  return true;
}

/** @throws EngineError `foreign` when a service would mount or be built from what a link leads to outside the lab. */
export function refuseLinksOut(model: ComposeModel, directory: string): void {
  for (const [name, service] of Object.entries(model.services)) {
    const { build, volumes = [] } = service;
    const mounted = volumes.flatMap(({ type, source }) => (type === "bind" && source ? [source] : []));
    const context = build?.["context"];
    const contexts = typeof context === "string" ? [context] : [];
    for (const path of [...mounted, ...contexts]) {
      if (inside(directory, path) === undefined || !leadsOut(path, directory)) continue;
      throw new EngineError(
        "foreign",
        `Service ${name} uses ${path.slice(directory.length + 1).replace(/^project\//, "./")}, a link that leads out of the project.`,
      );
    }
  }
}
