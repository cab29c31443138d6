import type { Look } from "../core/drill.ts";
import type { Container, Engine } from "../core/engine.ts";

const longestMs = 30_000;

export interface Probed extends Look {
  /** Its program is not in the container: it can never pass. */
  readonly never?: true;
}

/** Runs the container's own health check now, instead of waiting for the engine to. Undefined when it has none. */
export async function runProbe(engine: Engine, container: Container): Promise<Probed | undefined> {
  const { probe } = container;
  if (!probe) return undefined;
  const [kind, ...words] = probe.test;
  const argv = kind === "CMD-SHELL" ? ["/bin/sh", "-c", ...words] : words;
  const timeoutMs = Math.min(probe.timeoutMs, longestMs);
  try {
    const { code, stdout, stderr } = await engine.exec(container, argv, { timeoutMs });
    const said = `${stderr}${stdout}`.trim().split("\n").at(-1) ?? "";
    if (code === 0) return { ok: true, saw: "its health check passes" };
    return {
      ok: false,
      saw: `its health check ends with ${code}${said === "" ? "" : `: ${said.slice(0, 160)}`}`,
      ...(code === 127 || code === 126 ? { never: true } : {}),
    };
  } catch (error) {
    // A check that does not end in its time has failed, as the engine counts it.
    return { ok: false, saw: `its health check: ${error instanceof Error ? error.message : String(error)}` };
  }
}
