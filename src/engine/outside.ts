import { readFileSync } from "node:fs";
import { labLabel } from "../core/engine.ts";
import type { Api } from "./api.ts";
import type { Inspected } from "./inspect.ts";

/** Reaching the processes of a container from outside it: from this machine, or from a helper container. */

/** The process is the container's by its control group; a number alone may belong to anything. */
export function isOf(pid: number, container: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(container);
  } catch {
    // The engine runs in a machine of its own, or there is no /proc.
    return false;
  }
}

export interface HelperTask {
  /** Shell that may call `of PID`, which asks whether a process is the container's. Only the shell itself is sure. */
  readonly script: string;
  readonly timeoutMs: number;
  readonly capabilities?: readonly string[];
}

/**
 * Runs a script where the engine's processes are seen, in a container of the same lab, with the first image that has
 * a shell. Undefined when it has ended well; otherwise what came of each image.
 */
export async function fromHelper(
  api: Api,
  seen: Inspected,
  images: readonly string[],
  task: HelperTask,
): Promise<string | undefined> {
  const tried: string[] = [];
  for (const image of new Set([seen.Image, ...images])) {
    const failure = await helped(api, image, seen, task);
    if (failure === undefined) return undefined;
    tried.push(failure);
  }
  return tried.join("; ");
}

async function helped(
  api: Api,
  image: string,
  { Id: container, Config: { Labels: labels } }: Inspected,
  { script, timeoutMs, capabilities = [] }: HelperTask,
): Promise<string | undefined> {
  // `read` and `case` are the shell's own: the image may have nothing else.
  const of = `of() { while read -r line; do case $line in *${container}*) return 0;; esac; done </proc/$1/cgroup; return 1; }`;
  const created = await api.call("POST", "/containers/create", {
    body: {
      Image: image,
      Entrypoint: ["sh", "-c", `${of}; ${script}`],
      Cmd: [],
      User: "0",
      Labels: { [labLabel]: labels?.[labLabel] ?? "" },
      HostConfig: { PidMode: "host", NetworkMode: "none", CapAdd: capabilities },
    },
  });
  const { Id: id } = created.json<{ Id: string }>();
  try {
    await api.call("POST", `/containers/${id}/start`);
    const ended = await api.call("POST", `/containers/${id}/wait`, { timeoutMs });
    const { StatusCode: code } = ended.json<{ StatusCode: number }>();
    return code === 0 ? undefined : `it ended with ${code}`;
  } catch (error) {
    // An image without a shell: another one of the lab may have it.
    return error instanceof Error ? error.message.slice(0, 120) : String(error);
  } finally {
    await api.call("DELETE", `/containers/${id}?force=1&v=1`, { allow: [404, 409] });
  }
}
