import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openWorkspace } from "../src/workspace/workspace.ts";

/** What the tools that try whole repositories on an engine share. */

const here = fileURLToPath(new URL("..", import.meta.url));
export const shipworthy = join(here, "dist/shipworthy.js");

/** `NAME=DIR...` of the command line; ends the program with its usage where one of them is something else. */
export function pairsOf(words: readonly string[], usage: string): [string, string][] {
  const pairs = words.map(each => each.split("=", 2));
  if (pairs.length === 0 || pairs.some(pair => pair.length < 2)) {
    console.error(`usage: ${usage}`);
    process.exit(2);
  }
  return pairs as [string, string][];
}

/** Git is asked which files are there in a fresh clone. */
export function commit(copy: string): void {
  const git = (...words: string[]) =>
    run("git", ["-C", copy, "-c", "user.name=x", "-c", "user.email=x@example.org", ...words]);
  git("init", "--quiet");
  git("add", "--all", "--force");
  git("commit", "--quiet", "--message", "state");
}

/**
 * Takes the files of a deployment away, as far as they can be told: Dockerfiles, ignore files, Compose files, nginx
 * files, Makefiles, pipelines, and shell scripts that call Docker. Prose that names them stays. Gives their paths.
 */
export function withoutDeployment(copy: string): string[] {
  const named =
    /(^|\/)(Dockerfile[^/]*|\.dockerignore|(docker-)?compose[^/]*\.ya?ml|[^/]*nginx[^/]*\.conf|Makefile)$/;
  const folders = [".github", ".devcontainer", "nginx"];
  const taken = openWorkspace(copy).paths.filter(path => {
    const isScript = path.endsWith(".sh") && /\bdocker\b/.test(readFileSync(join(copy, path), "utf8"));
    return named.test(path) || isScript || folders.includes(path.split("/")[0]!);
  });
  for (const path of [...taken, ...folders]) rmSync(join(copy, path), { recursive: true, force: true });
  return taken;
}

/** Makes a stand-in for an image that the engine does not have; says why it cannot. */
export function standIn(image: string): void {
  if (run("docker", ["image", "inspect", image]).ok) return;
  const made = run(join(here, "tools/stand-ins.sh"), ["tag", image]);
  if (!made.ok) console.error(made.text);
}

export function run(
  program: string,
  words: readonly string[],
): { readonly ok: boolean; readonly text: string } {
  const result = spawnSync(program, words, {
    encoding: "utf8",
    env: { ...process.env, DOCKER_BUILDKIT: "1" },
    maxBuffer: 64 * 1024 * 1024,
  });
  return { ok: result.status === 0, text: `${result.stdout}${result.stderr}` };
}
