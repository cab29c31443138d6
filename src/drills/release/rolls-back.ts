import { type Lab, NotSeen } from "../../core/drill.ts";
import { type Container, EngineError } from "../../core/engine.ts";
import { type DrillStack, defineDrill } from "../drill.ts";
import { seconds } from "../targets.ts";
import { byWay, type Deploy, released, restore, running } from "./deploy.ts";
import { appsOf } from "./front.ts";
import { deployWays, rollbackWays, type Taken, take, type Way } from "./ways.ts";

export default defineDrill({
  id: "release/rolls-back",
  title: "The version before a release serves again when it is called back",
  claim: "rolls-back",
  disturbs:
    "Brings in a new version in the project's own way, or by building and `docker compose up -d`, and goes back to the one before.",
  targets(stack) {
    const apps = builtApps(stack);
    if (apps.length === 0) return [];
    const ways = waysOf(stack).map(({ title }) => title);
    const subject = ways.length > 0 ? `${apps.join(", ")}, by ${ways.join(" or ")}` : apps.join(", ");
    return [{ subject, services: [], also: apps }];
  },
  async run(scene, { also: apps = [] }, stack) {
    const { lab } = scene;
    for (const name of apps) await scene.steady(`${name} serves`, () => lab.serves(name));
    scene.afterwards("bring back the version before", () => restore(lab, apps));
    const ways = waysOf(stack);
    let before: readonly Container[] = [];
    let way: Way | undefined;
    let deploy: Deploy | undefined;
    // A release of its own for each way: the same again would be the same image.
    let release = 0;
    const bring = async () => {
      before = await containersOf(lab, apps);
      const taken = await deploy!.bring(++release, "none");
      if (!taken.ok) throw new NotSeen(taken.saw);
      for (const name of apps) await lab.serves(name);
      const now = await running(lab, apps);
      if (before.every(({ id }) => now.has(id))) throw new NotSeen("the version before still runs");
      return `${taken.saw}, after ${seconds(taken.ms)}`;
    };
    for (const [index, one] of [...ways, undefined].entries()) {
      if (index > 0 && one === undefined) break;
      way = one;
      deploy = one ? await byWay(scene, stack, one, apps) : byBuild(lab, stack, apps);
      const title = `${deploy.title} brings in a new version`;
      // Another of its ways may do what this one does not.
      if (index >= ways.length - 1) await scene.disturb(title, bring);
      else {
        const failed = await bring().then(
          () => undefined,
          error => {
            if (error instanceof NotSeen) return error.message;
            throw error;
          },
        );
        scene.note(title, failed ?? "it ends with 0");
        if (failed === undefined) break;
        scene.note("bring back the version before", await restore(lab, apps).then(() => "it serves"));
      }
    }
    if (!deploy) return;
    const back = backWay(stack, way);
    if (back && deploy.server) {
      let taken: Taken | undefined;
      await scene.disturb(`take ${back.title} back`, async () => {
        taken = await take(deploy.server!, back, firstRelease);
        return `${taken.saw}, after ${seconds(taken.ms)}`;
      });
      await scene.holds(`${back.title} ends well`, async () => {
        if (!taken!.ok) throw new NotSeen(taken!.saw);
        return taken!.saw;
      });
    } else {
      for (const container of before)
        await scene.holds(`the image of ${container.service} from before has a name`, () =>
          named(lab, container),
        );
      await scene.disturb("start the images from before", async () => {
        // The lab's own file names them as they were, or as they are called now.
        await lab.engine.write(lab.project, withImages(lab, before));
        const done = await lab.engine.up(lab.project, { services: apps, recreate: true });
        if (!done.ok) throw new NotSeen(done.words);
        return "new containers";
      });
    }
    await scene.holds("the version before runs", async () => {
      const images = new Set(before.map(({ image }) => image));
      const now = (await containersOf(lab, apps)).filter(({ state }) => state === "running");
      const wrong = now.find(({ image }) => !images.has(image));
      if (wrong) throw new NotSeen(`${wrong.service} runs another image`);
      if (now.length === 0) throw new NotSeen("nothing runs");
      return now.map(({ service }) => service).join(", ");
    });
    for (const name of apps)
      await scene.holds(`${name} serves, with the data as they are now`, () => lab.serves(name));
  },
});

/** More of its ways are not tried. */
const most = 3;

function waysOf(stack: DrillStack): Way[] {
  return deployWays(stack).slice(0, most);
}

/** What the lab fills in for a release that nothing names. */
const firstRelease = "lab";

function builtApps(stack: DrillStack): string[] {
  return appsOf(stack).flatMap(({ name, build }) => (build ? [name] : []));
}

async function containersOf(lab: Lab, apps: readonly string[]): Promise<Container[]> {
  return (await Promise.all(apps.map(lab.containers))).flat();
}

/** A script for it, or the way of deploying with the release before. */
function backWay(stack: DrillStack, way: Way | undefined): Way | undefined {
  return rollbackWays(stack)[0] ?? (way?.takesRelease ? way : undefined);
}

/** Builds under the names that the files give, and starts what is new. */
function byBuild(lab: Lab, { project: user }: DrillStack, apps: readonly string[]): Deploy {
  const { engine, project, model } = lab;
  return {
    title: "docker compose up -d --build",
    async bring(release, defect) {
      const marked = released(model, apps, release, defect, new Set());
      const services = Object.fromEntries(
        Object.entries(marked.services).map(([name, service]) => {
          // A name that takes its tag from a variable is another for each release.
          const image = user.services.find(one => one.name === name)?.image;
          const own = apps.includes(name) && /:[^/]*\$/.test(image?.raw ?? "");
          return [name, own ? { ...service, image: `${service.image}-${release}` } : service];
        }),
      );
      await engine.write(project, { ...marked, services });
      const since = engine.now();
      const end = (ok: boolean, words: string): Taken => ({
        ...{ ok, saw: ok ? "it ends with 0" : words, ms: engine.now() - since },
      });
      for (const name of apps) {
        const built = await engine.obtain(project, { name, image: services[name]?.image ?? "", build: true });
        if (!built.ok) return end(false, built.words);
      }
      const done = await engine.up(project, { services: apps });
      return end(done.ok, done.words);
    },
  };
}

/** The names that the image of a container has now. @throws NotSeen when it has none, or is gone. */
async function named(lab: Lab, container: Container): Promise<string> {
  let text: string;
  try {
    text = await lab.engine.imageText(container);
  } catch (error) {
    if (error instanceof EngineError && error.trouble === "failed") throw new NotSeen("it was removed");
    throw error;
  }
  const names = /"RepoTags":\[([^\]]*)\]/.exec(text)?.[1] ?? "";
  if (names === "")
    throw new NotSeen("the release has taken its name: only a build of the former code brings it back");
  return "it can be started again";
}

function withImages({ model }: Lab, before: readonly Container[]): Lab["model"] {
  const services = Object.entries(model.services).map(([name, service]) => {
    const image = before.find(container => container.service === name)?.image;
    return [name, image === undefined ? service : { ...service, image }];
  });
  return { ...model, services: Object.fromEntries(services) };
}
