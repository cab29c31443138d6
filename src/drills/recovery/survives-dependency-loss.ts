import { type Lab, type Look, NotSeen } from "../../core/drill.ts";
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
    const mute: string[] = [];
    for (const [index, user] of users.entries())
      if (looks[index]!.ok && (await onlyLeadsOn(lab, user))) mute.push(user);
    // The last one seen is what the report shows.
    for (const user of users.toSorted((a, b) => Number(mute.includes(b)) - Number(mute.includes(a))))
      await scene.holds(`${user} serves again`, () => lab.serves(user));
    if (mute.length === users.length)
      throw new NotSeen(
        `${mute.join(" and ")} ${mute.length === 1 ? "was" : "were"} asked for nothing that needs ${subject}: every answer is a redirect or a refusal, and there is no health check`,
      );
  },
});

/** All its answers are redirects or refusals, which no store is needed for, and it has no health check. */
async function onlyLeadsOn(lab: Lab, user: string): Promise<boolean> {
  const known = lab.requests(user);
  if (known.length === 0 || known.some(({ status }) => status < 300)) return false;
  return !(await lab.containers(user)).some(({ probe }) => probe !== undefined);
}

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
