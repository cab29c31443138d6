import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** A program to be timed as a cold process. */
export interface Subject {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  readonly cwd?: string;
  /** Exit codes that mean that it did its work; findings usually exit with 1. */
  readonly fine?: readonly number[];
}

export interface Timing {
  readonly name: string;
  /** Milliseconds of wall time. */
  readonly min: number;
  readonly median: number;
  /** Peak resident memory in MB of one more run; undefined without GNU time. */
  readonly peakMb?: number;
  /** Why there is no timing worth reading. */
  readonly failed?: string;
}

const limitMs = 600_000;

/** Runs every subject once per round, in turn, so that a busy machine is slow for all of them. One round warms up. */
export function interleaved(subjects: readonly Subject[], rounds: number): readonly Timing[] {
  const walls = new Map<string, number[]>();
  const failures = new Map<string, string>();
  for (let round = 0; round <= rounds; round++) {
    for (const subject of subjects) {
      if (failures.has(subject.name)) continue;
      const { wall, failure } = once(subject);
      if (failure !== undefined) failures.set(subject.name, failure);
      if (round > 0) walls.set(subject.name, [...(walls.get(subject.name) ?? []), wall]);
    }
  }
  return subjects.map(subject => {
    const failed = failures.get(subject.name);
    if (failed !== undefined) return { name: subject.name, min: Number.NaN, median: Number.NaN, failed };
    const sorted = [...(walls.get(subject.name) ?? [])].sort((a, b) => a - b);
    const peakMb = peak(subject);
    return {
      name: subject.name,
      min: sorted[0] ?? Number.NaN,
      median: sorted[sorted.length >> 1] ?? Number.NaN,
      ...(peakMb === undefined ? {} : { peakMb }),
    };
  });
}

function once(subject: Subject): { wall: number; failure?: string } {
  const [program, ...rest] = subject.argv;
  const before = performance.now();
  const run = spawnSync(program, rest, {
    cwd: subject.cwd,
    timeout: limitMs,
    maxBuffer: 1 << 28,
    encoding: "utf8",
  });
  const wall = performance.now() - before;
  if (run.error !== undefined) return { wall, failure: run.error.message };
  if (!(subject.fine ?? [0]).includes(run.status ?? -1)) {
    return {
      wall,
      failure: `exit ${run.status}: ${run.stderr.trim().split("\n").at(-1) ?? ""}`.slice(0, 160),
    };
  }
  return { wall };
}

function peak(subject: Subject): number | undefined {
  if (!existsSync("/usr/bin/time")) return undefined;
  const run = spawnSync("/usr/bin/time", ["-f", "peak-kb %M", ...subject.argv], {
    cwd: subject.cwd,
    timeout: limitMs,
    maxBuffer: 1 << 28,
    encoding: "utf8",
  });
  const kb = /peak-kb (\d+)/.exec(run.stderr ?? "")?.[1];
  return kb === undefined ? undefined : Number(kb) / 1024;
}
