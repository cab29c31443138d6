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
  if (api.endpoint.local && signalHere(seen.Id, pids, signal)) return;
  const failure = await fromHelper(api, seen, images, {
    script: `none=1; for p in ${pids.join(" ")}; do of $p && kill -${signal} $p && none=0; done; exit $none`,
    timeoutMs: 20_000,
  });
  if (failure !== undefined)
    throw new EngineError(
      "failed",
      `The processes of ${seen.Name} cannot be reached from here, nor from a helper: ${failure}`,
    );
}

/** A process that has ended since it was listed, as a health check does at any moment, needs no signal. */
function signalHere(container: string, pids: readonly number[], signal: Signal): boolean {
  const here = pids.filter(pid => isOf(pid, container));
  for (const pid of here) {
    try {
      process.kill(pid, `SIG${signal}`);
    } catch (error) {
      // Not root: the helper is.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") return false;
    }
  }
  return here.length > 0;
}
