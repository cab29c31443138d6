import { EngineError } from "../core/engine.ts";
import type { Api } from "./api.ts";
import type { Inspected } from "./inspect.ts";
import { fromHelper, isOf } from "./outside.ts";

export type Signal = "KILL" | "STOP" | "CONT";

/**
 * Sends a signal to processes of a container from outside it. `docker kill` would not do for a crash: the engine then
 * knows that somebody wanted it and does not restart. A signal from inside does not reach PID 1 either. So it comes
 * from this machine, or, where that is not possible, from a helper container that sees the engine's processes.
 */
export async function signalFromOutside(
  api: Api,
  seen: Inspected,
  signal: Signal,
  pids: readonly number[],
  images: readonly string[],
): Promise<void> {
  if (!seen.State.Running || pids.length === 0)
    throw new EngineError("failed", `${seen.Name} does not run, so its process cannot be reached.`);
  if (api.endpoint.local && pids.every(pid => isOf(pid, seen.Id)) && signalHere(pids, signal)) return;
  const failure = await fromHelper(api, seen, images, {
    script: `for p in ${pids.join(" ")}; do of $p && kill -${signal} $p || exit 1; done`,
    timeoutMs: 20_000,
  });
  if (failure !== undefined)
    throw new EngineError(
      "failed",
      `The processes of ${seen.Name} cannot be reached from here, nor from a helper: ${failure}`,
    );
}

function signalHere(pids: readonly number[], signal: Signal): boolean {
  try {
    for (const pid of pids) process.kill(pid, `SIG${signal}`);
    return true;
  } catch {
    // Not root: the helper is.
    return false;
  }
}
