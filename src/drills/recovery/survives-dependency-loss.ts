import type { Lab, Look } from "../../core/drill.ts";
import { isStore } from "../../stack/query.ts";
import { pointsAt } from "../../stack/query-environment.ts";
import type { Service } from "../../stack/stack.ts";
import { type DrillStack, defineDrill } from "../drill.ts";
import { containerOf, eventOf, longRunning } from "../targets.ts";

/** Long enough that connections break and are tried again, short enough for a drill. */
const lossMs = 10_000;

export default defineDrill({
  id: "recovery/survives-dependency-loss",
  title: "A service recovers when a dependency went away and came back",
  claim: "survives-dependency-loss",
  disturbs: "Crashes each store that others use, keeps it away for ten seconds, and starts it again.",
  targets: stack =>
    longRunning(stack)
      .filter(isStore)
      .filter(store => usersOf(stack, store).length > 0)
      .map(store => ({
        subject: store.name,
        services: [store.name],
        also: usersOf(stack, store).map(({ name }) => name),
      })),
  async run(scene, { subject, also: users = [] }) {
    const { lab } = scene;
    const { engine } = lab;
    for (const name of [subject, ...users]) await scene.steady(`${name} serves`, () => lab.serves(name));
    const feed = await engine.events(lab.id);
    scene.afterwards("close the event feed", async () => feed.close());
    scene.afterwards(`start ${subject}`, async () => engine.start(await containerOf(lab, subject)));
    await scene.disturb(`take ${subject} away`, async () => {
      await engine.stop(await containerOf(lab, subject), { graceMs: 0 });
      const died = await eventOf(lab, feed, subject, /^die$/, 10_000);
      return `it ended with code ${died.exitCode}`;
    });
    // Looks take their time where a check waits for what is gone.
    const [, ...looks] = await Promise.all([engine.sleep(lossMs), ...users.map(user => lookLate(lab, user))]);
    for (const [index, user] of users.entries()) scene.note(`${user} without ${subject}`, looks[index]!.saw);
    await scene.disturb(`bring ${subject} back`, async () => {
      await engine.start(await containerOf(lab, subject));
      return lab.serves(subject);
    });
    for (const user of users) await scene.holds(`${user} serves again`, () => lab.serves(user));
  },
});

/** When the loss has been felt. */
async function lookLate(lab: Lab, user: string): Promise<Look> {
  await lab.engine.sleep(lossMs / 2);
  return lab.look(user);
}

/** Services that name the store: in `depends_on`, or in an address of their environment. */
function usersOf(stack: DrillStack, store: Service): Service[] {
  return longRunning(stack).filter(
    service =>
      service !== store &&
      (service.dependsOn.some(dependency => dependency.service === store.name) ||
        service.environment.some(variable => pointsAt(stack.project, variable) === store)),
  );
}
