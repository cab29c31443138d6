import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const environment = { ...process.env, DOCKER_BUILDKIT: "1" };

export interface BuildOutcome {
  readonly ok: boolean;
  readonly log: string;
  /** Paths of all files in the result, with a leading slash, sorted. */
  readonly files: readonly string[];
}

/** Writes files into a new directory, hands it to `use`, and removes it. */
export function inDirectory<T>(files: Readonly<Record<string, string>>, use: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), "shipworthy-build-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), text);
    }
    return use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Builds and exports the file system of the last stage; it should stand on `scratch`. */
export function buildFiles(context: Readonly<Record<string, string>>, dockerfile: string): BuildOutcome {
  return inDirectory(context, directory =>
    inDirectory({ Dockerfile: dockerfile }, outside => {
      const out = join(outside, "out");
      const result = spawnSync(
        "docker",
        ["build", "-q", "-f", join(outside, "Dockerfile"), "-o", out, directory],
        {
          env: environment,
          encoding: "utf8",
        },
      );
      if (result.status !== 0) return { ok: false, log: result.stderr, files: [] };
      const files = readdirSync(out, { recursive: true, withFileTypes: true })
        .filter(entry => entry.isFile())
        .map(entry => `${entry.parentPath.slice(out.length)}/${entry.name}`);
      return { ok: true, log: result.stderr, files: files.sort() };
    }),
  );
}

export interface EngineConfig {
  readonly Env: readonly string[] | null;
  readonly Cmd: readonly string[] | null;
  readonly Entrypoint: readonly string[] | null;
  readonly WorkingDir: string;
  readonly User: string;
  readonly Volumes: Readonly<Record<string, unknown>> | null;
  readonly ExposedPorts: Readonly<Record<string, unknown>> | null;
  readonly Healthcheck?: {
    readonly Test: readonly string[];
    readonly Interval?: number;
    readonly Retries?: number;
  };
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly StopSignal?: string;
}

/** Builds and returns the image's configuration; undefined when the build fails. The image is removed again. */
export function buildConfig(
  dockerfile: string,
  args: Readonly<Record<string, string>> = {},
): EngineConfig | undefined {
  return inDirectory({ Dockerfile: dockerfile, "a.txt": "a" }, directory => {
    const given = Object.entries(args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
    const result = spawnSync("docker", ["build", "-q", ...given, directory], {
      env: environment,
      encoding: "utf8",
    });
    if (result.status !== 0) return undefined;
    const id = result.stdout.trim();
    try {
      const [inspected] = JSON.parse(
        execFileSync("docker", ["image", "inspect", id], { encoding: "utf8" }),
      ) as [{ Config: EngineConfig }];
      return inspected.Config;
    } finally {
      spawnSync("docker", ["image", "rm", "-f", id]);
    }
  });
}
