import { cpus } from "node:os";
import type { MachineTimes } from "../core/engine.ts";

export function machineTimes(): MachineTimes {
  const all = cpus();
  const { user, system } = process.cpuUsage();
  return {
    atMs: Date.now(),
    cpus: all.length,
    idleMs: all.reduce((sum, { times }) => sum + times.idle, 0),
    ownMs: (user + system) / 1_000,
  };
}
