import { EngineError, type ExecOptions, type ExecResult } from "../core/engine.ts";
import type { Api } from "./api.ts";
import { demultiplexer } from "./stream.ts";

const usualTimeoutMs = 30_000;
const pollMs = 250;

/**
 * Runs a program in a container. It has ended when the engine says so, not when its output ends: a process that it
 * left behind may hold the output for ever.
 */
export async function execIn(
  api: Api,
  id: string,
  argv: readonly string[],
  options: ExecOptions = {},
): Promise<ExecResult> {
  const { timeoutMs = usualTimeoutMs, user, environment = {}, directory } = options;
  const created = await api.call("POST", `/containers/${id}/exec`, {
    body: {
      AttachStdout: true,
      AttachStderr: true,
      Cmd: argv,
      Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      ...(user === undefined ? {} : { User: user }),
      ...(directory === undefined ? {} : { WorkingDir: directory }),
    },
  });
  const exec = created.json<{ Id: string }>().Id;
  const stream = await api.open("POST", `/exec/${exec}/start`, { body: { Detach: false, Tty: false } });
  const output = demultiplexer();
  let ended = false;
  stream.on("data", (chunk: Buffer) => output.push(chunk));
  stream.on("end", () => {
    ended = true;
  });
  // A stream that breaks ends like any other; the engine still knows the exit code.
  stream.on("error", () => {
    ended = true;
  });
  try {
    const limit = performance.now() + timeoutMs;
    for (;;) {
      const state = (await api.call("GET", `/exec/${exec}/json`)).json<{
        Running: boolean;
        ExitCode: number | null;
      }>();
      if (!state.Running && state.ExitCode !== null) {
        // What it wrote last may still be on its way.
        for (let waited = 0; !ended && waited < 500; waited += 50) await pause(50);
        return { code: state.ExitCode, stdout: output.stdout(), stderr: output.stderr() };
      }
      if (performance.now() > limit)
        throw new EngineError(
          "timeout",
          `"${argv.join(" ").slice(0, 80)}" did not end within ${timeoutMs / 1000} s.`,
        );
      for (let waited = 0; !ended && waited < pollMs; waited += 25) await pause(25);
      if (ended) await pause(25);
    }
  } finally {
    stream.destroy();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise(settle => setTimeout(settle, ms));
}
