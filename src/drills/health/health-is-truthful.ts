import { type Lab, NotSeen } from "../../core/drill.ts";
import type { Service } from "../../stack/stack.ts";
import { defineDrill } from "../drill.ts";
import { runProbe } from "../look.ts";
import { containerOf, eachOf, longRunning, seconds } from "../targets.ts";

export default defineDrill({
  id: "health/health-is-truthful",
  title: "A health check turns when its program serves no more",
  claim: "health-is-truthful",
  disturbs:
    "Freezes every process of a service, so that it is there and answers nothing, and thaws it again.",
  targets: stack => eachOf(longRunning(stack).filter(turnsInTime)),
  async run(scene, { subject }) {
    const { lab } = scene;
    const { engine } = lab;
    const container = await containerOf(lab, subject);
    const { probe } = container;
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
    // The engine looks as often as the files say; that may be rarer than a drill can wait for.
    const { intervalMs = 30_000, timeoutMs = 30_000, retries = 3 } = probe ?? {};
    const waitMs = retries * (intervalMs + timeoutMs) + 20_000;
    if (waitMs <= 240_000)
      await scene.holds("the engine calls it unhealthy", () => healthOf(lab, subject, "unhealthy", waitMs));
    await scene.disturb(`thaw ${subject}`, async () => {
      await thaw();
      return "its processes go on";
    });
    await scene.holds("it serves again by itself", () => lab.serves(subject));
  },
});

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
