import { NotSeen, type Scene } from "../../core/drill.ts";
import { defineDrill } from "../drill.ts";
import { containerOf, longRunning, seconds, startAgain } from "../targets.ts";

/** After a power cut everything starts at once, and slower than usual. */
const comesBackWithinMs = 180_000;
const restartWithinMs = 30_000;

export default defineDrill({
  id: "recovery/survives-reboot",
  title: "The whole stack comes back after a power cut",
  claim: "survives-reboot",
  disturbs:
    "Kills the main process of every container at the same moment, and stops in order what is restarted only after a failure.",
  targets(stack) {
    const services = longRunning(stack).map(({ name }) => name);
    return services.length === 0 ? [] : [{ subject: stack.project.name, services: [], also: services }];
  },
  async run(scene, { also: services = [] }) {
    const { lab } = scene;
    const { engine } = lab;
    for (const name of services) await scene.steady(`${name} serves`, () => lab.serves(name));
    const before = new Map<string, string>();
    scene.afterwards("start what is down", () => startAgain(lab, services));
    await scene.disturb("kill every container at once", async () => {
      const running = (await Promise.all(services.map(name => lab.containers(name)))).flat();
      for (const { id, startedAt } of running) before.set(id, startedAt);
      await Promise.all(running.map(container => engine.crash(container)));
      return `${running.length} containers died`;
    });
    const start = engine.now();
    await scene.holds("every container is started again", async () => {
      for (;;) {
        const mine = (await Promise.all(services.map(name => lab.containers(name)))).flat();
        const down = mine.filter(({ id, startedAt }) => before.get(id) === startedAt);
        if (down.length === 0) return `after ${seconds(engine.now() - start)}`;
        // Without a policy it stays down: there is nothing to wait for.
        const bare = down.find(({ restartPolicy }) => restartPolicy === "no");
        if (bare) throw new NotSeen(`${bare.service} stays down: it has no restart policy`);
        if (engine.now() - start > restartWithinMs)
          throw new NotSeen(
            `${down[0]!.service} is ${down[0]!.state} (restart policy: ${down[0]!.restartPolicy})`,
          );
        await engine.sleep(500);
      }
    });
    for (const name of services) {
      const left = comesBackWithinMs - (engine.now() - start);
      await scene.holds(`${name} serves again`, () => lab.serves(name, Math.max(10_000, left)));
    }
    for (const name of services) await orderly(scene, name);
  },
});

/**
 * A machine that is shut down in order stops its containers first. The engine starts one with `on-failure` again only
 * if it had failed, so a program that ends well is never started again. (Measured: test/engine/reboot.test.ts.)
 */
async function orderly(scene: Scene, name: string): Promise<void> {
  const { lab } = scene;
  const { engine } = lab;
  const [container] = (await lab.containers(name)).filter(
    ({ restartPolicy }) => restartPolicy === "on-failure",
  );
  if (!container) return;
  scene.afterwards(`start ${name}`, () => engine.start(container));
  await scene.disturb(`stop ${name}, as an orderly shutdown does`, async () => {
    await engine.stop(container);
    return `it ended with ${(await containerOf(lab, name)).exitCode}`;
  });
  await scene.holds(`the engine would start ${name} again`, async () => {
    const { exitCode } = await containerOf(lab, name);
    if (exitCode === 0)
      throw new NotSeen(
        `${name} ended well, and with the restart policy on-failure an engine that starts leaves it down`,
      );
    return `it ended with ${exitCode}, which counts as a failure`;
  });
}
