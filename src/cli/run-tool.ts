import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** What a program said. `ended` is false when it was stopped, or could not be started. */
export interface ToolResult {
  readonly ended: boolean;
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Longer than any check of a configuration takes. */
const patience = 20_000;

/** Runs a program on hostile input: no environment but what is given, no input, not for long. */
export function runTool(
  program: string,
  words: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): ToolResult {
  const { status, stdout, stderr } = spawnSync(program, words, {
    ...{ cwd, env, encoding: "utf8", timeout: patience, killSignal: "SIGKILL", maxBuffer: 16 * 1024 * 1024 },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { ended: status !== null, status: status ?? -1, stdout: stdout ?? "", stderr: stderr ?? "" };
}

/** The first program of this name in PATH and in the folders of the system's own programs. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders
    .filter(folder => folder.startsWith("/"))
    .map(folder => join(folder, name))
    .find(path => existsSync(path));
}

/** A directory of its own for these files, removed when `use` is done. */
export function inScratch<T>(files: ReadonlyMap<string, string>, use: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), "sw-"));
  try {
    for (const [path, text] of files) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), text);
    }
    return use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
