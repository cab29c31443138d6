import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { EngineError } from "../core/engine.ts";
import type { Api } from "./api.ts";
import type { Inspected } from "./inspect.ts";
import { fromHelper, isOf } from "./outside.ts";

/** One line of what is written; its length with the line's end. */
export const logLine = `${"x".repeat(999)}\n`;

/**
 * Writes lines to the output of a container's main process, from outside it: programs inside may not open it, and the
 * image may have none to do it with. From this machine, or from a helper container that sees the engine's processes.
 */
export async function writeLogFromOutside(
  api: Api,
  seen: Inspected,
  lines: number,
  images: readonly string[],
): Promise<void> {
  const { Pid: pid } = seen.State;
  if (!seen.State.Running || pid <= 1) throw new EngineError("failed", `${seen.Name} does not run.`);
  if (api.endpoint.local && isOf(pid, seen.Id) && (await writeHere(pid, lines))) return;
  const write = `yes "$(printf %0999d 0)" | head -n ${lines} >/proc/${pid}/fd/$1`;
  const failure = await fromHelper(api, seen, images, {
    script: `to() { ${write}; }; of ${pid} && { to 1 || to 2; }`,
    timeoutMs: 180_000,
    // Without the right to trace, one process may not open what another has open.
    capabilities: ["SYS_PTRACE"],
  });
  if (failure !== undefined) throw new EngineError("failed", `its output cannot be reached: ${failure}`);
}

async function writeHere(pid: number, lines: number): Promise<boolean> {
  for (const output of [1, 2]) {
    const stream = createWriteStream(`/proc/${pid}/fd/${output}`, { flags: "a" });
    try {
      await once(stream, "open");
      const many = 64;
      for (let left = lines; left > 0; left -= many)
        if (!stream.write(logLine.repeat(Math.min(many, left)))) await once(stream, "drain");
      stream.end();
      await once(stream, "close");
      return true;
    } catch {
      // Closed, or not ours to open: the other one, or the helper.
      stream.destroy();
    }
  }
  return false;
}
