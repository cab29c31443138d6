import { NotSeen, type Started } from "../../core/drill.ts";
import { defineDrill } from "../drill.ts";
import { seconds } from "../targets.ts";

export default defineDrill({
  id: "boot/boots-healthy",
  title: "The stack starts from nothing, and again on its own data",
  claim: "boots-healthy",
  disturbs: "Starts the whole stack on empty volumes, stops it, and starts it on what it has written.",
  targets: ({ project }) => (project.services.length === 0 ? [] : [{ subject: project.name, services: [] }]),
  async run(scene) {
    const { lab } = scene;
    const { engine, project } = lab;
    await scene.steady("the images are there", async () => {
      const there = Object.keys(lab.model.services);
      if (there.length === 0) throw new NotSeen(whyMissing(lab.missing));
      return `${there.length} services to start`;
    });
    let started: readonly Started[] = [];
    await scene.disturb("start from nothing", async () => {
      started = await lab.coldStart();
      return `${started.filter(({ ok }) => ok).length} of ${started.length} services stand`;
    });
    await scene.holds("every service starts", async () => verdict(started));
    await scene.disturb("take the containers away and start on the same volumes", async () => {
      await engine.down(project);
      started = await lab.warmStart();
      return `${started.filter(({ ok }) => ok).length} of ${started.length} services stand`;
    });
    await scene.holds("every service starts on existing data", async () => verdict(started));
    await scene.steady("nothing was left out", async () => {
      if (lab.missing.size > 0) throw new NotSeen(whyMissing(lab.missing));
      return "every service of the files was started";
    });
  },
});

function verdict(started: readonly Started[]): string {
  const bad = started.filter(({ ok }) => !ok);
  const [first] = bad;
  if (first) {
    const more =
      bad.length > 1
        ? `, and ${bad.length - 1} more: ${bad
            .slice(1)
            .map(({ service }) => service)
            .join(", ")}`
        : "";
    throw new NotSeen(`${first.service}: ${first.saw}${more}`);
  }
  const times = started
    .filter(({ ms }) => ms !== undefined)
    .map(({ service, ms }) => `${service} ${seconds(ms!)}`);
  return times.join(", ");
}

function whyMissing(missing: ReadonlyMap<string, string>): string {
  return [...missing]
    .map(([service, why]) => `${service} is not in the lab: ${why.split("\n").at(-1)}`)
    .join("; ");
}
