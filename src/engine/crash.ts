import { readFileSync } from "node:fs";
import { EngineError, labLabel } from "../core/engine.ts";
import type { Api } from "./api.ts";
import type { Inspected } from "./inspect.ts";

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
  const tried: string[] = [];
  for (const image of new Set([seen.Image, ...images])) {
    const failure = await signalFromHelper(api, image, seen, signal, pids);
    if (failure === undefined) return;
    tried.push(failure);
  }
  throw new EngineError(
    "failed",
    `The processes of ${seen.Name} cannot be reached from here, nor from a helper: ${tried.join("; ")}`,
  );
}

/** The process is the container's by its control group; a number alone may belong to anything. */
function isOf(pid: number, container: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(container);
  } catch {
    // The engine runs in a machine of its own, or there is no /proc.
    return false;
  }
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

async function signalFromHelper(
  api: Api,
  image: string,
  { Id: container, Config: { Labels: labels } }: Inspected,
  signal: Signal,
  pids: readonly number[],
): Promise<string | undefined> {
  // `read` and `case` are the shell's own: the image may have nothing else.
  const isOf = `while read -r line; do case $line in *${container}*) return 0;; esac; done </proc/$1/cgroup; return 1`;
  const script = `of() { ${isOf}; }; for p in ${pids.join(" ")}; do of $p && kill -${signal} $p || exit 1; done`;
  const created = await api.call("POST", "/containers/create", {
    body: {
      Image: image,
      Entrypoint: ["sh", "-c", script],
      Cmd: [],
      User: "0",
      Labels: { [labLabel]: labels?.[labLabel] ?? "" },
      HostConfig: { PidMode: "host", NetworkMode: "none" },
    },
  });
  const { Id: id } = created.json<{ Id: string }>();
  try {
    await api.call("POST", `/containers/${id}/start`);
    const ended = await api.call("POST", `/containers/${id}/wait`, { timeoutMs: 20_000 });
    const { StatusCode: code } = ended.json<{ StatusCode: number }>();
    return code === 0 ? undefined : `it ended with ${code}`;
  } catch (error) {
    // An image without a shell: another one of the lab may have it.
    return error instanceof Error ? error.message.slice(0, 120) : String(error);
  } finally {
    await api.call("DELETE", `/containers/${id}?force=1&v=1`, { allow: [404, 409] });
  }
}
