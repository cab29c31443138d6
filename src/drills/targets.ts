import type { Lab, Target } from "../core/drill.ts";
import { NotSeen } from "../core/drill.ts";
import type { Container, EventFeed } from "../core/engine.ts";
import { isOptional } from "../stack/query.ts";
import type { Service } from "../stack/stack.ts";
import type { DrillStack } from "./drill.ts";

/** Services that are meant to stay up: no one-shots, no optional profiles. */
export function longRunning({ project }: DrillStack): Service[] {
  return project.services.filter(service => !service.oneShot && !isOptional(service));
}

export function eachOf(services: readonly Service[]): Target[] {
  return services.map(({ name }) => ({ subject: name, services: [name] }));
}

/** The first container of a service; the lab has been seen to run it. */
export async function containerOf(lab: Lab, service: string): Promise<Container> {
  const [container] = await lab.containers(service);
  if (!container) throw new NotSeen(`${service} has no container`);
  return container;
}

/** Starts what a disturbance has left down, so that the lab needs no start from nothing. */
export async function startAgain(lab: Lab, services: readonly string[]): Promise<void> {
  // What was killed a moment ago may count as running still.
  for (const again of [true, false]) {
    const all = (await Promise.all(services.map(lab.containers))).flat();
    for (const container of all) if (container.state === "exited") await lab.engine.start(container);
    if (again) await lab.engine.sleep(reapedMs);
  }
}

const reapedMs = 1_000;

/** Waits for an event of a service. @throws NotSeen when it did not come. */
export async function eventOf(
  lab: Lab,
  feed: EventFeed,
  service: string,
  what: RegExp,
  withinMs: number,
): Promise<{ readonly atMs: number; readonly what: string; readonly exitCode?: number }> {
  const { engine } = lab;
  for (const limit = engine.now() + withinMs; ; await engine.sleep(100)) {
    const event = feed.seen.find(one => one.service === service && what.test(one.what));
    if (event) return event;
    if (engine.now() > limit) throw new NotSeen(`no such event within ${withinMs / 1000} s`);
  }
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
