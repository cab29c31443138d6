import { dirname, join } from "../core/path.ts";
import type { ImageModel, PackageInstall, PackageManager } from "./image/image.ts";
import type { Build } from "./stack.ts";

/** Questions about lock files inside an image under construction. */

/** Lock files by manager, the usual one first. */
export const lockNames: Readonly<Partial<Record<PackageManager, readonly string[]>>> = {
  npm: ["package-lock.json", "npm-shrinkwrap.json"],
  yarn: ["yarn.lock"],
  pnpm: ["pnpm-lock.yaml"],
  bun: ["bun.lock", "bun.lockb"],
  uv: ["uv.lock"],
  pipenv: ["Pipfile.lock"],
  poetry: ["poetry.lock"],
};

export interface StageInstall {
  readonly stage: ImageModel;
  readonly install: PackageInstall;
}

/** Every install of the stages that these builds run, each place once. Steps with mounted files are left out. */
export function installsOf(builds: readonly Build[]): StageInstall[] {
  const found = new Map<number, StageInstall>();
  for (const build of builds) {
    for (const stage of build.model?.built ?? []) {
      // A child stage lists what its parents install, too; the stage that says it comes first.
      for (const install of stage.packages) {
        const run = stage.stage.runs.find(each => holds(each.at.span, install.at.span.start));
        if (!run || run.flags.some(flag => flag.name === "mount" && /type=bind/.test(flag.value ?? "")))
          continue;
        if (isSkipped(stage, install, run.fragment.text)) continue;
        if (!found.has(install.at.span.start)) found.set(install.at.span.start, { stage, install });
      }
    }
  }
  return [...found.values()];
}

/** `if [ -f yarn.lock ]; then yarn ...`, and there is none: the branch is not taken. */
function isSkipped(stage: ImageModel, install: PackageInstall, text: string): boolean {
  if (install.decisive) return false;
  const tested = (lockNames[install.manager] ?? []).some(name =>
    new RegExp(`-[efs]\\s+["']?[\\w./]*${name.replaceAll(".", "\\.")}`).test(text),
  );
  return tested && lockState(stage, install) === "no";
}

function holds(span: { readonly start: number; readonly end: number }, offset: number): boolean {
  return span.start <= offset && offset < span.end;
}

/** Whether a lock file is beside the manifest, or above it as in workspaces, when the install runs. */
export function lockState(stage: ImageModel, install: PackageInstall): "yes" | "no" | "unknown" {
  const names = lockNames[install.manager];
  if (!names || install.directory === undefined || redirected(stage, install)) return "unknown";
  let state: "yes" | "no" | "unknown" = "no";
  for (let directory = install.directory; ; directory = dirname(directory)) {
    for (const name of names) {
      const { has } = stage.fileBefore(install.at, join(directory, name));
      if (has === "yes") return "yes";
      // The root of an image is no place for a project: what a step may have written there says nothing.
      if (has === "unknown" && (directory !== "/" || install.directory === "/")) state = "unknown";
    }
    if (directory === "/" || directory === "") return state;
  }
}

/** The command works in another directory than the one it is called in. */
function redirected(stage: ImageModel, install: PackageInstall): boolean {
  const run = stage.stage.runs.find(each => holds(each.at.span, install.at.span.start));
  const texts = run ? [run.fragment, ...run.heredocs.map(each => each.body)] : [];
  return texts.some(({ text }) =>
    /(^|\s)(--prefix|--cwd|-C|--dir|--project|--directory|-w|--workspace-root)([\s=]|$)/.test(text),
  );
}
