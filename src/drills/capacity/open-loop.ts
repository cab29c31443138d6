import type { KnownRequest, Lab } from "../../core/drill.ts";
import type { Container, Engine, HttpAnswer, MachineTimes } from "../../core/engine.ts";

/** What came of a constant-rate load. Times are milliseconds. */
export interface Measured {
  readonly sent: number;
  readonly failed: readonly HttpAnswer[];
  /** Answered with 429: a limit for one client, which a load from one address meets first. */
  readonly limited: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** How late requests left, at the 95th of a hundred: the machine's own share, no fault of the stack. */
  readonly late: number;
}

export interface LoadPlan {
  readonly rate: number;
  readonly forMs: number;
}

const giveUpMs = 10_000;

/** One request of a load to a container. */
export function to({ engine }: Lab, container: Container, request: KnownRequest): () => Promise<HttpAnswer> {
  return () => engine.http(container, { ...request, timeoutMs: giveUpMs });
}

/**
 * Sends requests at fixed times, each over a fresh connection, whether or not earlier ones are answered: visitors do
 * not wait for each other. A loop that waits would ask less the slower the answers are, and call that fast.
 */
export async function openLoop(
  engine: Engine,
  send: () => Promise<HttpAnswer>,
  { rate, forMs }: LoadPlan,
): Promise<Measured> {
  const begin = engine.now();
  const all = Math.max(1, Math.round((forMs / 1000) * rate));
  const lateness: number[] = [];
  const answers: Promise<HttpAnswer>[] = [];
  for (let next = 0; next < all; ) {
    const now = engine.now();
    for (; next < all && begin + (next * 1000) / rate <= now; next++) {
      lateness.push(now - (begin + (next * 1000) / rate));
      answers.push(send());
    }
    // A timer is never early; a late one is caught up with by the inner loop.
    if (next < all) await engine.sleep(Math.max(1, begin + (next * 1000) / rate - engine.now()));
  }
  const got = await Promise.all(answers);
  const failed = got.filter(({ status }) => status === undefined || status >= 500);
  const times = got.filter(answer => !failed.includes(answer)).map(({ ms }) => ms);
  return {
    ...{ sent: got.length, failed, limited: got.filter(({ status }) => status === 429).length },
    ...{ p50: percentile(times, 50), p95: percentile(times, 95), p99: percentile(times, 99) },
    late: Math.round(percentile(lateness, 95)),
  };
}

/** The smallest value that so many of a hundred do not exceed; 0 of nothing. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
}

/** Processor times at one moment: the machine's, and those of all containers of the lab. */
export interface Moment {
  readonly machine: MachineTimes | undefined;
  readonly labMs: number;
}

export async function momentOf({ engine, id }: Lab): Promise<Moment> {
  const running = (await engine.containers(id)).filter(({ state }) => state === "running");
  const usages = await Promise.all(running.map(container => engine.usage(container)));
  return { machine: await engine.machine(), labMs: usages.reduce((sum, { cpuMs }) => sum + cpuMs, 0) };
}

/** Shares of all processors between two moments, from 0 to 1: what the lab used, and what neither it nor we did. */
export function shares(
  from: Moment,
  to: Moment,
): { readonly lab: number; readonly others: number } | undefined {
  if (!from.machine || !to.machine) return undefined;
  const all = (to.machine.atMs - from.machine.atMs) * to.machine.cpus;
  if (all <= 0) return undefined;
  const part = (ms: number) => Math.min(1, Math.max(0, ms / all));
  const lab = part(to.labMs - from.labMs);
  const own = part(to.machine.ownMs - from.machine.ownMs);
  const idle = part(to.machine.idleMs - from.machine.idleMs);
  return { lab, others: Math.max(0, 1 - idle - lab - own) };
}
