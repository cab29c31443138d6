import { isBelow } from "../artifacts/project-files.ts";
import { dirname, join } from "../core/path.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { NodeApp } from "./node-app.ts";
import type { Workspace } from "./node-workspace.ts";

/** `berry` is Yarn from version 2 on. */
export type NodeManager = "npm" | "yarn" | "berry" | "pnpm" | "bun";

/** Which program installs, and its version where the image does not bring it. */
export interface ChosenManager {
  readonly manager: NodeManager;
  readonly managerVersion?: string;
}

const bunVersion = "1.3.2";

/** Undefined where the version of a modern Yarn is not said: only that one reads its lock file. */
export function chooseManager(
  files: ProjectFiles,
  { root, manifest }: Workspace,
  locked: "npm" | "yarn" | "pnpm" | "bun" | undefined,
): ChosenManager | undefined {
  const named = /^(npm|yarn|pnpm|bun)@(\d+(?:\.\d+)*)/.exec(manifest.packageManager?.value ?? "");
  const manager = (named?.[1] as "npm" | "yarn" | "pnpm" | "bun" | undefined) ?? locked ?? "npm";
  if (manager === "bun") return { manager, managerVersion: named?.[2] ?? bunVersion };
  if (manager === "pnpm") return { manager, managerVersion: named?.[2] ?? pnpmVersion(files, root) };
  if (manager !== "yarn") return { manager };
  const isModern =
    Number.parseInt(named?.[2] ?? "1", 10) >= 2 || files.has(join(root, ".yarnrc.yml")) === "file";
  if (!isModern) return { manager };
  return named ? { manager: "berry", managerVersion: named[2]! } : undefined;
}

/** The pnpm that reads a lock file of this format without rewriting it. */
function pnpmVersion(files: ProjectFiles, root: string): string {
  const read = files.read(join(root, "pnpm-lock.yaml"));
  const format = "source" in read ? /^lockfileVersion:\s*['"]?(\d+)/m.exec(read.source.text)?.[1] : undefined;
  return format === "9" ? "9.15.9" : format === "6" ? "8.15.9" : "10.20.0";
}

/**
 * Puts the manager into an image that has npm alone; undefined where it is there. Not by Corepack, which is no part of
 * Node.js from version 25 on.
 */
export function bringManager({ manager, managerVersion }: ChosenManager): string | undefined {
  if (manager === "npm" || manager === "yarn") return undefined;
  // The image's own `yarn` gives way.
  return manager === "berry"
    ? `npm install --global --force @yarnpkg/cli-dist@${managerVersion}`
    : `npm install --global ${manager}@${managerVersion}`;
}

/** The word before `run`. */
export function runnerOf(manager: NodeManager): string {
  return manager === "berry" ? "yarn" : manager;
}

/** Runs a script of a package.json; `dir` is that of a member, seen from where packages are installed. */
export function runScript(manager: NodeManager, script: string, dir: string): readonly string[] {
  if (dir === "") return [runnerOf(manager), "run", script];
  switch (manager) {
    case "npm":
      return ["npm", "run", script, `--workspace=${dir}`];
    case "pnpm":
      return ["pnpm", "--dir", dir, "run", script];
    case "bun":
      return ["bun", "run", `--cwd=${dir}`, script];
    default:
      return ["yarn", "--cwd", dir, "run", script];
  }
}

export function cacheOf({ manager }: NodeApp): string {
  switch (manager) {
    case "npm":
      return "/root/.npm";
    case "pnpm":
      return "/root/.local/share/pnpm/store";
    case "bun":
      return "/root/.bun/install/cache";
    default:
      return manager === "yarn" ? "/usr/local/share/.cache/yarn" : "/root/.yarn/berry/cache";
  }
}

/** The same versions each time where there is a lock file. Yarn and Bun install a whole workspace. */
export function installCommand(app: NodeApp): string {
  const locked = app.lock !== undefined;
  switch (app.manager) {
    case "npm":
      return `npm ${locked ? "ci" : "install"}${memberOption(app)}${app.legacyPeers ? " --legacy-peer-deps" : ""}`;
    case "pnpm":
      return `pnpm install${locked ? " --frozen-lockfile" : ""}${memberFilter(app)}`;
    case "berry":
      return `yarn install${locked ? " --immutable" : ""}`;
    default:
      return `${app.manager} install${locked ? " --frozen-lockfile" : ""}`;
  }
}

function memberOption({ member }: NodeApp): string {
  return member === "" ? "" : ` --workspace=${member}`;
}

/** The member and what it needs. */
function memberFilter({ member }: NodeApp): string {
  return member === "" ? "" : ` --filter "{${member}}..."`;
}

/** Takes out what only a build needs. Scripts that ran at the install are not run again: what they made stays. */
export function pruneCommand(app: NodeApp): string {
  const isMember = app.member !== "";
  // Run again, it would miss the tools that are taken out.
  const quiet = app.prepares ? "npm pkg delete scripts.prepare && " : "";
  const cached = `--mount=type=cache,target=${cacheOf(app)} `;
  switch (app.manager) {
    case "npm":
      // npm prunes no single member of a workspace.
      return isMember
        ? `${cached}${quiet}${installCommand(app)} --omit=dev`
        : `npm prune --omit=dev${app.legacyPeers ? " --legacy-peer-deps" : ""}`;
    case "pnpm":
      // Nor does pnpm; packages that nothing names any more would stay for a week.
      return isMember
        ? `${cached}CI=true ${installCommand(app)} --prod --offline --ignore-scripts --config.modules-cache-max-age=0`
        : "CI=true pnpm prune --prod --ignore-scripts";
    case "berry":
      return isMember
        ? `yarn workspaces focus ${app.memberName ?? "--all"} --production`
        : "yarn workspaces focus --all --production";
    case "bun":
      return `${cached}${quiet}find . -name node_modules -prune -exec rm -rf {} + && ${installCommand(app)} --production`;
    default:
      return "yarn install --production --ignore-scripts --prefer-offline --frozen-lockfile";
  }
}

/** Files of a workspace's root that the configuration of its members refers to. */
export function sharedFiles(files: ProjectFiles, { root, member }: Workspace): string[] {
  if (member === "") return [];
  const shared =
    /^(tsconfig[\w.-]*\.json|turbo\.json|nx\.json|(babel|postcss|tailwind)\.config\.[cm]?[jt]s)$/;
  return files.paths.flatMap(path => {
    const name = isBelow(root, path) ? path.slice(root === "" ? 0 : root.length + 1) : "";
    return dirname(path) === root && shared.test(name) ? [name] : [];
  });
}
