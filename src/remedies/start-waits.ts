import type { Call } from "../artifacts/commands.ts";
import type { Edit } from "../core/fix.ts";
import { endOf } from "../stack/query-release.ts";

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
