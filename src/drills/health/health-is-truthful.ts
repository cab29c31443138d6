import { type KnownRequest, type Lab, NotSeen, type Scene } from "../../core/drill.ts";
import { isStore } from "../../stack/query.ts";
import { plainRoutes } from "../../stack/query-routes.ts";
import type { Service } from "../../stack/stack.ts";
import { type DrillStack, defineDrill } from "../drill.ts";
import { runProbe } from "../look.ts";
import { containerOf, longRunning, seconds } from "../targets.ts";
import { isUnwatched, neverPasses, unnoticed } from "./false-alarm.ts";

/** The longest that the engine's own verdict is waited for. */
const waitMs = 40_000;

export default defineDrill({
  id: "health/health-is-truthful",
  title: "A health check turns when its program serves no more",
  claim: "health-is-truthful",
  disturbs:
    "Freezes every process of a service, so that it is there and answers nothing, thaws it, and takes away each store that it waits for.",
  // Also those whose check never passes: that may be the check's fault.
  targets: stack =>
    longRunning(stack)
      .filter(service => turnsInTime(service) || isUnwatched(stack, service))
      .map(({ name }) => ({ subject: name, services: [], beside: [name] })),
  async run(scene, { subject }, stack) {
    const { lab } = scene;
    const { engine } = lab;
    await scene.steady(`${subject} is in the lab`, async () => {
      const why = lab.missing.get(subject);
      if (why !== undefined) throw new NotSeen(why);
      return "as a container";
    });
    const container = await containerOf(lab, subject);
    const { probe } = container;
    const service = stack.project.services.find(({ name }) => name === subject)!;
    const unwell = lab.unwell.get(subject);
    if (unwell !== undefined) {
      await neverPasses(scene, service, unwell);
      return;
    }
    if (!probe && isUnwatched(stack, service)) {
      await unnoticed(scene, service);
      return;
    }
    await scene.steady(`${subject} serves, its health check passes`, async () => {
      if (!probe) throw new NotSeen("the container has no health check");
      return lab.serves(subject);
    });
    let thawed = false;
    const thaw = async () => {
      if (thawed) return;
      thawed = true;
      await engine.freeze(await containerOf(lab, subject), false);
    };
    scene.afterwards(`thaw ${subject}`, thaw);
    await scene.disturb(`freeze every process of ${subject}`, async () => {
      await engine.freeze(container, true);
      return felt(lab, subject);
    });
    await scene.holds("its health check fails", async () => {
      const look = await runProbe(engine, container);
      if (look?.ok) throw new NotSeen("it passes while nothing of the program moves");
      return look?.saw ?? "";
    });
    // The engine looks as often as the files say: where that is seldom, it is worked out and not waited for.
    const { intervalMs = 30_000, timeoutMs = 30_000, retries = 3 } = probe ?? {};
    const noticedMs = retries * (intervalMs + timeoutMs);
    if (noticedMs <= waitMs)
      await scene.holds("the engine calls it unhealthy", () =>
        healthOf(lab, subject, "unhealthy", noticedMs + 20_000),
      );
    else
      scene.note("the engine calls it unhealthy", `after ${retries} failures, within ${seconds(noticedMs)}`);
    await scene.disturb(`thaw ${subject}`, async () => {
      await thaw();
      return "its processes go on";
    });
    await scene.holds("it serves again by itself", () => lab.serves(subject));
    for (const store of storesOf(stack, lab, subject)) await without(scene, stack, subject, store);
  },
});

/** Stores that a service waits for when it starts. A proxy's check is about the proxy. */
function storesOf({ project }: DrillStack, lab: Lab, subject: string): string[] {
  const service = project.services.find(({ name }) => name === subject);
  if (!service || service.kind === "proxy" || isStore(service)) return [];
  const named = new Set(service.dependsOn.map(dependency => dependency.service));
  return project.services
    .filter(
      store => named.has(store.name) && isStore(store) && !store.oneShot && !lab.missing.has(store.name),
    )
    .map(({ name }) => name);
}

/** So long a service may take to notice that its store is gone. */
const noticeMs = 10_000;

/**
 * Takes a store away. The check may stay green as long as the service answers all that it answered: it may well do
 * without a cache. It may not while users get errors.
 */
async function without(scene: Scene, stack: DrillStack, subject: string, store: string): Promise<void> {
  const { lab } = scene;
  const { engine } = lab;
  const container = await containerOf(lab, subject);
  scene.afterwards(`start ${store}`, async () => engine.start(await containerOf(lab, store)));
  const pages = await pagesOf(lab, stack, subject);
  let green: string | undefined;
  let broken: string | undefined;
  await scene.disturb(`take ${store} away from ${subject}`, async () => {
    await engine.stop(await containerOf(lab, store), { graceMs: 0 });
    for (const limit = engine.now() + noticeMs; engine.now() < limit; await engine.sleep(1_000)) {
      const look = await runProbe(engine, container);
      green = look?.ok ? look.saw : undefined;
      broken = await brokenAnswer(lab, subject, pages);
      if (green === undefined) return look?.saw ?? "";
    }
    return broken ?? `${green}, and what it answered before it still answers`;
  });
  await scene.holds(`its health check does not pass while ${store} is missed`, async () => {
    if (green !== undefined && broken !== undefined) throw new NotSeen(`${green} while ${broken}`);
    return green === undefined ? "it fails" : "nothing that it is asked shows that it is missed";
  });
  await scene.disturb(`bring ${store} back`, async () => {
    await engine.start(await containerOf(lab, store));
    return lab.serves(store);
  });
  await scene.holds(`${subject} serves again by itself`, () => lab.serves(subject));
}

/** An error among the requests that were answered well before. */
async function brokenAnswer(
  lab: Lab,
  subject: string,
  pages: readonly KnownRequest[],
): Promise<string | undefined> {
  const container = await containerOf(lab, subject);
  for (const request of [...lab.requests(subject), ...pages]) {
    const { status, error } = await lab.engine.http(container, { ...request, timeoutMs: 5_000 });
    if (status === undefined || status >= 500) return `GET ${request.path} gives ${status ?? error}`;
  }
  return undefined;
}

/** What the application's own routes answer in calm times, beyond what the lab knows. */
async function pagesOf(lab: Lab, { stack, project }: DrillStack, subject: string): Promise<KnownRequest[]> {
  const service = project.services.find(({ name }) => name === subject);
  const [base] = lab.requests(subject);
  if (!service || !base) return [];
  const known = new Set(lab.requests(subject).map(({ path }) => path));
  const container = await containerOf(lab, subject);
  const pages: KnownRequest[] = [];
  for (const path of plainRoutes(stack, service)) {
    if (known.has(path) || pages.length >= mostPages) continue;
    const { status } = await lab.engine.http(container, { ...base, path, timeoutMs: 2_000 });
    if (status !== undefined && status < 400) pages.push({ ...base, path, status });
  }
  return pages;
}

const mostPages = 6;

/** A check that may fail for ten minutes before it counts watches something slower than a drill: a daily renewal. */
const slowMs = 600_000;

function turnsInTime({ healthcheck }: Service): boolean {
  return healthcheck !== undefined && !healthcheck.disabled && (healthcheck.startPeriodMs ?? 0) < slowMs;
}

/** That the program answers nothing now; where nothing can be asked, that it was frozen is all there is. */
async function felt(lab: Lab, subject: string): Promise<string> {
  const [request] = lab.requests(subject);
  if (!request) return "its processes do not move";
  const { status, error } = await lab.engine.http(await containerOf(lab, subject), {
    ...request,
    timeoutMs: 2_000,
  });
  if (status !== undefined) throw new NotSeen(`GET ${request.path} still answers ${status}`);
  return `GET ${request.path} gives no answer: ${error}`;
}

async function healthOf(lab: Lab, subject: string, wanted: string, withinMs: number): Promise<string> {
  const { engine } = lab;
  const start = engine.now();
  for (;;) {
    const { health, state } = await containerOf(lab, subject);
    const waited = seconds(engine.now() - start);
    if (health === wanted) return `after ${waited}`;
    if (engine.now() - start > withinMs) throw new NotSeen(`after ${waited} it is still ${health ?? state}`);
    await engine.sleep(500);
  }
}
