import type { ComposeProject, Stack } from "../stack/stack.ts";

/**
 * Why a build is not even tried. A Dockerfile that cannot be read as one is refused here: an ARG without a FROM makes
 * engine 20.10 itself fall over (ADR 0003), with everything that runs on it.
 */
export function buildTrouble(stack: Stack, project: ComposeProject, service: string): string | undefined {
  const build = project.services.find(one => one.name === service)?.build;
  if (!build) return undefined;
  const { contextState, dockerfileState, dockerfile, dockerfilePath } = build;
  if (contextState === "absent") return "its build context does not exist";
  if (contextState === "remote") return "its build context is elsewhere";
  if (dockerfileState === "absent") return `there is no ${dockerfilePath ?? "Dockerfile"}`;
  if (dockerfileState === "inline") return undefined;
  if (!dockerfile) return "its Dockerfile was not read";
  if (dockerfile.stages.length === 0) return `${dockerfile.file} has no FROM`;
  const problem = stack.problems.find(({ at }) => at.file === dockerfile.file);
  return problem && `${dockerfile.file} cannot be read: ${problem.message}`;
}
