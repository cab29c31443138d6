import { once } from "node:events";
import { createWriteStream, readFileSync } from "node:fs";
import { EngineError, labLabel } from "../core/engine.ts";
import type { Api } from "./api.ts";
import type { Inspected } from "./inspect.ts";

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
  const tried: string[] = [];
  for (const image of new Set([seen.Image, ...images])) {
    const failure = await writeFromHelper(api, image, seen, lines);
    if (failure === undefined) return;
    tried.push(failure);
  }
  throw new EngineError("failed", `its output cannot be reached: ${tried.join("; ")}`);
}

function isOf(pid: number, container: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(container);
  } catch {
    // The engine runs in a machine of its own, or there is no /proc.
    return false;
  }
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

async function writeFromHelper(
  api: Api,
  image: string,
  { Id: container, State: { Pid: pid }, Config: { Labels: labels } }: Inspected,
  lines: number,
): Promise<string | undefined> {
  const isOf = `while read -r line; do case $line in *${container}*) return 0;; esac; done </proc/${pid}/cgroup; return 1`;
  const write = `yes "$(printf %0999d 0)" | head -n ${lines} >/proc/${pid}/fd/$1`;
  const script = `of() { ${isOf}; }; to() { ${write}; }; of && { to 1 || to 2; }`;
  const created = await api.call("POST", "/containers/create", {
    body: {
      Image: image,
      Entrypoint: ["sh", "-c", script],
      Cmd: [],
      User: "0",
      Labels: { [labLabel]: labels?.[labLabel] ?? "" },
      // Without the right to trace, one process may not open what another has open.
      HostConfig: { PidMode: "host", NetworkMode: "none", CapAdd: ["SYS_PTRACE"] },
    },
  });
  const { Id: id } = created.json<{ Id: string }>();
  try {
    await api.call("POST", `/containers/${id}/start`);
    const ended = await api.call("POST", `/containers/${id}/wait`, { timeoutMs: 180_000 });
    const { StatusCode: code } = ended.json<{ StatusCode: number }>();
    return code === 0 ? undefined : `a helper ended with ${code}`;
  } catch (error) {
    // An image without a shell: another one of the lab may have it.
    return error instanceof Error ? error.message.slice(0, 120) : String(error);
  } finally {
    await api.call("DELETE", `/containers/${id}?force=1&v=1`, { allow: [404, 409] });
  }
}
