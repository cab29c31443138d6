import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A backup container without a container: its three directories below a temporary one. */
export interface Sandbox {
  readonly root: string;
  /** Runs one of the scripts. */
  run(script: string, args?: readonly string[], env?: Readonly<Record<string, string>>): Ran;
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Writes the scripts (their text by name), with the container's absolute paths led into the sandbox. */
export function sandboxFor(
  scripts: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>>,
): Sandbox {
  const root = mkdtempSync(join(tmpdir(), "shipworthy-backup-"));
  for (const name of ["backups", "uploads", "opt"]) mkdirSync(join(root, name));
  for (const [name, text] of Object.entries(scripts)) {
    const path = join(root, "opt", name);
    writeFileSync(
      path,
      text
        .replace(/(?<![\w.$}])\/(backups|uploads)\b/g, `${root}/$1`)
        .replaceAll("/opt/backup/", `${root}/opt/`),
    );
    chmodSync(path, 0o755);
  }
  return {
    root,
    run(script, args = [], env = {}) {
      const { status, stdout, stderr } = spawnSync(join(root, "opt", script), args, {
        encoding: "utf8",
        env: { PATH: process.env["PATH"], ...environment, ...env },
      });
      return { status, stdout, stderr };
    },
  };
}

/** A directory that the user of a server's package owns, where tests run as root: its server refuses root. */
export function serverUser(name: string): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync("id", [flag, name], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

export function ownedDirectory(user: { uid: number; gid: number } | undefined): string {
  const directory = mkdtempSync(join(tmpdir(), "shipworthy-server-"));
  if (user) chownSync(directory, user.uid, user.gid);
  return directory;
}

/** Whether a program of `tools/engine.sh oracles` is there; says so when not. SHIPWORTHY_ENGINE=required never skips. */
export function installed(program: string): boolean {
  const found = spawnSync("sh", ["-c", `command -v ${program}`], { env: serverEnvironment }).status === 0;
  if (found || process.env["SHIPWORTHY_ENGINE"] === "required") return true;
  console.warn(`skipped: ${program} is not installed (tools/engine.sh oracles)`);
  return false;
}

/** Debian keeps the programs of a server out of the path. */
export const serverEnvironment = {
  LC_ALL: "C",
  PATH: ["/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/15/bin", "/usr/sbin", process.env["PATH"]].join(
    ":",
  ),
};
