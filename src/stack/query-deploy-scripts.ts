import type { ShellScript } from "../formats/shell.ts";
import type { Stack } from "./stack.ts";

/** Scripts that change a server, with the file they stand in: of workflows, and files that are named for it. */
export function* deployScripts(
  stack: Stack,
): Generator<{ readonly script: ShellScript; readonly file: string }> {
  const seen = new Set<ShellScript>();
  for (const { call, caller, deploys } of stack.calls) {
    if (!deploys || seen.has(call.script)) continue;
    seen.add(call.script);
    yield { script: call.script, file: caller.file };
  }
}
