/** NO_COLOR and FORCE_COLOR are obeyed; else colours are for terminals that can show them. */
export function useColor(env: Readonly<Record<string, string | undefined>>, terminal: boolean): boolean {
  if (env["NO_COLOR"]) return false;
  if (env["FORCE_COLOR"]) return env["FORCE_COLOR"] !== "0";
  return terminal && env["TERM"] !== "dumb";
}

/** Writes without throwing when the reader has gone, as in `shipworthy audit | head`. */
export function write(stream: NodeJS.WriteStream, text: string): void {
  stream.write(text);
}

/** A pipe that closes early is no error of ours; anything else is. */
export function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      process.exit(process.exitCode ?? 0);
    });
  }
}
