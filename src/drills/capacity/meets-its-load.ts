import { type KnownRequest, type Lab, NotSeen, type Scene } from "../../core/drill.ts";
import type { Container } from "../../core/engine.ts";
import type { Service } from "../../stack/stack.ts";
import { apiPaths, facesVisitors } from "../access/front-door.ts";
import { type DrillStack, defineDrill } from "../drill.ts";
import { containerOf, longRunning, seconds } from "../targets.ts";
import { judge, type Machine, ofMachine } from "./its-own.ts";
import { type Measured, momentOf, openLoop, shares, to } from "./open-loop.ts";

const usual = { rate: 20, p95: 100, healthP95: 50, start: 30 };
const warmMs = 3_000;
const measureMs = 10_000;
/** Each step doubles the rate; a step is short, because it says where the end is and decides nothing. */
const stepMs = 2_000;
const steps = 4;
/** So often a load is sent at most: what is missed because others use the machine may be met a moment later. */
const tries = 3;

export default defineDrill({
  id: "capacity/meets-its-load",
  title: "Requests at the expected rate are answered in time, and none fails",
  claim: "meets-its-load",
  disturbs:
    "Sends requests at a constant rate to the front door and to a health check, then doubles the rate until it is missed, and starts the applications again.",
  targets(stack) {
    const front = frontOf(stack);
    if (!front) return [];
    const apps = longRunning(stack).filter(
      service => service !== front && ["app", "unknown"].includes(service.kind),
    );
    return [{ subject: front.name, services: [front.name], also: apps.map(({ name }) => name) }];
  },
  async run(scene, { subject, also: apps = [] }, { load }) {
    const { lab } = scene;
    const { engine } = lab;
    const targets = { ...usual, ...load };
    const { rate } = targets;
    for (const name of [subject, ...apps]) await scene.steady(`${name} serves`, () => lab.serves(name));
    const container = await containerOf(lab, subject);
    let request: KnownRequest | undefined;
    await scene.steady("the front door answers", async () => {
      request = await throughTo(lab, container, subject, apps);
      return `${request.path} on ${request.port}: ${request.status}`;
    });
    const health = healthOf(lab, [...apps, subject], request!);
    await scene.disturb(`warm up with ${rate} a second`, async () => {
      const warm = await openLoop(engine, to(lab, container, request!), { rate, forMs: warmMs });
      refuseLimited(warm, rate);
      return told(warm);
    });
    let front: Tried | undefined;
    let probe: Tried | undefined;
    for (let tried = 1; tried <= tries; tried++) {
      const before = await momentOf(lab);
      let measured: readonly [Measured, Measured | undefined, Measured];
      await scene.disturb(`send ${rate} a second for ${measureMs / 1000} s`, async () => {
        const beside = { rate: 5, forMs: measureMs };
        const at = health && (await containerOf(lab, health.service));
        measured = await Promise.all([
          openLoop(engine, to(lab, container, request!), { rate, forMs: measureMs }),
          at && openLoop(engine, to(lab, at, health!.request), beside),
          openLoop(engine, engine.nothing, beside),
        ]);
        refuseLimited(measured[0], rate);
        return told(measured[0]);
      });
      const [seen, probed, { p95: nothing }] = measured!;
      const machine = { nothing, share: shares(before, await momentOf(lab)) };
      scene.note("the machine", ofMachine(machine));
      front = better(front, { seen, target: targets.p95, machine });
      probe = probed && better(probe, { seen: probed, target: targets.healthP95, machine });
      const verdicts = [front, probe].map(one => one && judge(one.seen, one.target, one.machine));
      if (verdicts.includes("missed") || !verdicts.includes("excused")) break;
    }
    await within(scene, `${request!.path} meets its target`, front!);
    if (health && probe) await within(scene, `${health.service}'s ${health.request.path}`, probe);
    scene.note("at more than that", await saturation(lab, container, request!, targets));
    for (const name of apps.filter(app => lab.requests(app).length > 0))
      await startsInTime(scene, name, targets.start);
  },
});

/** One measure, on the machine as it was then. */
interface Tried {
  readonly seen: Measured;
  readonly target: number;
  readonly machine: Machine;
}

/** What was met stays met; otherwise the later one counts. */
function better(before: Tried | undefined, now: Tried): Tried {
  return before && judge(before.seen, before.target, before.machine) === "met" ? before : now;
}

/** The service that visitors reach: a proxy before anything else. */
function frontOf(stack: DrillStack): Service | undefined {
  const open = longRunning(stack).filter(facesVisitors);
  return open.find(({ kind }) => kind === "proxy") ?? open[0];
}

/** What the API answers through the front door; where that is not known, the page that visitors get. */
async function throughTo(
  lab: Lab,
  container: Container,
  front: string,
  apps: readonly string[],
): Promise<KnownRequest> {
  const known = lab.requests(front);
  const best =
    known.find(({ path, status }) => path === "/" && status < 300) ??
    known.find(({ status }) => status < 300) ??
    known[0];
  if (!best || best.status >= 400) throw new NotSeen("it answers no request that the files show");
  for (const path of apiPaths(lab, apps)) {
    const { status } = await lab.engine.http(container, { ...best, path });
    if (status !== undefined && status < 300) return { ...best, path, status };
  }
  return best;
}

/** A health check that is asked over HTTP, and is not what the load asks for itself. */
function healthOf(lab: Lab, services: readonly string[], load: KnownRequest) {
  for (const service of services) {
    const request = lab.requests(service).find(({ path, status }) => path !== "/" && status < 300);
    if (request && request !== load) return { service, request };
  }
  return undefined;
}

/** @throws NotSeen when some requests met a limit for one client: their answers are no sign of the stack's strength. */
function refuseLimited({ limited, sent }: Measured, rate: number): void {
  if (limited > 0)
    throw new NotSeen(
      `${limited} of ${sent} were answered with 429: it limits each client to less than ${rate} a second, and a load comes from one. Set load.rate below that`,
    );
}

function told({ sent, failed, p50, p95, p99 }: Measured): string {
  return `${sent} sent, ${failed.length} failed; p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms`;
}

async function within(scene: Scene, what: string, { seen, target, machine }: Tried) {
  const { failed, sent, p95 } = seen;
  if (judge(seen, target, machine) === "excused")
    await scene.steady(`${what}: the machine has time for it`, async () => {
      throw new NotSeen(`${told(seen)}, but ${ofMachine(machine)}: try again when it is calm`);
    });
  await scene.holds(`${what}: all answered, 95 of 100 in ${target} ms`, async () => {
    const [first] = failed;
    if (first) throw new NotSeen(`${failed.length} of ${sent} failed (${first.status ?? first.error})`);
    if (p95 > target) throw new NotSeen(told(seen));
    return told(seen);
  });
}

/** Doubles the rate until a target is missed. Gives the last rate that was held, and what the next one did. */
async function saturation(
  lab: Lab,
  container: Container,
  request: KnownRequest,
  targets: typeof usual,
): Promise<string> {
  let held = targets.rate;
  for (let step = 1; step <= steps; step++) {
    const rate = targets.rate * 2 ** step;
    const seen = await openLoop(lab.engine, to(lab, container, request), { rate, forMs: stepMs });
    const upTo = `it holds ${held} a second`;
    if (seen.limited > 0) return `${upTo}; at ${rate} one client is limited (${seen.limited} times 429)`;
    if (seen.late > targets.p95 / 2)
      return `${upTo}; ${rate} cannot be sent from this machine (${seen.late} ms late)`;
    if (seen.failed.length > 0 || seen.p95 > targets.p95) return `${upTo}; at ${rate}: ${told(seen)}`;
    held = rate;
  }
  return `it holds ${held} a second, the most that is tried`;
}

async function startsInTime(scene: Scene, name: string, withinSeconds: number): Promise<void> {
  const { lab } = scene;
  const { engine } = lab;
  const container = await containerOf(lab, name);
  scene.afterwards(`start ${name}`, () => engine.start(container));
  const before = await momentOf(lab);
  await scene.disturb(`stop ${name} and start it again`, async () => {
    await engine.stop(container);
    await engine.start(container);
    return "it is started";
  });
  const begin = engine.now();
  const saw = await lab.serves(name, Math.max(lab.patienceMs(name), withinSeconds * 2_000)).catch(error => {
    if (error instanceof NotSeen) return error;
    throw error;
  });
  const tookMs = engine.now() - begin;
  const others = shares(before, await momentOf(lab))?.others ?? 0;
  if (tookMs > withinSeconds * 1_000 && tookMs * (1 - others) <= withinSeconds * 1_000)
    await scene.steady(`${name}: the machine has time for its start`, async () => {
      throw new NotSeen(`it took ${seconds(tookMs)}, with other programs on ${Math.round(others * 100)} %`);
    });
  await scene.holds(`${name} serves ${withinSeconds} s after its start`, async () => {
    if (typeof saw !== "string") throw saw;
    if (tookMs > withinSeconds * 1_000) throw new NotSeen(`it took ${seconds(tookMs)}`);
    return `after ${seconds(tookMs)}`;
  });
}
