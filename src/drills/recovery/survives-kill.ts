import { NotSeen } from "../../core/drill.ts";
import { defineDrill } from "../drill.ts";
import { containerOf, eachOf, eventOf, longRunning, seconds, startAgain } from "../targets.ts";

/** The engine waits longer with each restart; the first comes within a second. */
const restartWithinMs = 20_000;

export default defineDrill({
  id: "recovery/survives-kill",
  title: "A crashed service comes back by itself",
  claim: "survives-kill",
  disturbs: "Kills the main process of each service from outside, as a crash does.",
  targets: stack => eachOf(longRunning(stack)),
  async run(scene, { subject }) {
    const { lab } = scene;
    const { engine } = lab;
    await scene.steady(`${subject} serves`, () => lab.serves(subject));
    const feed = await engine.events(lab.id);
    scene.afterwards("close the event feed", async () => feed.close());
    const before = await containerOf(lab, subject);
    scene.afterwards(`start ${subject} if it is down`, () => startAgain(lab, [subject]));
    await scene.disturb(`kill the main process of ${subject}`, async () => {
      await engine.crash(before);
      const died = await eventOf(lab, feed, subject, /^die$/, 10_000);
      return `it died with code ${died.exitCode}`;
    });
    await scene.holds(`${subject} is started again`, async () => {
      if (before.restartPolicy === "no") {
        await engine.sleep(3_000);
        const after = await containerOf(lab, subject);
        if (after.state !== "running")
          throw new NotSeen(`it is ${after.state} and stays so: it has no restart policy`);
      }
      const start = engine.now();
      for (;;) {
        const after = await containerOf(lab, subject);
        if (after.state === "running" && after.startedAt !== before.startedAt)
          return `after ${seconds(engine.now() - start)}`;
        if (engine.now() - start > restartWithinMs)
          throw new NotSeen(
            `it is ${after.state} ${seconds(restartWithinMs)} later (restart policy: ${after.restartPolicy})`,
          );
        await engine.sleep(200);
      }
    });
    await scene.holds(`${subject} serves again`, () => lab.serves(subject));
  },
});
