import type { Call } from "../artifacts/commands.ts";
import type { Edit } from "../core/fix.ts";
import { gradeOf, isOptional } from "../stack/query.ts";
import { endOf } from "../stack/query-release.ts";
import type { Service, Stack } from "../stack/stack.ts";

/** `--wait` for every start of a release, not only the last: the program may come before what stands in front of it. */
export function waitEdits(starts: readonly Call[]): (Edit | undefined)[] {
  return starts
    .filter(call => call.kind === "compose" && call.subcommand === "up" && call.detach)
    .map(call => {
      const up = call.args.find(arg => arg.value === "up");
      // The old program knows no `--wait`.
      const knows = call.kind === "compose" && !call.legacy;
      return up && !up.split && knows ? { at: endOf(up.at), text: " --wait" } : undefined;
    });
}

/** A task that ends and that nobody waits for: `--wait` takes its end for a failure. */
export function hasLooseTask(stack: Stack): boolean {
  return serverTasks(stack).some(
    task =>
      !task.project.services.some(({ dependsOn }) =>
        dependsOn.some(
          each => each.service === task.name && each.condition === "service_completed_successfully",
        ),
      ),
  );
}

function serverTasks(stack: Stack): Service[] {
  return stack.services.filter(
    service => service.oneShot && !isOptional(service) && gradeOf(service) !== "development",
  );
}
