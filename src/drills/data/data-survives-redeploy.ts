import { type Lab, NotSeen } from "../../core/drill.ts";
import { isStore } from "../../stack/query.ts";
import type { Service } from "../../stack/stack.ts";
import { type DrillStack, defineDrill } from "../drill.ts";
import { containerOf, longRunning } from "../targets.ts";
import { fileKeeper, type Keeper, keeperOf } from "./stores.ts";

export default defineDrill({
  id: "data/data-survives-redeploy",
  title: "Rows and files are there after the containers were replaced",
  claim: "data-survives-redeploy",
  disturbs:
    "Writes rows and files, takes the stack down and up, recreates every container, and reads them again.",
  targets(stack) {
    const holders = longRunning(stack).filter(service => keepersOf(service).length > 0);
    const names = holders.map(({ name }) => name);
    return names.length === 0 ? [] : [{ subject: names.join(", "), services: [], also: names }];
  },
  async run(scene, { also: services = [] }, stack) {
    const { lab } = scene;
    const { engine, project } = lab;
    const kept = services.flatMap(name => keepersIn(stack, name).map(keeper => ({ name, keeper })));
    const mark = `mark-${lab.id}`;
    for (const { name, keeper } of kept) {
      scene.afterwards(`take ${keeper.what} away from ${name}`, async () =>
        keeper.remove(engine, await containerOf(lab, name)),
      );
      await scene.steady(`write ${keeper.what} through ${name}`, async () => {
        await keeper.write(engine, await containerOf(lab, name), mark);
        return read(lab, name, keeper, mark);
      });
    }
    await scene.disturb("take the stack down, without its volumes, and up", async () => {
      await engine.down(project);
      await lab.startTogether();
      for (const { name } of kept) await lab.serves(name);
      return "new containers on the same volumes";
    });
    for (const { name, keeper } of kept)
      await scene.holds(`${name} still has ${keeper.what}`, () => read(lab, name, keeper, mark));
    await scene.disturb("replace every container", async () => {
      await lab.startTogether({ recreate: true });
      for (const { name } of kept) await lab.serves(name);
      return "new containers";
    });
    for (const { name, keeper } of kept)
      await scene.holds(`${name} has ${keeper.what} in its new container`, () =>
        read(lab, name, keeper, mark),
      );
  },
});

async function read(lab: Lab, name: string, keeper: Keeper, mark: string): Promise<string> {
  const seen = await keeper.read(lab.engine, await containerOf(lab, name));
  if (seen === undefined) throw new NotSeen("it is gone");
  if (seen !== mark) throw new NotSeen(`it is not what was written: ${seen.slice(0, 80)}`);
  return "it is there";
}

/**
 * What a service has to keep: a database its rows, any other store what lies in a volume, an application what it
 * writes to the volumes that somebody gave it. A cache without a volume is meant to forget.
 */
function keepersOf(service: Service): Keeper[] {
  const own = keeperOf(service);
  if (service.kind === "database" || service.kind === "storage") return own ? [own] : [];
  const volumes = service.mounts.filter(
    mount => mount.type === "volume" && mount.source !== undefined && !mount.readOnly,
  );
  if (isStore(service)) return volumes.length > 0 && own ? [own] : [];
  return volumes.map(mount => fileKeeper(mount.target));
}

function keepersIn({ project }: DrillStack, name: string): Keeper[] {
  return project.services.filter(service => service.name === name).flatMap(keepersOf);
}
