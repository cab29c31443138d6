import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

export interface ProgramResult {
  /** Undefined when it was killed or could not be started. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it did not end by itself. */
  readonly trouble?: "timeout" | "silent" | "absent" | "refused";
}

export interface ProgramOptions {
  readonly timeoutMs: number;
  /** Ends it also when it has written nothing for so long: work that goes on says something. */
  readonly silentMs?: number;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly directory?: string;
  /** Ends it early, with everything it has started. */
  readonly signal?: AbortSignal;
}

/** Output beyond this is dropped from the front: 8 MiB. */
const most = 8 << 20;
/** How long after the end of a program its last output may take. */
const graceMs = 500;

/**
 * Runs a program to its end or to the time limit. Waits for the program, not for its pipes: a process that it left
 * behind may hold those for ever.
 */
export function runProgram(
  program: string,
  argv: readonly string[],
  options: ProgramOptions,
): Promise<ProgramResult> {
  return new Promise(settle => {
    const child = spawn(program, argv, {
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, so that a time limit also ends what it has started.
      detached: true,
      ...(options.directory === undefined ? {} : { cwd: options.directory }),
      env: { ...process.env, ...options.environment },
    });
    let heardAt = performance.now();
    const hear = () => {
      heardAt = performance.now();
    };
    const out = collect(child.stdout, hear);
    const err = collect(child.stderr, hear);
    let trouble: ProgramResult["trouble"];
    const end = () => killGroup(child.pid);
    const timer = setTimeout(() => {
      trouble = "timeout";
      end();
    }, options.timeoutMs);
    const { silentMs = Infinity } = options;
    const watch = setInterval(() => {
      if (performance.now() - heardAt < silentMs) return;
      trouble ??= "silent";
      end();
    }, 1_000);
    if (options.signal?.aborted) end();
    options.signal?.addEventListener("abort", end, { once: true });
    let settled = false;
    const finish = (code: number | undefined) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      clearInterval(watch);
      options.signal?.removeEventListener("abort", end);
      child.stdout.destroy();
      child.stderr.destroy();
      settle({ code, stdout: out(), stderr: err(), ...(trouble ? { trouble } : {}) });
    };
    child.on("error", (error: NodeJS.ErrnoException) => {
      trouble = error.code === "ENOENT" ? "absent" : "refused";
      finish(undefined);
    });
    child.on("close", code => finish(code ?? undefined));
    child.on("exit", code => setTimeout(finish, graceMs, code ?? undefined));
  });
}

function collect(stream: NodeJS.ReadableStream, hear: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on("data", (chunk: Buffer) => {
    hear();
    chunks.push(chunk);
    size += chunk.length;
    while (size > most && chunks.length > 1) size -= chunks.shift()!.length;
  });
  // The program is what counts; a pipe that breaks shows in its exit code.
  stream.on("error", () => {});
  return () => Buffer.concat(chunks).toString("utf8");
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

/** Ends every `docker compose` of a project, by the arguments that we gave it. Does nothing where there is no /proc. */
export function endCommandsOf(project: string): void {
  let pids: string[] = [];
  try {
    pids = readdirSync("/proc").filter(name => /^\d+$/.test(name));
  } catch {
    return; // Another system: what is still at work there is swept a second time.
  }
  for (const pid of pids) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      if (words.includes("compose") && words[words.indexOf("--project-name") + 1] === project)
        process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended, or is somebody else's.
    }
  }
}
