import type { Look, Started } from "../core/drill.ts";
import type { ComposeModel, Container, ContainerProbe, Engine, MachineTimes } from "../core/engine.ts";
import { runProbe } from "../drills/look.ts";
import { waitsFor, watchWork } from "./at-work.ts";
import { lastWords, tail } from "./last-words.ts";
import { isOneShot, stateOf, steadyMs, upMs } from "./watch.ts";

async function saying(engine: Engine, container: Container): Promise<string> {
  const said = lastWords(await engine.logs(container, { tail }));
  return said === "" ? "" : `, saying:\n${said}`;
}

/** A service whose check may fail for longer than a drill waits is left so long to pass it all the same. */
const graceMs = 45_000;
const longMs = 600_000;

/**
 * The files give it ten minutes or more before a health check that does not pass counts: it watches something slower
 * than a drill, such as a certificate that was asked for today.
 */
export function mayTakeLong(probe: ContainerProbe | undefined): boolean {
  return (probe?.startPeriodMs ?? 0) >= longMs;
}

function allowance({ startPeriodMs }: ContainerProbe): string {
  return `the files give it ${Math.round(startPeriodMs / 60_000)} min before that counts`;
}

/** So long a program has to stay up that no health check speaks for: one that cannot start takes a while to find out. */
const silentMs = 8_000;
/** The same where the processors have no time: it may not even have begun. */
const silentBusyMs = 25_000;
const busyShare = 0.1;

/** How long a program without a health check has to stay up, by what the machine had left since `before`. */
async function patienceFor(engine: Engine, before: MachineTimes | undefined): Promise<number> {
  const now = await engine.machine();
  if (!before || !now || now.atMs <= before.atMs) return silentMs;
  const idle = (now.idleMs - before.idleMs) / ((now.atMs - before.atMs) * now.cpus);
  return idle < busyShare ? silentBusyMs : silentMs;
}

/**
 * How a service stands while the stack starts: undefined while that is still open. It has to stay up for some seconds,
 * because a program that cannot start takes a moment to say so; `quietMs` where no health check says more. `asked`:
 * whose health check has been run here.
 */
export async function standing(
  engine: Engine,
  containers: readonly Container[],
  oneShot: boolean,
  quietMs: number,
  asked: Set<string>,
): Promise<Look | undefined> {
  if (containers.length === 0) return undefined;
  for (const container of containers) {
    const { state, exitCode, restarts, health, restartPolicy, probe } = container;
    if (state === "exited" && restartPolicy === "no") {
      if (exitCode === 0 && (oneShot || !probe)) continue;
      return { ok: false, saw: `${stateOf(container)}${await saying(engine, container)}` };
    }
    if (restarts >= 3)
      return {
        ok: false,
        saw: `it ends again and again, restarted ${restarts} times${await saying(engine, container)}`,
      };
    if (state !== "running" || oneShot) return undefined;
    if (health === "unhealthy") {
      const saw = (await runProbe(engine, container))?.saw ?? "it is unhealthy";
      // One that has ended before says why in its log.
      const ended = restarts > 0 ? `; ${stateOf(container)}${await saying(engine, container)}` : "";
      return { ok: false, saw: `${saw}${ended}` };
    }
    // Health may come before the crash.
    if (upMs(engine, container) < (health === undefined ? quietMs : steadyMs)) return undefined;
    if (health !== "starting") continue;
    // What can never pass is not waited for. One look tells that.
    if (!asked.has(container.id)) {
      asked.add(container.id);
      const look = await runProbe(engine, container);
      if (look?.never) return look;
    }
    // A check that looks once in minutes is run here instead of waited for.
    if ((probe?.intervalMs ?? 0) <= 60_000) return undefined;
    if ((await runProbe(engine, container))?.ok) continue;
    return !mayTakeLong(probe) || upMs(engine, container) < graceMs
      ? undefined
      : { ok: true, saw: `it runs; its health check does not pass yet, and ${allowance(probe!)}` };
  }
  return {
    ok: true,
    saw: containers[0]!.state === "exited" ? "it has ended with success" : stateOf(containers[0]!),
  };
}

export interface StartWatch {
  readonly lab: string;
  readonly model: ComposeModel;
  /** When the start began, how long it may take, and how long while what it waits for is still at work. */
  readonly sinceMs: number;
  readonly limitMs: number;
  readonly longestMs?: number;
  /** What Compose said when it gave up; undefined while it has not. */
  ended(): string | undefined;
  /** Services that did not stand the last time. */
  readonly doubtful?: ReadonlySet<string>;
}

/**
 * Watches a start until every service stands, or it is known that the rest will not. What another holds back is not
 * waited for when that other does not stand, nor when Compose has ended without starting it.
 */
export async function watchStart(engine: Engine, start: StartWatch): Promise<Started[]> {
  const { lab, model, sinceMs, limitMs } = start;
  const longestMs = Math.max(limitMs, start.longestMs ?? 0);
  const work = watchWork(engine);
  const busyAt = (mine: readonly Container[]) =>
    mine.some(
      one => open.has(one.service) && one.state === "running" && one.restarts === 0 && work.works(one),
    );
  const working = (all: readonly Container[]) =>
    all.filter(
      one =>
        open.has(one.service) &&
        one.state === "running" &&
        (work.works(one) || isJustStarted(engine, one, sinceMs + limitMs / 2)),
    );
  const open = new Set(Object.keys(model.services));
  const asked = new Set<string>();
  const done = new Map<string, Started>();
  const close = (service: string, look: Look & Pick<Started, "early">) => {
    open.delete(service);
    done.set(service, { service, ms: engine.now() - sinceMs, ...look });
  };
  const before = await engine.machine();
  let workedMs = sinceMs;
  while (open.size > 0 && engine.now() - sinceMs < longestMs) {
    const quietMs = await patienceFor(engine, before);
    const all = await engine.containers(lab);
    const starved = quietMs === silentBusyMs;
    const of = (service: string) => all.filter(container => container.service === service);
    for (const service of open) {
      const look =
        heldBack(service, of(service), done, start) ??
        (await standing(engine, of(service), isOneShot(model, service), quietMs, asked));
      // A program that gets no processor is late, and says nothing about itself.
      if (look && (look.ok || !(starved && busyAt(of(service))))) close(service, look);
    }
    const left = starved && busyAt(all) ? [] : [...open];
    if (left.length > 0 && left.every(service => isOverdue(engine, service, of(service), start)))
      for (const service of left) close(service, await lastLook(engine, of(service)[0]!));
    if (working(all).length > 0) workedMs = engine.now();
    if (engine.now() - sinceMs >= limitMs && engine.now() - workedMs > betweenMs) break;
    // A start that goes well is over before that matters.
    if (engine.now() - sinceMs >= limitMs / 8)
      for (const one of all) if (open.has(one.service) && one.state === "running") await work.look(one);
    if (open.size > 0) await engine.sleep(500);
  }
  const all = open.size > 0 ? await engine.containers(lab) : [];
  const busy = new Set(working(all).map(({ service }) => service));
  for (const service of open) {
    const [container] = all.filter(one => one.service === service);
    if (container && isWatching(container)) {
      close(service, await lastLook(engine, container));
      continue;
    }
    const waited = `after ${Math.round((engine.now() - sinceMs) / 1000)} s`;
    const saw = container
      ? `${waited} ${stateOf(container)}${container.health ? ` and is ${container.health}` : ""}`
      : `${waited} it has not been started`;
    const holder = busy.has(service) ? service : waitsFor(model, service, busy);
    const more =
      holder === undefined
        ? ""
        : holder === service
          ? ", and is still at work"
          : `: it waits for ${holder}, which is still at work`;
    done.set(service, {
      ...{ service, ok: false, saw: saw + more },
      ...(holder === undefined ? {} : { atWork: true as const }),
    });
  }
  return Object.keys(model.services).map(service => done.get(service)!);
}

/** So long Compose takes from the end of a job to the start of what waits for it. */
const betweenMs = 15_000;

/** Begun late, behind a job that took long, and within the time that it may take itself. */
function isJustStarted(engine: Engine, container: Container, afterMs: number): boolean {
  const may = (container.probe?.startPeriodMs ?? 0) + overdueMs;
  return Date.parse(container.startedAt) > afterMs && upMs(engine, container) < may;
}

/** What was never started, and will not be. */
function heldBack(
  service: string,
  mine: readonly Container[],
  done: ReadonlyMap<string, Started>,
  { model, ended }: StartWatch,
): Look | undefined {
  if (mine.some(({ state }) => state !== "created")) return undefined;
  const needs = Object.entries(model.services[service]?.depends_on ?? {});
  const down = needs.find(
    ([name, how]) =>
      how["condition"] !== "service_started" && how["required"] !== false && done.get(name)?.ok === false,
  );
  if (down) return { ok: false, saw: `it has not been started: it waits for ${down[0]}` };
  const words = ended();
  return words === undefined ? undefined : { ok: false, saw: `it has not been started: ${words}` };
}

/** So long after its start period a service may fail its check that nothing waits for. */
const overdueMs = 60_000;
/** So long a service is waited for that did not stand the last time either. */
const doubtfulMs = 15_000;

/**
 * A service whose check has failed for longer than its own start period. The engine calls it unhealthy after so many
 * failures at its interval, which can be many minutes; where another waits for it, that is what Compose does, too.
 */
function isOverdue(
  engine: Engine,
  service: string,
  mine: readonly Container[],
  { doubtful }: StartWatch,
): boolean {
  const [container] = mine;
  if (container?.state !== "running" || container.health !== "starting") return false;
  const up = upMs(engine, container);
  if (doubtful?.has(service)) return up > doubtfulMs;
  if (isWatching(container)) return up > watchingMs;
  return up > (container.probe?.startPeriodMs ?? 0) + overdueMs;
}

/** It runs and is within a start period that is longer than a drill. */
function isWatching({ state, health, probe }: Container): boolean {
  return state === "running" && health === "starting" && mayTakeLong(probe);
}

/** So long such a service is waited for, whose check looks often: it may well pass soon. */
const watchingMs = 120_000;

async function lastLook(engine: Engine, container: Container): Promise<Look & Pick<Started, "early">> {
  const { ok, saw } = (await runProbe(engine, container)) ?? { ok: true, saw: stateOf(container) };
  const look = { ok, saw };
  if (!ok && isWatching(container)) {
    const words = `it runs; ${saw}, and ${allowance(container.probe!)}${await saying(engine, container)}`;
    return { ok: true, early: true, saw: words };
  }
  const after = `${Math.round(upMs(engine, container) / 1000)} s after its start`;
  return look.ok ? look : { ok: false, saw: `${after} ${look.saw}` };
}
