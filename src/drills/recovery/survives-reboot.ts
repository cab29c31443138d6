import { NotSeen } from "../../core/drill.ts";
import { defineDrill } from "../drill.ts";
import { longRunning } from "../targets.ts";

/** After a power cut everything starts at once, and slower than usual. */
const comesBackWithinMs = 180_000;

export default defineDrill({
  id: "recovery/survives-reboot",
  title: "The whole stack comes back after a power cut",
  claim: "survives-reboot",
  disturbs:
    "Kills the main process of every container at the same moment; the engine starts them in any order.",
  targets(stack) {
    const services = longRunning(stack).map(({ name }) => name);
    return services.length === 0 ? [] : [{ subject: stack.project.name, services: [], also: services }];
  },
  async run(scene, { also: services = [] }) {
    const { lab } = scene;
    const { engine } = lab;
    for (const name of services) await scene.steady(`${name} serves`, () => lab.serves(name));
    const before = new Map<string, string>();
    await scene.disturb("kill every container at once", async () => {
      const running = (await Promise.all(services.map(name => lab.containers(name)))).flat();
      for (const { id, startedAt } of running) before.set(id, startedAt);
      await Promise.all(running.map(container => engine.crash(container)));
      return `${running.length} containers died`;
    });
    const start = engine.now();
    for (const name of services) {
      await scene.holds(`${name} is started again and serves`, async () => {
        // A container without a policy stays down: no need to wait for it as long as for a slow start.
        await engine.sleep(2_000);
        const mine = await lab.containers(name);
        const down = mine.find(one => one.state === "exited" && one.restartPolicy === "no");
        if (down) throw new NotSeen("it stays down: it has no restart policy");
        const saw = await lab.serves(name, Math.max(10_000, comesBackWithinMs - (engine.now() - start)));
        if ((await lab.containers(name)).some(one => before.get(one.id) === one.startedAt))
          throw new NotSeen("it was not killed");
        return saw;
      });
    }
  },
});
