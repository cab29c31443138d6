import { type Lab, NotSeen, type Scene, type Target } from "../../core/drill.ts";
import { momentOf, shares } from "../capacity/open-loop.ts";
import { type DrillStack, defineDrill } from "../drill.ts";
import { longRunning, seconds } from "../targets.ts";
import { isOfTheWorld } from "../world.ts";
import { byUp, byWay, type Defect, type Deploy, restore, running } from "./deploy.ts";
import { type Asked, appsOf, askable, frontOf } from "./front.ts";
import { counted, type Exchange, noneLost, startTraffic } from "./traffic.ts";
import { deployWays, type Taken, type Way } from "./ways.ts";

const quietMs = 2_000;
/** How long a broken release is watched after the deploy has ended. */
const brokenMs = 4_000;
/** A way that takes longer than this is taken once for a good release and once for a broken one. */
const longMs = 60_000;
/** So many ways of deploying are tried, in the order of the files. */
const most = 3;

export default defineDrill({
  id: "release/rolls-out-without-downtime",
  title: "A new version takes over without losing a request",
  claim: "rolls-out-without-downtime",
  disturbs:
    "Sends twenty requests a second to the front door while the project's own way of deploying, or `docker compose up -d`, brings in a new version, and then broken ones.",
  targets(stack) {
    const front = frontOf(stack);
    const apps = appsOf(stack).map(({ name }) => name);
    if (!front || apps.length === 0) return [];
    const target = (subject: string): Target => ({ subject, services: [front.name], also: apps });
    const ways = deployWays(stack).slice(0, most);
    if (ways.length === 0) return [target(apps.join(", "))];
    // A script says something also where not all that it deploys can be had.
    const all = longRunning(stack).map(({ name }) => name);
    return ways.map(way => ({ subject: `${apps.join(", ")}, by ${way.title}`, services: [], also: all }));
  },
  async run(scene, { subject, also: there = [] }, stack) {
    const { lab } = scene;
    const front = frontOf(stack)!.name;
    const apps = appsOf(stack).flatMap(({ name }) => (there.includes(name) ? [name] : []));
    const way = deployWays(stack).find(({ title }) => subject.endsWith(`, by ${title}`));
    if (way && (apps.length === 0 || !(there.includes(front) || apps.includes(front)))) {
      await alone(scene, stack, way, there);
      return;
    }
    for (const name of new Set([front, ...apps]))
      await scene.steady(`${name} serves`, () => lab.serves(name));
    let asked: Asked | undefined;
    await scene.steady("the front door answers everything while nothing happens", async () => {
      asked = await askable(lab, stack, front, apps);
      const traffic = startTraffic(lab, front, asked.kinds, asked.socket);
      await lab.engine.sleep(quietMs);
      return noneLost(await traffic.end());
    });
    for (const what of asked!.notTried) scene.note("not tried", what);
    const stage: Stage = { scene, front, apps, asked: asked! };
    scene.afterwards("bring back the version before", () => restore(lab, apps));
    const cannot = way && (await ownWay(stage, stack, way));
    if (way && cannot === undefined) return;
    // The other way is shown, and decides nothing about theirs.
    await rollOut(stage, byUp(lab, apps), way === undefined);
    if (way)
      await scene.disturb(`take ${way.title}`, async () => {
        throw new NotSeen(cannot!);
      });
  },
});

interface Stage {
  readonly scene: Scene;
  readonly front: string;
  readonly apps: readonly string[];
  readonly asked: Asked;
}

/** Takes the project's own way; gives why a lab cannot, if it cannot. */
async function ownWay(stage: Stage, stack: DrillStack, way: Way): Promise<string | undefined> {
  const { scene, apps } = stage;
  try {
    return await rollOut(stage, await byWay(scene, stack, way, apps), true);
  } catch (error) {
    if (!(error instanceof NotSeen)) throw error;
    return error.message;
  }
}

/** A build that was tried: one whose context or Dockerfile is not here may be found on the server. */
const triedBuild =
  /: its image does not build: (?!its (build context|Dockerfile) |there is no |\S+ (has no FROM|cannot be read))/;

/** Takes a way whose applications are not in the lab, because their images do not build: it meets that too. */
async function alone(scene: Scene, stack: DrillStack, way: Way, there: readonly string[]): Promise<void> {
  const { lab } = scene;
  for (const name of there) await scene.steady(`${name} serves`, () => lab.serves(name));
  await scene.steady("what is not in the lab would not be on a server", async () => {
    const all = [...lab.missing].map(([name, why]) => ({
      name,
      why,
      lack: `${name}: ${why.split("\n")[0]}`,
    }));
    const lacks = all.map(({ lack }) => lack).join("; ");
    // One build that fails by itself ends the script, whatever a lab lacks for the others.
    const own = all.some(({ lack, why }) => triedBuild.test(lack) && !isOfTheWorld(why));
    const away = all.find(({ why }) => isOfTheWorld(why));
    if (!own) throw new NotSeen(away?.lack ?? lacks, away && lab.rootOf(away.name));
    return lacks;
  });
  const apps = appsOf(stack).map(({ name }) => name);
  scene.afterwards("start from nothing", async () => {
    await lab.engine.write(lab.project, lab.model);
    await lab.coldStart();
  });
  const deploy = await byWay(scene, stack, way, apps);
  const before = await running(lab, there);
  let taken: Taken | undefined;
  let left = 0;
  await scene.disturb(`take ${way.title}, without load`, async () => {
    taken = await deploy.bring(1, "none");
    left = (await running(lab, there)).size;
    return `${taken.saw}, after ${seconds(taken.ms)}; ${left} of ${before.size} containers still run`;
  });
  for (const note of deploy.server?.notes ?? []) scene.note("other than on a server", note);
  await scene.holds(`${way.title} ends well`, async () => {
    if (!taken!.ok) throw new NotSeen(`${taken!.saw}; ${left} of ${before.size} containers still run`);
    return taken!.saw;
  });
}

interface Brought {
  readonly defect: Defect;
  readonly taken: Taken;
  readonly sent: readonly Exchange[];
  readonly replaced: boolean;
  /** Share of the machine that other programs had meanwhile. */
  readonly others: number;
}

/** Answers that do not come in time say little of a stack that had less than half of the machine. */
const busyShare = 0.5;

const names: Readonly<Record<Defect, string>> = {
  none: "a new version",
  exits: "a version that ends at once",
  hangs: "a version whose health check fails",
};

/** Brings in a good release and broken ones, all under load, and judges afterwards: each is worth its figures. */
async function rollOut(stage: Stage, deploy: Deploy, judged: boolean): Promise<string | undefined> {
  const { scene, apps } = stage;
  const { lab } = scene;
  const good = await bring(stage, deploy, 1, "none");
  if (good.taken.cannot !== undefined) return good.taken.cannot;
  const broken: Brought[] = [];
  // What has failed with a good version shows nothing with a broken one.
  if (good.taken.ok) {
    const probed = await anyProbed(stage);
    const defects: Defect[] = ["exits", ...(probed ? (["hangs"] as const) : [])];
    for (const [index, defect] of defects.entries()) {
      if (index > 0 && good.taken.ms + broken[0]!.taken.ms > longMs) {
        scene.note("not tried", `${names[defect]}: the way takes too long to be taken again`);
        break;
      }
      broken.push(await bring(stage, deploy, 2 + index, defect));
      scene.note("bring back the version before", await broughtBack(lab, apps));
    }
    if (!probed) scene.note("not tried", `${names.hangs}: no application has a health check`);
  }
  for (const note of deploy.server?.notes ?? []) scene.note("other than on a server", note);
  if (!judged) return undefined;
  await scene.alsoHolds(`${deploy.title} ends well`, async () => {
    if (!good.taken.ok) throw new NotSeen(`${good.taken.saw}; ${counted(good.sent)}`);
    if (!good.replaced) throw new NotSeen("it ends with 0, and the version before still runs");
    return `after ${seconds(good.taken.ms)}`;
  });
  const lost = good.sent.filter(one => one.lost);
  if (lost.length > 0 && lost.every(({ saw }) => saw === "timeout") && good.others > busyShare)
    await scene.steady("the machine has time for every request", async () => {
      throw new NotSeen(
        `${counted(good.sent)}, with other programs on ${Math.round(good.others * 100)} % of it: try again when it is calm`,
      );
    });
  await scene.alsoHolds("every request is answered", async () => {
    const also = broken.map(one => `; ${names[one.defect]}: ${counted(one.sent)}`).join("");
    try {
      return noneLost(good.sent);
    } catch (error) {
      throw error instanceof NotSeen ? new NotSeen(`${error.message}${also}`) : error;
    }
  });
  for (const { defect, sent } of broken)
    await scene.alsoHolds(`${names[defect]} takes no traffic`, async () => noneLost(sent));
  return undefined;
}

async function bring(
  { scene, front, apps, asked }: Stage,
  deploy: Deploy,
  release: number,
  defect: Defect,
): Promise<Brought> {
  const { lab } = scene;
  const { engine } = lab;
  const before = await running(lab, apps);
  let brought: Brought | undefined;
  const since = await momentOf(lab);
  await scene.disturb(`${deploy.title} brings in ${names[defect]}`, async () => {
    const traffic = startTraffic(lab, front, asked.kinds, asked.socket);
    try {
      await engine.sleep(1_000);
      const taken = await deploy.bring(release, defect).catch(cannotBe);
      // Long enough for the new one to have become ready, or for the proxy to have noticed.
      if (defect === "none" && taken.ok)
        await Promise.all(apps.map(name => lab.serves(name).catch(() => "")));
      await engine.sleep(defect === "none" ? quietMs : brokenMs);
      const sent = await traffic.end();
      const now = await running(lab, apps);
      const replaced = [...now].some(id => !before.has(id));
      const others = shares(since, await momentOf(lab))?.others ?? 0;
      brought = { defect, taken, sent, replaced, others };
      return `${taken.saw}, after ${seconds(taken.ms)}; ${counted(sent)}`;
    } finally {
      await traffic.end();
    }
  });
  return brought!;
}

function cannotBe(error: unknown): Taken {
  if (!(error instanceof NotSeen)) throw error;
  return { ok: false, saw: error.message, ms: 0, cannot: error.message };
}

/** A version before that does not come back is looked at by the lab before the next drill. */
function broughtBack(lab: Lab, apps: readonly string[]): Promise<string> {
  return restore(lab, apps).then(
    () => "it serves",
    error => {
      if (error instanceof NotSeen) return error.message;
      throw error;
    },
  );
}

async function anyProbed({ scene: { lab }, apps }: Stage): Promise<boolean> {
  const all = (await Promise.all(apps.map(lab.containers))).flat();
  return all.some(({ probe }) => probe !== undefined);
}
