import { type Lab, NotSeen, type Scene, type Started } from "../../core/drill.ts";
import type { ComposeObject, Container } from "../../core/engine.ts";
import { isStore } from "../../stack/query.ts";
import { momentOf, shares } from "../capacity/open-loop.ts";
import { type DrillStack, defineDrill } from "../drill.ts";
import { containerOf, seconds } from "../targets.ts";
import { passesOn } from "./passes-on.ts";

export default defineDrill({
  id: "boot/boots-healthy",
  title: "The stack starts from nothing, and again on its own data",
  claim: "boots-healthy",
  disturbs:
    "Starts the whole stack on empty volumes, stops it, starts it on what it has written, and with each store late; then asks through the front door.",
  targets: ({ project }) => (project.services.length === 0 ? [] : [{ subject: project.name, services: [] }]),
  async run(scene, _, stack) {
    const { lab } = scene;
    await scene.steady("the images are there", async () => {
      const there = Object.keys(lab.model.services);
      if (there.length === 0) throw whyMissing(lab);
      return `${there.length} services to start`;
    });
    let started: readonly Started[] = [];
    const before = await momentOf(lab);
    let others = 0;
    await scene.disturb("start from nothing", async () => {
      started = await lab.coldStart();
      others = shares(before, await momentOf(lab))?.others ?? 0;
      return `${started.filter(({ ok }) => ok).length} of ${started.length} services stand`;
    });
    if (started.some(({ ok }) => !ok)) await lab.calm();
    // On a busy machine, one that was only late is no defect of the stack.
    const late = started.filter(
      ({ ok, service, atWork }) => !ok && (atWork || (others > busyShare && lab.recovered.has(service))),
    );
    await scene.alsoHolds("every service starts", async () =>
      verdict(
        started.filter(one => !late.includes(one)),
        lab,
      ),
    );
    if (late.length > 0)
      scene.note(
        "later than its own limit",
        `${late.map(({ service }) => service).join(", ")}, with ${busyWith(others)}`,
      );
    // What has failed on empty volumes shows nothing on full ones.
    if (started.every(({ ok }) => ok)) await startAgain(scene, stack);
    await passesOn(scene, stack);
    await scene.steady("the machine had time for a start", async () => {
      if (late.length > 0) throw new NotSeen(`${late.map(lateWords).join("; ")}, with ${busyWith(others)}`);
      return busyWith(others);
    });
    const early = started.filter(one => one.early);
    if (early.length > 0)
      await scene.steady("every health check has passed", async () => {
        throw new NotSeen(early.map(({ service, saw }) => `${service}: ${saw}`).join(";\n"));
      });
    await scene.steady("nothing was left out", async () => {
      if (lab.missing.size > 0) throw whyMissing(lab);
      return "every service of the files was started";
    });
  },
});

function lateWords({ service, atWork, saw }: Started): string {
  return atWork ? `${service}: ${saw}` : `${service}: late`;
}

/** Others than the clone on more than this share of the machine make its times say little of the stack. */
const busyShare = 0.5;

function busyWith(others: number): string {
  return `other programs on ${Math.round(others * 100)} % of the machine`;
}

async function startAgain(scene: Scene, stack: DrillStack): Promise<void> {
  const { lab } = scene;
  const { engine, project } = lab;
  let started: readonly Started[] = [];
  await scene.disturb("take the containers away and start on the same volumes", async () => {
    await engine.down(project);
    started = await lab.warmStart();
    return `${started.filter(({ ok }) => ok).length} of ${started.length} services stand`;
  });
  const working = started.filter(({ atWork }) => atWork);
  if (working.length > 0)
    await scene.steady("the second start is over", async () => {
      throw new NotSeen(working.map(lateWords).join("; "));
    });
  await scene.holds("every service starts on existing data", async () => verdict(started));
  for (const late of lateStores(stack, lab)) await startLate(scene, late);
}

interface Late {
  readonly store: string;
  /** Services that Compose starts without waiting until the store is well. */
  readonly users: readonly string[];
  /** They, and all that can be started with them. */
  readonly beside: readonly string[];
}

/** Stores that some service uses without waiting for them. Where all wait, Compose itself keeps the order. */
function lateStores({ project }: DrillStack, { model }: Lab): Late[] {
  const services = Object.entries(model.services);
  const waits = (how: ComposeObject) => how["condition"] !== "service_started";
  return project.services.filter(isStore).flatMap(({ name: store }) => {
    if (!model.services[store]) return [];
    const held = new Set(
      services
        .filter(([, one]) => one.depends_on?.[store] && waits(one.depends_on[store]))
        .map(([name]) => name),
    );
    for (let before = -1; before !== held.size; ) {
      before = held.size;
      for (const [name, one] of services)
        if (Object.keys(one.depends_on ?? {}).some(other => held.has(other))) held.add(name);
    }
    const beside = services.map(([name]) => name).filter(name => name !== store && !held.has(name));
    const users = beside.filter(name => model.services[name]!.depends_on?.[store]);
    return users.length === 0 ? [] : [{ store, users, beside }];
  });
}

const lateMs = 15_000;

/** Starts a store that answers nothing for a while, and everything that does not wait for it. */
async function startLate(scene: Scene, { store, users, beside }: Late): Promise<void> {
  const { lab } = scene;
  const { engine, project } = lab;
  await scene.disturb(`start with ${store} late by ${lateMs / 1_000} s`, async () => {
    await engine.down(project);
    const first = await engine.up(project, { services: [store], alone: true });
    if (!first.ok) throw new NotSeen(first.words);
    await engine.freeze(await containerOf(lab, store), true);
    const rest = await engine.up(project, { services: beside, alone: true });
    if (!rest.ok) throw new NotSeen(rest.words);
    await engine.sleep(lateMs);
    const seen = await Promise.all(
      users.map(async name => `${name}: ${stateOf(await containerOf(lab, name))}`),
    );
    await engine.freeze(await containerOf(lab, store), false);
    return `${seen.join(", ")}; now it answers`;
  });
  await scene.steady(`${store} serves`, () => lab.serves(store));
  for (const name of users)
    await scene.holds(`${name} serves although ${store} was late`, async () => {
      const { state, exitCode, restartPolicy } = await containerOf(lab, name);
      if (state === "exited" && restartPolicy === "no" && exitCode !== 0)
        throw new NotSeen(`it ended with ${exitCode}, and nothing starts it again`);
      return lab.serves(name);
    });
  await lab.warmStart();
}

function stateOf({ state, restarts }: Container): string {
  return restarts > 0 ? `${state}, restarted ${restarts} times` : state;
}

/** `lab`: where it is the start that the other drills depend on, too. What began it is named first. */
function verdict(started: readonly Started[], lab?: Lab): string {
  const bad = started.filter(({ ok }) => !ok);
  if (bad.length > 0) {
    const held = lab ? bad.filter(({ service }) => lab.rootOf(service) !== service) : [];
    const own = bad.length > held.length ? bad.filter(one => !held.includes(one)) : bad;
    const words = own.map(({ service, saw }) => `${service}: ${saw}`);
    const names = held.map(({ service }) => service).join(", ");
    const more = own === bad || held.length === 0 ? "" : `;\nfor the same reasons: ${names}`;
    throw new NotSeen(`${words.join(";\n")}${more}`, lab && own[0]!.service);
  }
  const times = started
    .filter(({ ms }) => ms !== undefined)
    .map(({ service, ms }) => `${service} ${seconds(ms!)}`);
  return times.join(", ");
}

function whyMissing(lab: Lab): NotSeen {
  const names = [...lab.missing.keys()];
  const roots = [...new Set(names.map(lab.rootOf))];
  const whys = roots.map(name => lab.missing.get(name)?.split("\n").at(-1));
  return new NotSeen(`${names.join(", ")}: not in the lab, because ${whys.join("; ")}`, roots[0]);
}
