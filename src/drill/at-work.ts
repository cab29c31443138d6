import type { ComposeModel, Container, Engine } from "../core/engine.ts";

/** So often a container that is waited for is asked what it does. */
const everyMs = 10_000;
/** A program that waits for another one wakes up now and then: that is no work. */
const workShare = 0.05;
/** After so long without a sign of work it hangs. */
const stillMs = 45_000;

interface Seen {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly lines: Set<string>;
  workedMs: number;
}

/**
 * Tells a container that is still at work from one that hangs: it uses a processor, or its log says something that it
 * has not said before. `look` is called as often as one likes; `works` is what is known since.
 */
export function watchWork(engine: Engine) {
  const all = new Map<string, Seen>();
  return {
    async look(container: Container): Promise<void> {
      const now = engine.now();
      const before = all.get(container.id);
      if (before && now - before.atMs < everyMs) return;
      const { cpuMs } = await engine.usage(container);
      const lines = before?.lines ?? new Set<string>();
      const known = lines.size;
      // Times and counters make no line a new one: a loop says the same each time.
      for (const line of (await engine.logs(container, { tail: 50 })).split("\n"))
        lines.add(line.replace(/\d+/g, "0"));
      const used = before ? (cpuMs - before.cpuMs) / (now - before.atMs) : 0;
      const worked = before !== undefined && (used >= workShare || lines.size > known);
      all.set(container.id, { atMs: now, cpuMs, lines, workedMs: worked ? now : (before?.workedMs ?? 0) });
    },
    works({ id }: Container): boolean {
      return engine.now() - (all.get(id)?.workedMs ?? 0) <= stillMs;
    },
  };
}

/** Of these services the one that holds another back, through others as well; undefined where none does. */
export function waitsFor(
  { services }: ComposeModel,
  service: string,
  those: ReadonlySet<string>,
): string | undefined {
  const seen = new Set([service]);
  for (const name of seen)
    for (const [other, how] of Object.entries(services[name]?.depends_on ?? {})) {
      if (how["condition"] === "service_started") continue;
      if (those.has(other)) return other;
      seen.add(other);
    }
  return undefined;
}
