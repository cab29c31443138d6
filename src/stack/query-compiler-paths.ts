import { blankJsonComments } from "../artifacts/devcontainer.ts";
import { joinPath } from "../artifacts/project-files.ts";
import { join } from "../core/path.ts";
import type { AppComponent } from "./app/detect.ts";

/** Where the compiler's settings lead imports that begin with no dot. */

interface Settings {
  readonly extends?: unknown;
  readonly compilerOptions?: Record<string, unknown>;
}

/** `paths` and `baseUrl` of the compiler's settings; undefined where they cannot be told. */
export function compilerPaths({ files, dir }: AppComponent) {
  const text = ["tsconfig.app.json", "tsconfig.json", "jsconfig.json"]
    .map(name => files.read(join(dir, name))?.text ?? "")
    .find(each => /"(?:paths|baseUrl)"/.test(each));
  if (text === undefined) return undefined;
  try {
    const options = withExtended(files, dir, JSON.parse(blankJsonComments(text)) as Settings);
    const root = typeof options["baseUrl"] === "string" ? joinPath(dir, options["baseUrl"]) : undefined;
    const paths = Object.entries((options["paths"] ?? {}) as Record<string, unknown>).flatMap(
      ([pattern, targets]) =>
        Array.isArray(targets) && targets.length === 1 && typeof targets[0] === "string"
          ? [[pattern, targets[0]] as const]
          : [],
    );
    return { base: root ?? dir, root, paths };
  } catch {
    // Decision: settings that are no JSON name no path.
    return undefined;
  }
}

/** With what the files beside it say that it extends. */
function withExtended(
  files: AppComponent["files"],
  dir: string,
  settings: Settings,
): Record<string, unknown> {
  let options = settings.compilerOptions ?? {};
  let last = settings;
  for (let guard = 0; guard < 4 && last.extends !== undefined; guard++) {
    if ("baseUrl" in options && "paths" in options) return options;
    const next = typeof last.extends === "string" ? last.extends : "";
    const path = /^\.\/[\w.-]+$/.test(next) ? join(dir, next.endsWith(".json") ? next : `${next}.json`) : "";
    const text = path === "" ? undefined : files.read(path)?.text;
    if (text === undefined) break;
    last = JSON.parse(blankJsonComments(text)) as Settings;
    options = { ...last.compilerOptions, ...options };
  }
  return options;
}
